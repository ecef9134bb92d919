"""The changes that customers request of their bookings."""

import sqlalchemy as sa
from alembic import op

from lco.db.types import UtcDateTime

revision = "0007"
down_revision = "0006"

SENDING = sa.text("state = 'sending'")


def upgrade() -> None:
    op.create_table(
        "change_requests",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("booking_id", sa.Integer, nullable=False),
        sa.Column("key_digest", sa.String(64), nullable=False),
        sa.Column("date_from", sa.Date),
        sa.Column("date_to", sa.Date),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("refusal", sa.String(20)),
        sa.Column("sentence", sa.Text, nullable=False),
        sa.Column("until", UtcDateTime),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", UtcDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_change_requests"),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name="fk_change_requests_booking_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("key_digest", name="uq_change_requests_key_digest"),
    )
    op.create_index("ix_change_requests_booking_id", "change_requests", ["booking_id"])
    op.create_index("ix_change_requests_due_at", "change_requests", ["due_at"])
    op.create_index(
        "ix_change_requests_sending",
        "change_requests",
        ["booking_id"],
        unique=True,
        postgresql_where=SENDING,
        sqlite_where=SENDING,
    )
