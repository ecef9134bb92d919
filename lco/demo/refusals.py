"""The reasons for which the demo Odoo refuses a request, in words of the rental business."""

from collections.abc import Sequence
from datetime import datetime

from lco.demo.reasons import OF_THE_MACHINE, Reason, all_of


class Refusal(Exception):
    """The request was understood and turned down; `str()` of it is the message for people."""

    code = "refused"
    status = 400


class BadField(Refusal):
    """A field is missing or holds something that cannot be."""

    code = "invalid_field"


class UnknownVehicle(Refusal):
    """No such vehicle, or it was removed."""

    code = "vehicle_not_found"
    status = 404


class UnknownBooking(Refusal):
    """No booking carries this reference or this key."""

    code = "booking_not_found"
    status = 404


class DeletedBooking(Refusal):
    """The booking was there and was deleted."""

    code = "booking_deleted"
    status = 410


class NotBookable(Refusal):
    """The rules refuse these days: 409 when only the machine stands in the way, else 400."""

    code = "not_bookable"

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__(" ".join(reason.message for reason in reasons))
        self.reasons = list(reasons)


class DatesTaken(NotBookable):
    """Another booking, maintenance or a sale stands in the way of these dates."""

    code = "not_available"
    status = 409


class KeyRequired(Refusal):
    """Bookings can only be read once a key is set in Odoo."""

    code = "key_required"
    status = 403


class Unauthorized(Refusal):
    """The key is missing or wrong."""

    code = "unauthorized"
    status = 401


class KeyReused(Refusal):
    """The same Idempotency-Key came with another request."""

    code = "idempotency_key_reused"
    status = 422


class OtherVersion(Refusal):
    """The booking was changed meanwhile."""

    code = "version"
    status = 409


class OtherState(Refusal):
    """The booking is in a state in which this cannot be done."""

    code = "state"
    status = 409


class TooLate(Refusal):
    """Customers could change this booking until `until`, an aware instant."""

    code = "too_late"
    status = 403

    def __init__(self, until: datetime) -> None:
        super().__init__(f"This booking could be changed until {until:%Y-%m-%d %H:%M}. Please call us.")
        self.until = until


class CursorExpired(Refusal):
    """The cursor is of another epoch or too old: everything has to be read again."""

    code = "cursor_expired"
    status = 410


class NotJson(Refusal):
    """A writing call without a key takes application/json only."""

    code = "unsupported_media_type"
    status = 415


class TooMany(Refusal):
    """Too many writing calls from one client address; `seconds` until the next may come."""

    code = "too_many_requests"
    status = 429

    def __init__(self, seconds: int) -> None:
        super().__init__("Too many requests. Please try again later.")
        self.seconds = seconds


class WrongDateFormat(ValueError):
    """A date that is not YYYY-MM-DD, which the real Odoo is known to answer with 500.

    Source: docs/odoo-contract.md, section 1.
    """


def not_bookable(reasons: Sequence[Reason]) -> NotBookable:
    """The refusal for these reasons, of which there is at least one."""
    return (DatesTaken if all_of(reasons, OF_THE_MACHINE) else NotBookable)(reasons)
