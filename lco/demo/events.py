"""What Odoo tells the site when something changes: the events of contract section 2, as they go over the wire."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

from lco.demo.bookings import Booking
from lco.demo.vehicles import Vehicle

Event = dict[str, Any]

PRICES = ("rental_price_daily", "rental_price_weekly", "rental_price_monthly", "currency")
TOLD_OTHERWISE = {*PRICES, "availability_status", "maintenance_until", "view_count", "booking_count"}


def plain(value: Any) -> Any:
    """The value as Odoo's JSON has it: numbers for Decimals, YYYY-MM-DD for days, `false` for nothing."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date):
        return value.isoformat()
    return False if value is None or value == "" else value


def booking_created(booking: Booking) -> Event:
    return _event(
        "booking.created",
        booking_ref=booking.ref,
        vehicle_id=booking.vehicle_id,
        customer_email=booking.customer.email,
        date_from=booking.stay.start,
        date_to=booking.stay.end,
        total_amount=booking.total_amount,
        currency=booking.currency,
    )


def booking_confirmed(booking: Booking) -> Event:
    return _event("booking.confirmed", booking_ref=booking.ref)


def booking_cancelled(booking: Booking) -> Event:
    return _event("booking.cancelled", booking_ref=booking.ref, cancellation_reason=booking.cancellation_reason)


def booking_modified(booking: Booking) -> Event:
    changes = {
        "date_from": plain(booking.stay.start),
        "date_to": plain(booking.stay.end),
        "total_amount": plain(booking.total_amount),
    }
    return _event("booking.modified", booking_ref=booking.ref, changes=changes)


def availability_changed(
    vehicle_id: int, status: str, free: tuple[date | None, date | None], booking_ref: str | None
) -> Event:
    """`free` is the next free range; an open end and a missing reference go out as `false`."""
    return _event(
        "vehicle.availability_changed",
        vehicle_id=vehicle_id,
        availability_status=status,
        available_from=free[0],
        available_to=free[1],
        booking_ref=booking_ref,
    )


def vehicle_added(vehicle: Vehicle) -> Event:
    return _event("vehicle.added", vehicle_id=vehicle.id, name=vehicle.name, category=vehicle.category)


def vehicle_removed(vehicle_id: int) -> Event:
    return _event("vehicle.removed", vehicle_id=vehicle_id)


def vehicle_changes(before: Vehicle, after: Vehicle) -> Iterator[Event]:
    """One event for each kind of change between the two: price, maintenance, everything else."""
    changed = {
        field.name for field in fields(Vehicle) if getattr(before, field.name) != getattr(after, field.name)
    }
    if changed.intersection(PRICES):
        yield _price_updated(after)
    if "maintenance_until" in changed or before.in_maintenance != after.in_maintenance:
        yield _maintenance(after)
    others = sorted(changed - TOLD_OTHERWISE)
    if others:
        changes = {name: plain(getattr(after, name)) for name in others}
        yield _event("vehicle.updated", vehicle_id=after.id, changes=changes)


def _price_updated(vehicle: Vehicle) -> Event:
    prices = {name: getattr(vehicle, name) for name in PRICES}
    return _event("price.updated", vehicle_id=vehicle.id, **prices)


def _maintenance(vehicle: Vehicle) -> Event:
    return _event(
        "vehicle.maintenance",
        vehicle_id=vehicle.id,
        in_maintenance=vehicle.in_maintenance,
        maintenance_until=vehicle.maintenance_until,
    )


def _event(event_type: str, **payload: Any) -> Event:
    return {"event_type": event_type, **{name: plain(value) for name, value in payload.items()}}
