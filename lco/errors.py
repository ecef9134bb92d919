"""The tree of errors, each with its HTTP status, its code for API clients and a sentence for people."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from marshmallow import ValidationError

from lco.domain.rental import ReasonCode

SOON = timedelta(seconds=10)
"""The pause before a failing Odoo is asked again."""


class LcoError(Exception):
    """The root. `code` is for API clients, `message` for people; both are public."""

    status = 500
    code = "internal_error"
    message = "Something went wrong on our side. Please try again, or call us."

    def __init__(self, message: str | None = None, *, retry_after: timedelta | None = None) -> None:
        self.message = message or self.message
        self.retry_after = retry_after
        super().__init__(self.message)


class InvalidInput(LcoError):
    """422: the input cannot be used; `fields` maps the name of a field to the sentences about it."""

    status = 422
    code = "invalid_input"
    message = "Please check the fields below."

    def __init__(self, fields: Mapping[str, Sequence[str]], message: str | None = None) -> None:
        super().__init__(message)
        self.fields = {name: list(sentences) for name, sentences in fields.items()}


def sentences(error: ValidationError) -> dict[str, list[str]]:
    """Marshmallow's messages as sentences by field; nested messages belong to their outermost field."""
    found = error.messages if isinstance(error.messages, dict) else {"": error.messages}
    return {str(name): list(map(str, said if isinstance(said, list) else [said])) for name, said in found.items()}


class NotFound(LcoError):
    """404: no page, vehicle or booking is found under this address or number."""

    status = 404
    code = "not_found"
    message = "Check the link, or browse our equipment."


class Gone(LcoError):
    """410: the vehicle was for rent once."""

    status = 410
    code = "gone"
    message = "We no longer rent out this machine."


class Forbidden(LcoError):
    """403: the request came from a page of another site."""

    status = 403
    code = "forbidden"
    message = "This request did not come from our own pages, so it was refused."


class Unauthorized(LcoError):
    """401: a signature or token is missing or wrong."""

    status = 401
    code = "unauthorized"
    message = "The signature is missing or wrong."


class BadRequest(LcoError):
    """400: the request itself cannot be read."""

    status = 400
    code = "bad_request"
    message = "The request could not be understood."


class TooLarge(LcoError):
    """413: the body is longer than the route accepts."""

    status = 413
    code = "too_large"
    message = "The request is larger than we accept."


class RequestTimeout(LcoError):
    """408: the body of the request did not come in time."""

    status = 408
    code = "request_timeout"
    message = "The request did not arrive in time. Please try again."


class DatesTaken(LcoError):
    """409: another booking has the machine on some of these days."""

    status = 409
    code = "dates_taken"
    message = "These dates have just been taken."


class NotRentable(LcoError):
    """The machine cannot be had on these days, and other customers are not the reason.

    `code` is the code of the reason (docs/odoo-contract.md, section 4.2).
    """

    status = 409

    def __init__(self, code: ReasonCode, message: str) -> None:
        super().__init__(message)
        self.code = code.value


class KeyReused(LcoError):
    """The idempotency key belongs to another request (draft-ietf-httpapi-idempotency-key-header-07, 2.7)."""

    status = 422
    code = "idempotency_key_reused"
    message = "This form was already used for another booking. Please reload the page and try again."


class TooManyRequests(LcoError):
    """429: the client has used up a limit; `retry_after` says when it may come back."""

    status = 429
    code = "too_many_requests"
    message = "Too many attempts. Please wait a little, or call us."

    def __init__(self, retry_after: timedelta) -> None:
        minutes = -(-retry_after // timedelta(minutes=1))
        when = "in a minute" if minutes <= 1 else f"in {minutes} minutes"
        super().__init__(f"Too many attempts. Try again {when}, or call us.", retry_after=retry_after)


class TooBusy(LcoError):
    """503: no slot is left for another stream."""

    status = 503
    code = "too_busy"
    message = "We are very busy right now. Please try again in a moment."


class OdooError(LcoError):
    """The root of all failures of Odoo; the other subclasses live in `lco.odoo.errors`."""

    status = 503
    code = "upstream_error"
    message = "Our booking system gave an answer we could not use. Please try again, or call us."

    def __init__(self, message: str | None = None, *, retry_after: timedelta | None = SOON) -> None:
        super().__init__(message, retry_after=retry_after)


class OdooUnavailable(OdooError):
    """Odoo was certainly not reached: refused, no such host, time-out while connecting, or breaker open."""

    status = 503
    code = "upstream_unreachable"
    message = "Our booking system is not answering right now. Please try again in a moment, or call us."
