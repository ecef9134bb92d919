"""Which event of Odoo's told each term of a booking, so that older ones fill in only what newer ones left out."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("bookings", sa.Column("told", sa.Text))
