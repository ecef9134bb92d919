"""Hand each event of Odoo's to the service that it concerns. Each handler may be called twice, or late."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from lco.domain.booking import BookingEvent
from lco.domain.money import to_price
from lco.domain.vehicle import Rates, Status
from lco.webhooks.schemas import Event

Payload = Mapping[str, Any]


class Catalogue(Protocol):
    """The catalogue, which asks Odoo itself after each event: see `lco.catalogue.service.Catalogue`."""

    def status_changed(
        self, vehicle_id: int, status: Status | None, back_on: date | None, data: Mapping[str, object]
    ) -> None:
        """The status of a vehicle has changed."""

    def maintenance_changed(self, vehicle_id: int, *, in_maintenance: bool, until: date | None) -> None:
        """Maintenance has begun, ended or moved."""

    def price_changed(self, vehicle_id: int, rates: Rates) -> None:
        """The rates have changed."""

    def updated(self, vehicle_id: int) -> None:
        """Other facts have changed."""

    def added(self, vehicle_id: int) -> None:
        """A vehicle is for rent now."""

    def removed(self, vehicle_id: int) -> None:
        """A vehicle is for rent no longer."""


class Bookings(Protocol):
    """The bookings: see `lco.bookings.odoo_events.OdooBookingEvents`."""

    def on_created(self, event: BookingEvent) -> None:
        """A booking was made."""

    def on_changed(self, event: BookingEvent) -> None:
        """A booking was changed."""


@dataclass(frozen=True, slots=True)
class Services:
    """The services that events are handed to."""

    catalogue: Catalogue
    bookings: Bookings
    reloads: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    """The functions that read Odoo again after events about the business itself, by the type of event."""


def apply(services: Services, event: Event) -> bool:
    """Return True when a handler exists for the event. It was called then."""
    if event.payload is None:
        return False
    if event.booking:
        _booking(services, event.type, event.booking)
    elif event.type in services.reloads:
        services.reloads[event.type]()
    else:
        HANDLERS[event.type](services, event.payload)
    return True


def _booking(services: Services, event_type: str, event: BookingEvent) -> None:
    if event_type == "booking.created":
        services.bookings.on_created(event)
    else:
        services.bookings.on_changed(event)


def hint(services: Services, event: Event) -> None:
    """Act on an event whose body has come before: a repetition, or a second event that reads the same.

    A vehicle is read from Odoo, which is right in both cases. A booking is left alone, as its terms would be old
    ones in the first case.
    """
    if event.payload and "vehicle_id" in event.payload and not event.booking:
        services.catalogue.updated(event.payload["vehicle_id"])


def _availability_changed(services: Services, payload: Payload) -> None:
    services.catalogue.status_changed(
        payload["vehicle_id"], _status(payload["availability_status"]), payload["available_from"], _said(payload)
    )


def _status(text: str | None) -> Status | None:
    """The status. Returns None for one that this site does not know: Odoo is asked anyway."""
    return Status(text) if text in set(Status) else None


def _said(payload: Payload) -> dict[str, object]:
    """The availability in the event, as it may be shown in public."""
    names = ("availability_status", "available_from", "available_to")
    given = ((name, payload[name]) for name in names if payload[name] is not None)
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in given}


def _maintenance(services: Services, payload: Payload) -> None:
    vehicle_id, flag, until = payload["vehicle_id"], payload["in_maintenance"], payload["maintenance_until"]
    if flag is None and until is None:
        services.catalogue.updated(vehicle_id)
    else:
        services.catalogue.maintenance_changed(vehicle_id, in_maintenance=flag is not False, until=until)


def _price_updated(services: Services, payload: Payload) -> None:
    amounts = [payload[f"rental_price_{period}"] for period in ("daily", "weekly", "monthly")]
    if payload["currency"] is None:
        # The currency is that of the record, which the catalogue learns from Odoo.
        services.catalogue.updated(payload["vehicle_id"])
        return
    # Odoo writes 0 where there is no such rate. Whether one was taken away, the catalogue learns from Odoo.
    rates = Rates(*(to_price(amount, payload["currency"]) for amount in amounts))
    services.catalogue.price_changed(payload["vehicle_id"], rates)


def _nothing(_services: Services, _payload: Payload) -> None:
    """Do nothing: no part of the site shows this change."""


HANDLERS: Mapping[str, Callable[[Services, Payload], None]] = {
    "vehicle.availability_changed": _availability_changed,
    "vehicle.added": lambda services, payload: services.catalogue.added(payload["vehicle_id"]),
    "vehicle.updated": lambda services, payload: services.catalogue.updated(payload["vehicle_id"]),
    "vehicle.removed": lambda services, payload: services.catalogue.removed(payload["vehicle_id"]),
    "vehicle.maintenance": _maintenance,
    "price.updated": _price_updated,
    "calendar.updated": _nothing,
    "storefront.updated": _nothing,
}
