"""The errors between the site and its own records."""

from datetime import timedelta

from lco.errors import LcoError

RETRY_AFTER = timedelta(seconds=5)
"""The pause after which a client may come again: a statement that waits for a lock has been given up by then."""


class DatabaseUnavailable(LcoError):
    """The database could not be reached, was locked for too long, or is not migrated."""

    status = 503
    code = "store_unreachable"
    message = "We cannot read or keep bookings right now. Please try again in a moment, or call us."

    def __init__(self) -> None:
        super().__init__(retry_after=RETRY_AFTER)


class TransactionConflict(DatabaseUnavailable):
    """Two transactions stood in each other's way, and the database has ended this one. It may be run again."""
