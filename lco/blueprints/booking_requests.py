"""The common part of booking by form and by JSON: the limits for each client, and one call of the service."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from flask import Response, request
from werkzeug.exceptions import HTTPException

from lco.bookings.schemas import parse_booking
from lco.domain.agreement import Agreement
from lco.domain.booking import Booking, BookingRequest
from lco.domain.rental import ReasonCode
from lco.errors import BadRequest, DatesTaken, InvalidInput, KeyReused, NotRentable, OdooError
from lco.web import rate_limits, request_log
from lco.web.clients import client_address
from lco.web.extensions import current_services

NOT_AGREED = "Please read the rental terms and tick the box."
OTHER_TERMS = (
    "These are not the rental terms as they are now. Read the machine again and show its new terms first."
)
TERMS_CHANGED = "The rental terms have changed. Please read them again and tick the box."


def booking_of(token: str) -> Booking:
    """Return the booking behind a secret link, and note its numbers in the log. Raises NotFound."""
    return request_log.note_booking(current_services().bookings.service.by_token(token))


def parse_request(values: Mapping[str, object]) -> BookingRequest:
    """Return what `values` ask for. Raises InvalidInput."""
    return parse_booking(values)


def place(wanted: BookingRequest, key: str, agreed: Callable[[], Agreement | None]) -> Booking:
    """Return the booking; see `BookingService.place`. Only a new request is checked and counts towards the limit.

    `agreed` returns the rental terms that the customer agrees to, or raises InvalidInput.

    Raises InvalidInput for days that have to be changed, and NotRentable for a machine that cannot be had on these
    days for another reason than a booking.
    """
    services, client = current_services(), client_address()

    def check() -> Agreement | None:
        agreement = agreed()
        services.rules.require(services.catalogue.with_limits(wanted.vehicle_id), wanted.days)
        rate_limits.BOOKINGS.hit(client)
        return agreement

    try:
        return request_log.note_booking(services.bookings.service.place(wanted, key, check))
    except DatesTaken as error:
        raise _true_reason(wanted) or error from error


def ticked_terms(vehicle_id: int) -> Agreement | None:
    """Return the terms that the form agrees to. Returns None when it has shown none, or they cannot be read now.

    Raises InvalidInput when the box is not ticked, or the terms are other ones by now. A form that names none was
    shown before the machine had terms, or was not made by this site.
    """
    if "terms" not in request.form:
        return None
    try:
        agreement = current_services().terms(vehicle_id)
    except OdooError:
        return None
    if agreement:
        _require_tick(agreement)
    return agreement


def named_terms(vehicle_id: int, digest: object) -> Agreement | None:
    """Return the rental terms that an API client names by their digest. Returns None when it names none.

    Raises InvalidInput when that is not the digest of the terms as they are now.
    """
    if digest is None:
        return None
    agreement = current_services().terms(vehicle_id)
    if agreement is None or digest != agreement.digest:
        raise InvalidInput({"terms_digest": [OTHER_TERMS]})
    return agreement


def _require_tick(agreement: Agreement) -> None:
    if request.form.get("terms") != agreement.digest:
        raise InvalidInput({"agree": [TERMS_CHANGED]})
    if f"agree-{agreement.digest}" not in request.form:
        raise InvalidInput({"agree": [NOT_AGREED]})


def _true_reason(wanted: BookingRequest) -> NotRentable | None:
    """The reason of Odoo's refusal, if it is no booking: the machine was sold or is in maintenance.

    Returns None when it is a booking, and when Odoo cannot be read.
    """
    services = current_services()
    try:
        vehicle = services.catalogue.details(wanted.vehicle_id).vehicle
        reasons = services.rules.check(vehicle, wanted.days, services.availability.quote(vehicle.id, wanted.days))
    except OdooError:
        return None
    others = [reason for reason in reasons if reason.code in {ReasonCode.IN_MAINTENANCE, ReasonCode.NOT_FOR_RENT}]
    return NotRentable(others[0].code, others[0].sentence) if others else None


@contextmanager
def count_refusals() -> Iterator[None]:
    """Within the block, what is refused because of what was sent counts; too much of it is TooManyRequests."""
    try:
        yield
    except (InvalidInput, KeyReused, BadRequest, HTTPException):
        rate_limits.REFUSED.hit(client_address())
        raise


def add_limit_headers(response: Response) -> Response:
    """The answer with what the client may still do; after each request that tried to book."""
    if request.method == "POST":
        response.headers.update(rate_limits.BOOKINGS.headers(client_address()))
    return response
