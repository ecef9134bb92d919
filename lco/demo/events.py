"""The events that Odoo sends to the site when something changes (docs/odoo-contract.md, sections 2 and 4.5)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from lco import clock
from lco.demo.bookings import Booking
from lco.demo.vehicles import VIEWS, Vehicle

PRICES = ("rental_price_daily", "rental_price_weekly", "rental_price_monthly", "currency")
TOLD_OTHERWISE = {
    *(*PRICES, "availability_status", "maintenance_until", "version", "picture", "picture_version"),
    *("published", "buffer_days"),
    *("view_count", "inquiry_count", "booking_count"),
}
OLD_TERMS = ("vehicle_id", "date_from", "date_to", "total_amount", "currency")
STEPS_OF_VERSION_1 = {"booking.created", "booking.modified", "booking.confirmed", "booking.cancelled"}


def plain(value: Any) -> Any:
    """The value as Odoo's JSON has it: numbers for Decimals, ISO 8601 for days and times, `false` for nothing."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    return False if value is None or value == "" else value


@dataclass(frozen=True)
class Event:
    """One change of one record.

    `kind` is vehicle, booking, calendar or storefront, `id` the vehicle's number or the booking's reference.
    `payload` is sent in both versions, `terms` only in version 2. Without `pushed`, the event is only a row of
    the changes feed.
    """

    event_type: str
    kind: str
    id: int | str | None
    version: int
    payload: Mapping[str, Any] = field(default_factory=dict)
    terms: Mapping[str, Any] = field(default_factory=dict)
    deleted: bool = False
    pushed: bool = True
    at: datetime = field(default_factory=clock.now)

    @property
    def record(self) -> str:
        """The record that the event is about, for people and for the order of deliveries."""
        return f"{self.kind} {self.id}" if self.id else self.kind

    def body(self, contract: int, *, terms: bool = True) -> dict[str, Any] | None:
        """The JSON of a webhook in this version of the contract. Returns None when there is none."""
        if not self.pushed:
            return None
        if contract == 1:
            return self._body_of_version_1()
        stamp = {"version": self.version, "at": plain(self.at)}
        return {"event_type": self.event_type, **self.payload, **(self.terms if terms else {}), **stamp}

    def _body_of_version_1(self) -> dict[str, Any] | None:
        if self.kind == "booking" and self.event_type not in STEPS_OF_VERSION_1:
            return None
        if self.kind not in ("booking", "vehicle"):
            return None
        if self.kind == "vehicle" or "changes" not in self.payload:
            return {"event_type": self.event_type, **self.payload}
        changes = {name: value for name, value in self.payload["changes"].items() if name in OLD_TERMS}
        return {"event_type": self.event_type, **self.payload, "changes": changes} if changes else None


def terms_of(booking: Booking) -> dict[str, Any]:
    """The terms of a booking, named as in the API."""
    return {
        "vehicle_id": booking.vehicle_id,
        "date_from": plain(booking.stay.start),
        "date_to": plain(booking.stay.end),
        "total_amount": plain(booking.total_amount),
        "currency": booking.currency,
        "booking_type": booking.booking_type,
        "pickup_location": plain(booking.pickup_location),
        "return_location": plain(booking.return_location),
        "customer_name": booking.customer.name,
        "customer_email": booking.customer.email,
        "customer_phone": booking.customer.phone,
    }


def booking_created(booking: Booking) -> Event:
    """The event of a new booking."""
    said = ("vehicle_id", "customer_email", "date_from", "date_to", "total_amount", "currency")
    terms = terms_of(booking)
    return _of_booking("booking.created", booking, **{name: terms[name] for name in said})


def booking_modified(booking: Booking, before: Mapping[str, Any]) -> Event:
    """The terms that differ from those before. A price goes with its currency."""
    changes = {name: value for name, value in terms_of(booking).items() if value != before[name]}
    if "total_amount" in changes:
        changes["currency"] = booking.currency
    return _of_booking("booking.modified", booking, changes=changes)


def booking_step(booking: Booking) -> Event:
    """The event of the state that the booking has reached."""
    return _of_booking(f"booking.{booking.state}", booking)


def booking_cancelled(booking: Booking) -> Event:
    """The event of a cancellation, with its reason."""
    return _of_booking("booking.cancelled", booking, cancellation_reason=booking.cancellation_reason)


def booking_deleted(booking: Booking, *, pushed: bool) -> Event:
    """A deletion is a cancellation with a mark for the changes feed; only that of a live booking is pushed."""
    return replace(booking_cancelled(booking), deleted=True, pushed=pushed)


def _of_booking(event_type: str, booking: Booking, **payload: Any) -> Event:
    names = ("vehicle_id", "date_from", "date_to", "total_amount", "currency")
    terms = {"state": booking.state, **{name: terms_of(booking)[name] for name in names}}
    said = {"booking_ref": booking.ref, **{name: plain(value) for name, value in payload.items()}}
    return Event(event_type, "booking", booking.ref, booking.version, said, terms)


def availability_changed(
    vehicle: Vehicle, status: str, free: tuple[date | None, date | None], booking_ref: str | None
) -> Event:
    """`free` is the next free range; an open end and a missing reference go out as `false`."""
    return _of_vehicle(
        "vehicle.availability_changed",
        vehicle,
        availability_status=status,
        available_from=free[0],
        available_to=free[1],
        booking_ref=booking_ref,
    )


def vehicle_added(vehicle: Vehicle) -> Event:
    """The event of a new machine."""
    return _of_vehicle("vehicle.added", vehicle, name=vehicle.name, category=vehicle.category)


def vehicle_removed(vehicle: Vehicle) -> Event:
    """The event of a machine that is rented out no longer."""
    return replace(_of_vehicle("vehicle.removed", vehicle), deleted=True)


def vehicle_changes(before: Vehicle, after: Vehicle) -> Iterator[Event]:
    """One event for each kind of change between the two: price, maintenance, everything else."""
    changed = {
        field.name for field in fields(Vehicle) if getattr(before, field.name) != getattr(after, field.name)
    }
    if changed.intersection(PRICES):
        yield _of_vehicle("price.updated", after, **{name: getattr(after, name) for name in PRICES})
    if "maintenance_until" in changed or before.in_maintenance != after.in_maintenance:
        yield _maintenance(after)
    changes = {name: plain(getattr(after, name)) for name in sorted(changed - TOLD_OTHERWISE)}
    if "picture" in changed:
        changes["images"] = len(VIEWS)
    if changes:
        yield _of_vehicle("vehicle.updated", after, changes=changes)


def calendar_updated(version: int) -> Event:
    """The event of other opening hours or closed days."""
    return Event("calendar.updated", "calendar", None, version)


def storefront_updated(version: int) -> Event:
    """The event of another name, logo or text of the business."""
    return Event("storefront.updated", "storefront", None, version)


def _maintenance(vehicle: Vehicle) -> Event:
    return _of_vehicle(
        "vehicle.maintenance",
        vehicle,
        in_maintenance=vehicle.in_maintenance,
        maintenance_until=vehicle.maintenance_until,
    )


def _of_vehicle(event_type: str, vehicle: Vehicle, **payload: Any) -> Event:
    said = {"vehicle_id": vehicle.id, **{name: plain(value) for name, value in payload.items()}}
    return Event(event_type, "vehicle", vehicle.id, vehicle.version, said)
