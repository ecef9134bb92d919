"""Wishes to be told when a machine becomes free."""

import sqlalchemy as sa
from alembic import op

from lco.db.types import UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "wishes",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("vehicle_id", sa.Integer, nullable=False),
        sa.Column("vehicle_name", sa.Text, nullable=False),
        sa.Column("date_from", sa.Date, nullable=False),
        sa.Column("date_to", sa.Date, nullable=False),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("ending", sa.String(20)),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("turn_ends_at", UtcDateTime),
        sa.Column("message", sa.String(20)),
        sa.Column("message_due_at", UtcDateTime),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_wishes"),
        sa.UniqueConstraint("token", name="uq_wishes_token"),
    )
    op.create_index(
        "ix_wishes_vehicle_id_state_date_from_date_to", "wishes", ["vehicle_id", "state", "date_from", "date_to"]
    )
    op.create_index("ix_wishes_state_date_from", "wishes", ["state", "date_from"])
    op.create_index("ix_wishes_email", "wishes", ["email"])
    op.create_index("ix_wishes_turn_ends_at", "wishes", ["turn_ends_at"])
    op.create_index("ix_wishes_message_due_at", "wishes", ["message_due_at"])
