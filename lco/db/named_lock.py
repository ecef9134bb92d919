"""Locks by name that a transaction holds until it ends, beside those of rows."""

from sqlalchemy import Connection, bindparam, func, select

LOCK = select(func.pg_advisory_xact_lock(func.hashtext(bindparam("name"))))


def lock_name(connection: Connection, name: str) -> None:
    """Wait until no other transaction holds `name`, and hold it until this one ends.

    On PostgreSQL transactions run side by side. SQLite has one writer anyway, so nothing is locked there.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(LOCK, {"name": name})
