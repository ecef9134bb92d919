"""Errors between the site and Odoo, by what is certain after each of them."""

from collections.abc import Mapping
from datetime import UTC, datetime

from lco.errors import OdooError, OdooUnavailable


class OutcomeUnknown(OdooError):
    """The request was sent and no usable answer came back: it is not known whether Odoo acted on it."""

    status = 502
    code = "upstream_outcome_unknown"
    message = "Our booking system did not confirm in time. We are checking; please do not book again."


class OdooLimits(OdooUnavailable):
    """429: Odoo takes no more calls for now, and has done nothing (docs/odoo-contract.md, section 4.1)."""

    code = "upstream_limits"


class KeyRefused(OdooUnavailable):
    """401: Odoo wants another API key, and has done nothing (docs/odoo-contract.md, section 4.1)."""

    code = "upstream_key"


class OdooRefused(OdooError):
    """Odoo answered with an error of its own; `upstream_status` is its HTTP status, `details` its fields."""

    def __init__(
        self, message: str | None = None, *, upstream_status: int, details: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message, retry_after=None)
        self.upstream_status = upstream_status
        self.details = details or {}


class VehicleUnknown(OdooRefused):
    """404: no such vehicle, or it is not published."""

    status = 404
    code = "not_found"
    message = "We do not have a machine with this number."


class DatesRefused(OdooRefused):
    """409: the dates are taken."""

    status = 409
    code = "dates_taken"
    message = "These dates have just been taken."


class BookingInvalid(OdooRefused):
    """400: Odoo found a field missing or wrong; the message is Odoo's own sentence for people."""

    status = 400
    code = "invalid_booking"


class KeyRequired(OdooRefused):
    """403: Odoo has no API key set, so it shows no bookings."""

    code = "key_required"


class RecordDeleted(OdooRefused):
    """410: the booking was deleted, or the cursor of the changes feed has expired."""

    code = "record_deleted"


class BookingMoved(OdooRefused):
    """409 `version` or `state`: the booking was changed since it was read, or it is over."""

    status = 409
    code = "version"


class ChangeTooLate(OdooRefused):
    """403 `too_late`: its customer cannot change the booking any more."""

    code = "too_late"

    @property
    def until(self) -> datetime | None:
        """The instant until which it could be changed. Returns None when Odoo does not say."""
        return instant(self.details.get("until"))


class CallUnknown(OdooRefused):
    """404 without the envelope, or an answer of another kind: Odoo does not have this call of newer modules."""

    code = "call_unknown"


def instant(value: object) -> datetime | None:
    """The instant that `value` writes (RFC 3339; UTC where it names no zone). Returns None when it writes none."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at.replace(tzinfo=at.tzinfo or UTC) if at else None
