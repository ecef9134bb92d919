"""Hand each event of Odoo's to the service that it concerns. Each handler may be called twice, or late."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from lco.domain.booking import BookingEvent
from lco.domain.money import to_price
from lco.domain.vehicle import Rates, Status
from lco.webhooks.event_types import WebhookType
from lco.webhooks.schemas import Event

Payload = Mapping[str, Any]
Reloads = Mapping[str, Callable[[], object]]
"""The functions that read the business's own facts again, by the type of event that announces new ones."""


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
class EventTargets:
    """The services that events are handed to."""

    catalogue: Catalogue
    bookings: Bookings
    reloads: Reloads = field(default_factory=dict)


def apply(targets: EventTargets, event: Event) -> bool:
    """Return True when a handler exists for the event. It was called then."""
    if event.payload is None:
        return False
    if event.booking:
        _booking(targets, event.type, event.booking)
    elif event.type in targets.reloads:
        targets.reloads[event.type]()
    else:
        HANDLERS[event.type](targets, event.payload)
    return True


def _booking(targets: EventTargets, event_type: str, event: BookingEvent) -> None:
    if event_type == WebhookType.BOOKING_CREATED:
        targets.bookings.on_created(event)
    else:
        targets.bookings.on_changed(event)


def hint(targets: EventTargets, event: Event) -> None:
    """Act on an event whose body has come before: a repetition, or a second event that reads the same.

    A vehicle is read from Odoo, which is right in both cases. A booking is left alone, as its terms would be old
    ones in the first case.
    """
    if event.payload and "vehicle_id" in event.payload and not event.booking:
        targets.catalogue.updated(event.payload["vehicle_id"])


def _availability_changed(targets: EventTargets, payload: Payload) -> None:
    targets.catalogue.status_changed(
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


def _maintenance(targets: EventTargets, payload: Payload) -> None:
    vehicle_id, flag, until = payload["vehicle_id"], payload["in_maintenance"], payload["maintenance_until"]
    if flag is None and until is None:
        targets.catalogue.updated(vehicle_id)
    else:
        targets.catalogue.maintenance_changed(vehicle_id, in_maintenance=flag is not False, until=until)


def _price_updated(targets: EventTargets, payload: Payload) -> None:
    amounts = [payload[f"rental_price_{period}"] for period in ("daily", "weekly", "monthly")]
    if payload["currency"] is None:
        # The currency is that of the record, which the catalogue learns from Odoo.
        targets.catalogue.updated(payload["vehicle_id"])
        return
    # Odoo writes 0 where there is no such rate. Whether one was taken away, the catalogue learns from Odoo.
    rates = Rates(*(to_price(amount, payload["currency"]) for amount in amounts))
    targets.catalogue.price_changed(payload["vehicle_id"], rates)


def _nothing(_targets: EventTargets, _payload: Payload) -> None:
    """Do nothing: no part of the site shows this change."""


HANDLERS: Mapping[str, Callable[[EventTargets, Payload], None]] = {
    WebhookType.AVAILABILITY_CHANGED: _availability_changed,
    WebhookType.VEHICLE_ADDED: lambda targets, payload: targets.catalogue.added(payload["vehicle_id"]),
    WebhookType.VEHICLE_UPDATED: lambda targets, payload: targets.catalogue.updated(payload["vehicle_id"]),
    WebhookType.VEHICLE_REMOVED: lambda targets, payload: targets.catalogue.removed(payload["vehicle_id"]),
    WebhookType.MAINTENANCE: _maintenance,
    WebhookType.PRICE_UPDATED: _price_updated,
    WebhookType.CALENDAR_UPDATED: _nothing,
    WebhookType.STOREFRONT_UPDATED: _nothing,
}
