"""What the tests of the contract ask for: machines, days far from every booking of the start, and bookings."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from lco import clock
from lco.domain.booking import BookingRequest
from lco.domain.date_range import DateRange
from lco.domain.money import Money

ZONE = ZoneInfo("America/Chicago")
SNOW_BLOWER, SKID_STEER, RENTED, CHAINSAW, IN_MAINTENANCE = 1, 2, 6, 7, 11
EMAIL = "contract@example.com"


def dollars(amount: int) -> Money:
    return Money(Decimal(amount), "USD")


def ahead(first: int, length: int) -> DateRange:
    """Days that begin `first` days from now."""
    start = clock.today(ZONE) + timedelta(days=first)
    return DateRange(start, start + timedelta(days=length))


FREE = ahead(60, 4)


def booking(**changes: object) -> BookingRequest:
    request = BookingRequest(
        vehicle_id=SNOW_BLOWER,
        days=FREE,
        name="Ada Müller",
        email=EMAIL,
        phone="+12185550142",
        kind="reservation",
        pickup_location="yard",
        return_location="home",
        message="Häuser & <Höfe>",
    )
    return replace(request, **changes)
