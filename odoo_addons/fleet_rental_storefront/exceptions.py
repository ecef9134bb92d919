"""The reasons for which a request of the website or of a customer is turned down, in words for people."""

import logging

from odoo.exceptions import UserError


class Refusal(UserError):
    """What a person should change before asking again.

    `code` names the reason for programs; `details` are further fields of the answer, `headers` its HTTP headers.
    """

    http_status = 400
    code = "invalid_field"
    loglevel = logging.INFO  # being turned down is no fault of the server

    def __init__(self, message, code=None, *, headers=None, **details):
        super().__init__(message)
        self.code = code or self.code
        self.headers = headers
        self.details = details


class Unauthorized(Refusal):
    http_status = 401
    code = "unauthorized"


class KeyRequired(Refusal):
    """The call is only there for a site with a key, and Odoo has none set."""

    http_status = 403
    code = "key_required"


class TooLate(Refusal):
    """The customer may not change the booking any more."""

    http_status = 403
    code = "too_late"


class VehicleUnknown(Refusal):
    http_status = 404
    code = "vehicle_not_found"


class BookingUnknown(Refusal):
    http_status = 404
    code = "booking_not_found"


class DatesTaken(Refusal):
    http_status = 409
    code = "not_available"


class StateConflict(Refusal):
    """The booking is over."""

    http_status = 409
    code = "state"


class VersionConflict(Refusal):
    """The booking was changed since the asker has read it."""

    http_status = 409
    code = "version"


class BookingDeleted(Refusal):
    http_status = 410
    code = "booking_deleted"


class CursorExpired(Refusal):
    """The changes after this cursor are not known: everything has to be read again."""

    http_status = 410
    code = "cursor_expired"


class UnsupportedMediaType(Refusal):
    http_status = 415
    code = "unsupported_media_type"


class KeyReused(Refusal):
    """The same Idempotency-Key came with another request."""

    http_status = 422
    code = "idempotency_key_reused"


class TooManyRequests(Refusal):
    http_status = 429
    code = "too_many_requests"
