"""When bookings and deliveries are looked after next, what became of deliveries, and an audit that only grows."""

import sqlalchemy as sa
from alembic import op

from lco.db.types import UtcDateTime

revision = "0002"
down_revision = "0001"

ONLY_ADDED_TO = "booking_changes is only ever added to"


def upgrade() -> None:
    op.add_column("bookings", sa.Column("tries", sa.Integer, nullable=False, server_default="0"))
    op.add_column("bookings", sa.Column("due_at", UtcDateTime))
    op.create_index("ix_bookings_due_at", "bookings", ["due_at"])
    # What was kept in requested before was told to the customer as not placed: it must not be placed now.
    op.execute("UPDATE bookings SET due_at = changed_at WHERE state IN ('placing', 'checking')")
    for name, kind in (("subject", sa.String(120)), ("digest", sa.String(64)), ("result", sa.String(100))):
        op.add_column("deliveries", sa.Column(name, kind, nullable=False, server_default=""))
    op.add_column("deliveries", sa.Column("tries", sa.Integer, nullable=False, server_default="0"))
    op.add_column("deliveries", sa.Column("due_at", UtcDateTime))
    op.create_index("ix_deliveries_subject_received_at", "deliveries", ["subject", "received_at"])
    op.create_index("ix_deliveries_received_at", "deliveries", ["received_at"])
    op.create_index("ix_deliveries_due_at", "deliveries", ["due_at"])
    _refuse_changes_of_the_audit(op.get_bind().dialect.name)


def _refuse_changes_of_the_audit(dialect: str) -> None:
    if dialect == "postgresql":
        op.execute(
            "CREATE FUNCTION booking_changes_stay() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{ONLY_ADDED_TO}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER booking_changes_stay BEFORE UPDATE OR DELETE ON booking_changes "
            "FOR EACH ROW EXECUTE FUNCTION booking_changes_stay()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER booking_changes_stay_{verb.lower()} BEFORE {verb} ON booking_changes "
            f"BEGIN SELECT RAISE(ABORT, '{ONLY_ADDED_TO}'); END"
        )
