"""What each event of Odoo's means to the shop: event type -> function. Each may be called twice, or late."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from lco.domain.date_range import DateRange
from lco.domain.money import Money
from lco.domain.vehicle import Rates, Status
from lco.webhooks import schemas
from lco.webhooks.schemas import Event

Payload = Mapping[str, Any]


class Catalogue(Protocol):
    """What events tell the catalogue, which then asks Odoo itself: see `lco.catalogue.service.Catalogue`."""

    def status_changed(
        self, vehicle_id: int, status: Status | None, back_on: date | None, data: Mapping[str, object]
    ) -> None: ...

    def maintenance_changed(self, vehicle_id: int, *, in_maintenance: bool, until: date | None) -> None: ...

    def price_changed(self, vehicle_id: int, rates: Rates) -> None: ...

    def updated(self, vehicle_id: int) -> None: ...

    def added(self, vehicle_id: int) -> None: ...

    def removed(self, vehicle_id: int) -> None: ...


class Bookings(Protocol):
    """What events tell the bookings: see `lco.bookings.service.Bookings`."""

    def on_created(
        self,
        reference: str,
        vehicle_id: int | None,
        email: str | None,
        days: DateRange | None,
        total: Money | None,
    ) -> None: ...

    def on_confirmed(self, reference: str) -> None: ...

    def on_cancelled(self, reference: str, reason: str) -> None: ...

    def on_modified(self, reference: str, days: DateRange | None, total: Money | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Services:
    """Who is told of events."""

    catalogue: Catalogue
    bookings: Bookings


def apply(services: Services, event: Event) -> bool:
    """Whether the event was one that its endpoint knows; if so, it has been handed to whom it concerns."""
    if event.payload is None:
        return False
    HANDLERS[event.type](services, event.payload)
    return True


def _availability_changed(services: Services, payload: Payload) -> None:
    services.catalogue.status_changed(
        payload["vehicle_id"], _status(payload["availability_status"]), payload["available_from"], _said(payload)
    )


def _status(text: str | None) -> Status | None:
    """The status, or None for one that this site has never heard of: Odoo is asked anyway."""
    return Status(text) if text in set(Status) else None


def _said(payload: Payload) -> dict[str, object]:
    """What the event said of availability, as it may be shown in public."""
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
    # Odoo writes 0 where there is no such rate. Whether one was taken away, the catalogue learns from Odoo.
    amounts = (payload[f"rental_price_{period}"] for period in ("daily", "weekly", "monthly"))
    rates = Rates(*(Money(amount, payload["currency"]) if amount else None for amount in amounts))
    services.catalogue.price_changed(payload["vehicle_id"], rates)


def _created(services: Services, payload: Payload) -> None:
    services.bookings.on_created(
        payload["booking_ref"],
        payload["vehicle_id"],
        payload["customer_email"],
        schemas.date_range(payload),
        schemas.total(payload),
    )


def _modified(services: Services, payload: Payload) -> None:
    terms = schemas.parse_terms(payload["changes"])
    services.bookings.on_modified(payload["booking_ref"], schemas.date_range(terms), schemas.total(terms))


HANDLERS: Mapping[str, Callable[[Services, Payload], None]] = {
    "booking.created": _created,
    "booking.confirmed": lambda services, payload: services.bookings.on_confirmed(payload["booking_ref"]),
    "booking.cancelled": lambda services, payload: services.bookings.on_cancelled(
        payload["booking_ref"], payload["cancellation_reason"]
    ),
    "booking.modified": _modified,
    "vehicle.availability_changed": _availability_changed,
    "vehicle.added": lambda services, payload: services.catalogue.added(payload["vehicle_id"]),
    "vehicle.updated": lambda services, payload: services.catalogue.updated(payload["vehicle_id"]),
    "vehicle.removed": lambda services, payload: services.catalogue.removed(payload["vehicle_id"]),
    "vehicle.maintenance": _maintenance,
    "price.updated": _price_updated,
}
