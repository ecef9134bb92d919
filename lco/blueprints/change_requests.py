"""The common part of changing a booking by form and by JSON: the check, the limit, one call of the service."""

from lco import clock
from lco.availability.rules import Reasons
from lco.bookings.errors import ChangeTooLate, PriceChanged
from lco.domain.booking import Booking
from lco.domain.change import ChangeQuote, ChangeRequest, WantedChange
from lco.domain.date_range import DateRange
from lco.domain.money import Money
from lco.errors import InvalidInput
from lco.web import rate_limits
from lco.web.clients import client_address
from lco.web.extensions import current_services

SAME_FIRST_DAY = "You have it already, so the first day stays. Choose another day to bring it back."
ANY_PRICE = "any"
SAME_DAYS = "These are the days that you have. Choose other days."


def change(booking: Booking, wanted: WantedChange, key: str, shown: Money | str | None) -> ChangeRequest:
    """Return the request; see `BookingChanges.request`. Only a new one is checked and counts towards the limit.

    `shown` is the price that the customer saw, None for "no price", ANY_PRICE when none was shown.

    Raises PriceChanged when it is another one now, InvalidInput and NotRentable for days that cannot be had.
    """
    services, client = current_services(), client_address()

    def check() -> None:
        if wanted.days:
            _check_days(booking, wanted.days, shown)
        rate_limits.BOOKINGS.hit(client)

    return services.bookings.changes.request(booking, wanted, key, check)


def quote(booking: Booking, days: DateRange) -> ChangeQuote:
    """The price of the booking with `days`.

    Raises InvalidInput when the machine is out and has another first day, ChangeTooLate for what is not out yet.
    """
    own = booking.request.days
    if booking.picked_up_on and days.start != own.start:
        raise InvalidInput({"date_from": [SAME_FIRST_DAY]})
    if days == own:
        raise InvalidInput({"date_to": [SAME_DAYS]})
    quoted = current_services().bookings.changes.quote(booking, days)
    if not booking.picked_up_on and quoted.until and quoted.until < clock.now():
        raise ChangeTooLate(quoted.until)
    return quoted


def obstacles(booking: Booking, quoted: ChangeQuote) -> Reasons:
    """The reasons against the days of `quoted`, by the rules and by Odoo."""
    services = current_services()
    vehicle = services.catalogue.with_limits(booking.request.vehicle_id)
    return services.rules.check_change(vehicle, booking.request.days, quoted.then.days, quoted.then)


def _check_days(booking: Booking, days: DateRange, shown: Money | str | None) -> None:
    services = current_services()
    quoted = quote(booking, days)
    vehicle = services.catalogue.with_limits(booking.request.vehicle_id)
    services.rules.require_change(vehicle, booking.request.days, days, quoted.then)
    if shown not in {ANY_PRICE, quoted.then.total}:
        raise PriceChanged
