"""The reasons for which a request of a customer is turned down, in words for people."""

import logging

from odoo.exceptions import UserError


class Refusal(UserError):
    """What a person should change before asking again; `code` names it for programs."""

    http_status = 400
    code = "invalid_field"
    loglevel = logging.INFO  # being turned down is no fault of the server


class Unauthorized(Refusal):
    http_status = 401
    code = "unauthorized"


class VehicleUnknown(Refusal):
    http_status = 404
    code = "vehicle_not_found"


class DatesTaken(Refusal):
    http_status = 409
    code = "not_available"


class KeyReused(Refusal):
    """The same Idempotency-Key came with another request."""

    http_status = 422
    code = "idempotency_key_reused"
