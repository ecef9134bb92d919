"""Bookings with their changes, early news, and webhook deliveries."""

import sqlalchemy as sa
from alembic import op

from lco.db.types import DecimalText, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "bookings",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("key_digest", sa.String(64), nullable=False),
        sa.Column("request_digest", sa.String(64), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("refusal", sa.String(20)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("vehicle_id", sa.Integer, nullable=False),
        sa.Column("vehicle_name", sa.Text, nullable=False),
        sa.Column("date_from", sa.Date, nullable=False),
        sa.Column("date_to", sa.Date, nullable=False),
        sa.Column("customer_name", sa.Text, nullable=False),
        sa.Column("customer_email", sa.String(320), nullable=False),
        sa.Column("customer_phone", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("pickup_location", sa.Text, nullable=False),
        sa.Column("return_location", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("reference", sa.String(100)),
        sa.Column("odoo_id", sa.BigInteger),
        sa.Column("odoo_message", sa.Text, nullable=False),
        sa.Column("total_amount", DecimalText),
        sa.Column("total_currency", sa.String(10)),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("changes", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bookings"),
        sa.UniqueConstraint("token", name="uq_bookings_token"),
        sa.UniqueConstraint("key_digest", name="uq_bookings_key_digest"),
    )
    op.create_index("ix_bookings_vehicle_id_state", "bookings", ["vehicle_id", "state"])
    op.create_index("ix_bookings_reference", "bookings", ["reference"])
    op.create_table(
        "booking_changes",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("booking_id", sa.Integer, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("actor", sa.String(20), nullable=False),
        sa.Column("from_state", sa.String(20)),
        sa.Column("to_state", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_booking_changes"),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name="fk_booking_changes_booking_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_booking_changes_booking_id", "booking_changes", ["booking_id"])
    op.create_table(
        "early_news",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("reference", sa.String(100), nullable=False),
        sa.Column("vehicle_id", sa.Integer),
        sa.Column("email_digest", sa.String(64)),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("state", sa.String(20)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("date_from", sa.Date),
        sa.Column("date_to", sa.Date),
        sa.Column("total_amount", DecimalText),
        sa.Column("total_currency", sa.String(10)),
        sa.PrimaryKeyConstraint("id", name="pk_early_news"),
    )
    op.create_index("ix_early_news_reference", "early_news", ["reference"])
    op.create_index("ix_early_news_email_digest", "early_news", ["email_digest"])
    op.create_index("ix_early_news_received_at", "early_news", ["received_at"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("endpoint", sa.String(20), nullable=False),
        sa.Column("event_type", sa.String(100), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("applied_at", UtcDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
    )
