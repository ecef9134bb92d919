"""The outbox of mails."""

import sqlalchemy as sa
from alembic import op

from lco.db.types import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "mails",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("booking_id", sa.Integer, nullable=False),
        sa.Column("message", sa.String(20), nullable=False),
        sa.Column("changes", sa.Integer, nullable=False),
        sa.Column("snapshot", sa.Text, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("problem", sa.String(200), nullable=False),
        sa.Column("written_at", UtcDateTime, nullable=False),
        sa.Column("settled_at", UtcDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_mails"),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name="fk_mails_booking_id", ondelete="CASCADE"),
        sa.UniqueConstraint("booking_id", "message", "changes", name="uq_mails_booking_id_message_changes"),
    )
    op.create_index("ix_mails_state_due_at", "mails", ["state", "due_at"])
