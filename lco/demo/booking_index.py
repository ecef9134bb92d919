"""The bookings by vehicle and day, and the overlap rule."""

from collections import defaultdict
from datetime import date, timedelta

from lco.demo.bookings import Booking, Stay
from lco.demo.refusals import DeletedBooking, UnknownBooking
from lco.demo.vehicles import Vehicle


class BookingIndex:
    """All bookings by reference and by vehicle. It has no lock of its own: the inventory's guards it."""

    def __init__(self) -> None:
        self._bookings: dict[str, Booking] = {}
        self._by_vehicle: defaultdict[int, list[Booking]] = defaultdict(list)
        self._deleted: set[str] = set()
        self._last_id = 0

    def next_id(self) -> int:
        """An id that no booking had before."""
        self._last_id += 1
        return self._last_id

    def enter(self, booking: Booking) -> None:
        """Add a booking."""
        self._bookings[booking.ref] = booking
        self._by_vehicle[booking.vehicle_id].append(booking)

    def booking(self, ref: str) -> Booking:
        """The booking with this reference; raises DeletedBooking or UnknownBooking."""
        try:
            return self._bookings[ref]
        except KeyError as missing:
            if ref in self._deleted:
                raise DeletedBooking(f"The booking {ref} was deleted.") from missing
            raise UnknownBooking(f"There is no booking {ref}.") from missing

    def all(self) -> list[Booking]:
        """Every booking, in the order in which they were made."""
        return list(self._bookings.values())

    def remove(self, booking: Booking) -> None:
        """Delete the booking; its reference stays known as deleted."""
        del self._bookings[booking.ref]
        self._by_vehicle[booking.vehicle_id].remove(booking)
        self._deleted.add(booking.ref)

    def assign(self, booking: Booking, vehicle_id: int) -> None:
        """Give the booking another machine."""
        self._by_vehicle[booking.vehicle_id].remove(booking)
        booking.vehicle_id = vehicle_id
        self._by_vehicle[vehicle_id].append(booking)

    def status(self, vehicle: Vehicle, today: date) -> str:
        """The status that a customer reads today: the one set by staff, else the one that bookings give."""
        if vehicle.availability_status in ("rented", "reserved") or vehicle.out_of_service(today):
            return vehicle.availability_status
        if any(booking.state == "picked_up" for booking in self._holding(vehicle.id)):
            return "rented"
        kept = (stay for stay in self._held(vehicle, today) if stay.covers(today))
        before = timedelta(days=vehicle.buffer_days)
        return "reserved" if any(stay.start + before <= today for stay in kept) else "available"

    def is_free(self, vehicle: Vehicle, stay: Stay, today: date) -> bool:
        """True when no booking, no maintenance and no sale is in the way of the stay."""
        return not vehicle.out_of_service(stay.start) and not self.is_taken(vehicle, stay, today)

    def is_taken(self, vehicle: Vehicle, stay: Stay, today: date, besides: Booking | None = None) -> bool:
        """True when a booking other than `besides` stands in the way of the stay and the buffer around it."""
        return any(held.overlaps(stay) for held in self._held(vehicle, today, besides))

    def busy(self, vehicle: Vehicle, within: Stay, today: date) -> list[Stay]:
        """The parts of `within` in which the vehicle cannot be had, in order; they may touch or overlap."""
        stays = self._held(vehicle, today)
        if vehicle.out_of_service(within.start):
            stays.insert(0, Stay(within.start, vehicle.maintenance_until or within.end))
        return [
            Stay(max(stay.start, within.start), min(stay.end, within.end))
            for stay in stays
            if stay.overlaps(within)
        ]

    def next_free(self, vehicle: Vehicle, today: date) -> tuple[date | None, date | None]:
        """The first free range from today on, half-open: None for an end that is open, twice None for never."""
        start = today
        if vehicle.out_of_service(today):
            if vehicle.maintenance_until is None:
                return None, None
            start = vehicle.maintenance_until
        for stay in self._held(vehicle, today):
            if stay.start > start:
                return start, stay.start
            start = max(start, stay.end)
        return start, None

    def _holding(self, vehicle_id: int) -> list[Booking]:
        return [booking for booking in self._by_vehicle.get(vehicle_id, ()) if booking.holds_days]

    def _held(self, vehicle: Vehicle, today: date, besides: Booking | None = None) -> list[Stay]:
        """The days on which the vehicle cannot go out for its bookings, in order.

        The buffer lies on both sides: a rental that ends before a booking needs it as well.
        """
        others = [booking.held(today) for booking in self._holding(vehicle.id) if booking is not besides]
        buffer = timedelta(days=vehicle.buffer_days)
        stays = [Stay(held.start - buffer, held.end + buffer) for held in others]
        return sorted(stays, key=lambda stay: stay.start)
