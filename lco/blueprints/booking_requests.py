"""What booking by form and by JSON have in common: the limits for each client, and one call of the service."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from flask import Response, request
from werkzeug.exceptions import HTTPException

from lco import clock
from lco.bookings.schemas import read
from lco.domain.booking import Booking, BookingRequest
from lco.errors import BadRequest, InvalidInput, KeyReused
from lco.web import rate_limits as limits
from lco.web.extensions import client_address, shop


def asked_for(values: Mapping[str, object]) -> BookingRequest:
    """What `values` ask for, from today's point of view. Raises InvalidInput."""
    return read(values, clock.today(shop().settings.timezone))


def placed(wanted: BookingRequest, key: str) -> Booking:
    """The booking; see `Bookings.place`. Only a new request counts towards the limit, and it counts once."""
    client = client_address()
    return shop().bookings.place(wanted, key, lambda: limits.BOOKINGS.take(client))


@contextmanager
def refusals_counted() -> Iterator[None]:
    """Within the block, what is refused because of what was sent counts; too much of it is TooManyRequests."""
    try:
        yield
    except (InvalidInput, KeyReused, BadRequest, HTTPException):
        limits.REFUSED.take(client_address())
        raise


def tell_limit(response: Response) -> Response:
    """The answer with what the client may still do; after each request that tried to book."""
    if request.method == "POST":
        response.headers.update(limits.BOOKINGS.headers(client_address()))
    return response
