"""What can go wrong between the site and its own records."""

from lco.errors import LcoError


class DatabaseUnavailable(LcoError):
    """The database could not be reached, was locked for too long, or is not migrated."""

    status = 503
    code = "store_unreachable"
    message = "We cannot read or keep bookings right now. Please try again in a moment, or call us."


class TransactionConflict(DatabaseUnavailable):
    """Two transactions stood in each other's way, and the database has ended this one. It may be run again."""
