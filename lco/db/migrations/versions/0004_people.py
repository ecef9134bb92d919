"""Indexes for what one person holds and is written, and an audit whose reasons may be emptied."""

from alembic import op

revision = "0004"
down_revision = "0003"

ONLY_ADDED_TO = "booking_changes is only ever added to"
KEPT = ("id", "booking_id", "at", "actor", "from_state", "to_state")


def upgrade() -> None:
    op.create_index("ix_bookings_state_date_to", "bookings", ["state", "date_to"])
    op.create_index("ix_mails_written_at", "mails", ["written_at"])
    if op.get_bind().dialect.name == "postgresql":
        new, old = (", ".join(f"{row}.{name}" for name in KEPT) for row in ("NEW", "OLD"))
        op.execute(
            "CREATE OR REPLACE FUNCTION booking_changes_stay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF TG_OP = 'UPDATE' AND NEW.reason = '' AND ({new}) IS NOT DISTINCT FROM ({old}) THEN RETURN NEW; END IF; "
            f"RAISE EXCEPTION '{ONLY_ADDED_TO}'; END $$"
        )
        return
    same = " AND ".join(f'NEW."{name}" IS OLD."{name}"' for name in KEPT)
    op.execute("DROP TRIGGER booking_changes_stay_update")
    op.execute(
        "CREATE TRIGGER booking_changes_stay_update BEFORE UPDATE ON booking_changes "
        f"WHEN NOT (NEW.reason = '' AND {same}) BEGIN SELECT RAISE(ABORT, '{ONLY_ADDED_TO}'); END"
    )
