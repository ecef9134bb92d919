"""How far the changes feed of Odoo has been read."""

import sqlalchemy as sa
from alembic import op

from lco.db.types import UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "feed_cursors",
        sa.Column("feed", sa.String(20), nullable=False),
        sa.Column("cursor", sa.Text, nullable=False),
        sa.Column("read_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("feed", name="pk_feed_cursors"),
    )
