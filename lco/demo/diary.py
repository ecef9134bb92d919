"""Which vehicle is taken on which days: the bookings, and the overlap rule."""

from collections import defaultdict
from datetime import date

from lco.demo.bookings import Booking, Stay
from lco.demo.refusals import UnknownBooking
from lco.demo.vehicles import Vehicle


class Diary:
    """All bookings by reference and by vehicle. It has no lock of its own: the inventory's guards it."""

    def __init__(self) -> None:
        self._bookings: dict[str, Booking] = {}
        self._by_vehicle: defaultdict[int, list[Booking]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._bookings)

    def enter(self, booking: Booking) -> None:
        self._bookings[booking.ref] = booking
        self._by_vehicle[booking.vehicle_id].append(booking)

    def booking(self, ref: str) -> Booking:
        """The booking with this reference; raises UnknownBooking."""
        try:
            return self._bookings[ref]
        except KeyError as missing:
            raise UnknownBooking(f"There is no booking {ref}.") from missing

    def all(self) -> list[Booking]:
        """Every booking, in the order in which they were made."""
        return list(self._bookings.values())

    def status(self, vehicle: Vehicle, today: date) -> str:
        """What a customer reads today: what a person has set, or reserved when a live booking covers today."""
        if vehicle.availability_status in ("rented", "reserved") or vehicle.out_of_service(today):
            return vehicle.availability_status
        covered = any(booking.stay.covers(today) for booking in self._live(vehicle))
        return "reserved" if covered else "available"

    def is_free(self, vehicle: Vehicle, stay: Stay, besides: Booking | None = None) -> bool:
        """Whether nothing stands in the way on any day of the stay; the booking `besides` does not count."""
        if vehicle.out_of_service(stay.start):
            return False
        others = (booking for booking in self._live(vehicle) if booking is not besides)
        return not any(booking.stay.overlaps(stay) for booking in others)

    def busy(self, vehicle: Vehicle, within: Stay) -> list[Stay]:
        """The parts of `within` in which the vehicle cannot be had, in order; they may touch or overlap."""
        stays = [booking.stay for booking in self._live(vehicle)]
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
        for booking in self._live(vehicle):
            if booking.stay.start > start:
                return start, booking.stay.start
            start = max(start, booking.stay.end)
        return start, None

    def _live(self, vehicle: Vehicle) -> list[Booking]:
        live = [booking for booking in self._by_vehicle.get(vehicle.id, ()) if booking.live]
        return sorted(live, key=lambda booking: booking.stay.start)
