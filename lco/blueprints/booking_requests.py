"""What booking by form and by JSON have in common: the limits for each client, and one call of the service."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from flask import Response, request
from werkzeug.exceptions import HTTPException

from lco import clock
from lco.bookings.schemas import parse_booking
from lco.domain.booking import Booking, BookingRequest
from lco.errors import BadRequest, InvalidInput, KeyReused
from lco.web import rate_limits
from lco.web.clients import client_address
from lco.web.extensions import current_services


def parse_request(values: Mapping[str, object]) -> BookingRequest:
    """What `values` ask for, from today's point of view. Raises InvalidInput."""
    return parse_booking(values, clock.today(current_services().settings.timezone))


def place(wanted: BookingRequest, key: str) -> Booking:
    """The booking; see `BookingService.place`. Only a new request counts towards the limit, and it counts once."""
    client = client_address()
    return current_services().bookings.service.place(wanted, key, lambda: rate_limits.BOOKINGS.hit(client))


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
