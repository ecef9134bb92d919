"""The one check behind booking, availability and the list's dates (docs/odoo-contract.md, section 4.2)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from lco.demo.booking_index import BookingIndex
from lco.demo.bookings import Booking, Stay
from lco.demo.business import Business
from lco.demo.reasons import OF_ANY_DAYS, Reason
from lco.demo.vehicles import Vehicle

FOR_RENT = ("rental", "both")


class Rules:
    """The check with the settings and the bookings of one instant; `now` is in the business's time zone."""

    def __init__(self, business: Business, bookings: BookingIndex, now: datetime) -> None:
        self._calendar = business.calendar
        self._bookings = bookings
        self._now = now

    def reasons(self, vehicle: Vehicle, stay: Stay, besides: Booking | None = None) -> list[Reason]:
        """Every obstacle to this rental; none when it can be booked.

        `besides` is the booking to be changed: its own days are no obstacle, and a first day that stays is agreed.
        """
        first_day_is_agreed = besides is not None and besides.stay.start == stay.start
        return [
            *_length(vehicle, stay),
            *(() if first_day_is_agreed else self._first_day(stay)),
            *self._return_day(stay),
            *self._machine(vehicle, stay, besides),
        ]

    def next_free(self, vehicle: Vehicle, stay: Stay) -> Stay | None:
        """The next range of the same length that can be booked, not before this one. Returns None without one."""
        if any(reason.code in OF_ANY_DAYS for reason in self.reasons(vehicle, stay)):
            return None
        start = max(stay.start, self._calendar.earliest(self._now))
        latest = self._calendar.latest(self._now.date())
        ranges = (stay.moved_to(start + timedelta(days=later)) for later in range((latest - start).days + 1))
        return next((later for later in ranges if not self.reasons(vehicle, later)), None)

    def _first_day(self, stay: Stay) -> Iterator[Reason]:
        calendar = self._calendar
        earliest = calendar.earliest(self._now)
        if stay.start < earliest:
            yield Reason("too_soon", f"The first day can be {earliest} or later.", calendar.lead_days)
        if stay.start > calendar.latest(self._now.date()):
            message = f"The first day can be at most {calendar.horizon_days} days ahead."
            yield Reason("too_far", message, calendar.horizon_days)
        if not calendar.is_open(stay.start):
            yield Reason("closed_start", f"We are closed on {stay.start}, so no rental can begin then.")

    def _return_day(self, stay: Stay) -> Iterator[Reason]:
        if not self._calendar.is_open(stay.end):
            yield Reason("closed_return", f"We are closed on {stay.end}, so nothing can be returned then.")

    def _machine(self, vehicle: Vehicle, stay: Stay, besides: Booking | None) -> Iterator[Reason]:
        if not _is_for_rent(vehicle):
            yield Reason("not_for_rent", "This machine is not available for rent.")
        elif vehicle.out_of_service(stay.start):
            yield Reason("in_maintenance", "The machine is not available on these dates: it is in maintenance.")
        if self._bookings.is_taken(vehicle, stay, self._now.date(), besides):
            yield Reason("taken", "The machine is not available on these dates.")


def _is_for_rent(vehicle: Vehicle) -> bool:
    is_sold = vehicle.availability_status == "sold"
    return vehicle.published and not is_sold and vehicle.listing_type in FOR_RENT


def _length(vehicle: Vehicle, stay: Stay) -> Iterator[Reason]:
    shortest, longest = vehicle.minimum_rental_days, vehicle.maximum_rental_days
    if stay.days < shortest:
        yield Reason("too_short", f"The shortest rental of this machine is {shortest} days.", shortest)
    if stay.days > longest:
        yield Reason("too_long", f"The longest rental of this machine is {longest} days.", longest)
