"""Publish the steps of bookings in the change log after their commit. The log is public: nothing personal."""

import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

from lco import metrics
from lco.bookings import states
from lco.bookings.repository import Step
from lco.bookings.terms import days_of
from lco.changes.log import ChangeLog
from lco.changes.topics import FOREIGN_BOOKINGS, EventType, booking_topic, vehicle_topic
from lco.domain.booking import Booking, BookingEvent
from lco.domain.date_range import DateRange


class Availability(Protocol):
    """The part of the availability that bookings need: see `lco.availability.service.Availability`."""

    def invalidate(self, vehicle_id: int) -> None:
        """Ask Odoo anew for the free days of the vehicle."""


class Catalogue(Protocol):
    """The part of the catalogue that publishing needs: see `lco.catalogue.service.Catalogue`."""

    def invalidate(self, vehicle_id: int) -> None:
        """Read the vehicle and its free days anew before they are shown."""


class BookingPublisher:
    """Appends to the change log, and invalidates the availability when days were taken or set free."""

    def __init__(self, availability: Availability, catalogue: Catalogue, changes: ChangeLog) -> None:
        self._availability = availability
        self._catalogue = catalogue
        self._changes = changes
        self._lock = threading.Lock()
        self._published: list[int] = []

    def publish(self, step: Step) -> None:
        """Publish a committed step."""
        booking, kind = step.booking, step.kind
        if kind != EventType.BOOKING_MODIFIED:
            metrics.bookings.labels(booking.state.value).inc()
        data = {"booking_ref": booking.reference, **_rented(booking.request.vehicle_id, booking.request.days)}
        self._changes.append(booking_topic(booking.id), kind, {} if kind == EventType.BOOKING_CHANGED else data)
        if kind in states.OCCUPANCY or step.vehicle_before:
            self._occupancy(booking.request.vehicle_id, booking.vehicle_name, booking.request.days)
        if step.vehicle_before:
            self._occupancy(step.vehicle_before, None, None)
        if step.number is not None:
            with self._lock:
                self._published.append(step.number)

    def change_settled(self, booking_id: int) -> None:
        """A change request has got its outcome, or has none for now: the booking's page shows it."""
        self._changes.append(booking_topic(booking_id), EventType.BOOKING_CHANGED)

    def take_published(self) -> Sequence[int]:
        """The audit numbers published since the last call, for the database to note."""
        with self._lock:
            numbers, self._published = self._published, []
        return numbers

    def claim(self, change_id: int) -> bool:
        """Whether this process is to publish the step with this audit number, which every process finds."""
        return self._changes.claim(f"step:{change_id}")

    def foreign(self, event: BookingEvent) -> None:
        """Publish an event about a booking that was made in Odoo itself."""
        kind = states.event_type(event.state) if event.state else EventType.BOOKING_MODIFIED
        days = days_of(event)
        data = {"booking_ref": event.reference, **_rented(event.vehicle_id, days)}
        self._changes.append(FOREIGN_BOOKINGS, kind, data)
        if event.vehicle_id is not None and event.vehicle_name is not None:
            self._occupancy(event.vehicle_id, event.vehicle_name, days)

    def refused(self, booking: Booking) -> None:
        """Odoo says that the days are taken: the vehicle and the days that the site knows are out of date."""
        # The vehicle as well: it may be sold or in maintenance, and its webhook lost or still on the way.
        self._catalogue.invalidate(booking.request.vehicle_id)

    def _occupancy(self, vehicle_id: int, name: str | None, days: DateRange | None) -> None:
        # Invalidated before it is published: a reader that follows the publication must see the new state.
        self._availability.invalidate(vehicle_id)
        data = {**({"vehicle_name": name} if name else {}), **_rented(vehicle_id, days)}
        self._changes.append(vehicle_topic(vehicle_id), EventType.AVAILABILITY_CHANGED, data)


def _rented(vehicle_id: int | None, days: DateRange | None) -> Mapping[str, object]:
    data: dict[str, object] = {} if vehicle_id is None else {"vehicle_id": vehicle_id}
    if days:
        data |= {"date_from": days.start.isoformat(), "date_to": days.end.isoformat()}
    return data
