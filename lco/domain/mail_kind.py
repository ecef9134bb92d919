"""The kinds of mail that a customer gets about a booking."""

from enum import StrEnum


class MailKind(StrEnum):
    """A mail about a booking, named like its folder of templates in `templates/email`."""

    RECEIVED = "received"
    BOOKED = "booked"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    CHANGED = "changed"
    PICKED_UP = "picked_up"
    RETURNED = "returned"
    LINK = "link"
    UNCHANGED = "unchanged"
