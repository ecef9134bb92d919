"""What the rest of the site is told of a booking's step, once it is committed: public, so nothing personal."""

from collections.abc import Mapping
from typing import Protocol

from lco import metrics
from lco.bookings import states
from lco.bookings.mapping import BookingEvent
from lco.changes.log import ChangeLog
from lco.changes.topics import FOREIGN_BOOKINGS, EventType, booking_topic, vehicle_topic
from lco.domain.booking import Booking
from lco.domain.date_range import DateRange


class Availability(Protocol):
    """What bookings tell the availability: see `lco.availability.service.Availability`."""

    def invalidate(self, vehicle_id: int) -> None: ...


class BookingPublisher:
    """Tells the change log, and the availability when days were taken or set free."""

    def __init__(self, availability: Availability, changes: ChangeLog) -> None:
        self._availability = availability
        self._changes = changes

    def step(self, booking: Booking, kind: EventType) -> None:
        """`booking` has taken the step that the change log calls `kind`."""
        if kind != EventType.BOOKING_MODIFIED:
            metrics.bookings.labels(booking.state.value).inc()
        data = {"booking_ref": booking.reference, **_rented(booking.request.vehicle_id, booking.request.days)}
        self._changes.append(booking_topic(booking.id), kind, {} if kind == EventType.BOOKING_CHANGED else data)
        if kind in states.OCCUPANCY:
            self._occupancy(booking.request.vehicle_id, booking.vehicle_name, booking.request.days)

    def claim(self, change_id: int) -> bool:
        """Whether this process is to announce the step with this number in the audit, where all read it."""
        return self._changes.claim(f"step:{change_id}")

    def foreign(self, reference: str, news: BookingEvent, vehicle: tuple[int, str | None] | None = None) -> None:
        """Odoo tells of a booking that was not made here; `vehicle` is its id and, if known, its name."""
        vehicle_id, name = vehicle or (None, None)
        kind = states.event_type(news.state) if news.state else EventType.BOOKING_MODIFIED
        self._changes.append(FOREIGN_BOOKINGS, kind, {"booking_ref": reference, **_rented(vehicle_id, news.days)})
        if vehicle_id is not None and name is not None:
            self._occupancy(vehicle_id, name, news.days)

    def refused(self, booking: Booking) -> None:
        """Odoo says that the days are taken, so what the site knows of them is old."""
        self._availability.invalidate(booking.request.vehicle_id)

    def _occupancy(self, vehicle_id: int, name: str, days: DateRange | None) -> None:
        # Forgotten before it is announced: whoever looks because of the announcement must see the new state.
        self._availability.invalidate(vehicle_id)
        data = {"vehicle_name": name, **_rented(vehicle_id, days)}
        self._changes.append(vehicle_topic(vehicle_id), EventType.AVAILABILITY_CHANGED, data)


def _rented(vehicle_id: int | None, days: DateRange | None) -> Mapping[str, object]:
    data: dict[str, object] = {} if vehicle_id is None else {"vehicle_id": vehicle_id}
    if days:
        data |= {"date_from": days.start.isoformat(), "date_to": days.end.isoformat()}
    return data
