"""Versions and terms of bookings as Odoo tells them, and which steps were published."""

import sqlalchemy as sa
from alembic import op

from lco.db.types import UtcDateTime

revision = "0005"
down_revision = "0004"

ONLY_ADDED_TO = "booking_changes is only ever added to"
KEPT = ("id", "booking_id", "at", "actor", "from_state", "to_state")


def upgrade() -> None:
    op.add_column("bookings", sa.Column("version", sa.BigInteger))
    op.add_column("bookings", sa.Column("odoo_at", UtcDateTime))
    op.add_column("bookings", sa.Column("picked_up_on", sa.Date))
    op.add_column("bookings", sa.Column("returned_on", sa.Date))
    op.add_column("early_news", sa.Column("terms", sa.Text))
    op.create_index("ix_deliveries_digest", "deliveries", ["digest"])
    # The release before this one publishes its own steps, and knows nothing of the column.
    op.add_column("booking_changes", sa.Column("published", sa.Boolean, nullable=False, server_default=sa.true()))
    op.create_index(
        "ix_booking_changes_unpublished",
        "booking_changes",
        ["id"],
        postgresql_where=sa.text("NOT published"),
        sqlite_where=sa.text("NOT published"),
    )
    _let_published_be_set(op.get_bind().dialect.name)


def _let_published_be_set(dialect: str) -> None:
    """Of a row of the audit only `published` may be set and the reason be emptied."""
    if dialect == "postgresql":
        new, old = (", ".join(f"{row}.{name}" for name in KEPT) for row in ("NEW", "OLD"))
        op.execute(
            "CREATE OR REPLACE FUNCTION booking_changes_stay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF TG_OP = 'UPDATE' AND NEW.reason IN ('', OLD.reason) "
            f"AND ({new}) IS NOT DISTINCT FROM ({old}) THEN RETURN NEW; END IF; "
            f"RAISE EXCEPTION '{ONLY_ADDED_TO}'; END $$"
        )
        return
    same = " AND ".join(f'NEW."{name}" IS OLD."{name}"' for name in KEPT)
    op.execute("DROP TRIGGER booking_changes_stay_update")
    op.execute(
        "CREATE TRIGGER booking_changes_stay_update BEFORE UPDATE ON booking_changes "
        f"WHEN NOT (NEW.reason IN ('', OLD.reason) AND {same}) BEGIN SELECT RAISE(ABORT, '{ONLY_ADDED_TO}'); END"
    )
