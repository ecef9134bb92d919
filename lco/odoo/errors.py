"""Errors between the site and Odoo, by what is certain after each of them."""

from lco.errors import OdooError


class OutcomeUnknown(OdooError):
    """The request was sent and no usable answer came back: it is not known whether Odoo acted on it."""

    status = 502
    code = "upstream_outcome_unknown"
    message = "Our booking system did not confirm in time. We are checking; please do not book again."


class OdooRefused(OdooError):
    """Odoo answered with an error of its own; `upstream_status` is its HTTP status."""

    def __init__(self, message: str | None = None, *, upstream_status: int) -> None:
        super().__init__(message, retry_after=None)
        self.upstream_status = upstream_status


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


class CallUnknown(OdooRefused):
    """404 without the envelope, or an answer of another kind: Odoo does not have this call of newer modules."""

    code = "call_unknown"
