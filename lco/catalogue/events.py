"""What to tell the world about a vehicle that is no longer as it was (contract section 3, `/api/events`)."""

from dataclasses import replace

from lco.changes.topics import EventType
from lco.domain.vehicle import Rates, Status, Vehicle


def event_type(before: Vehicle | None, after: Vehicle | None) -> EventType:
    """The public event type for one difference."""
    if after is None:
        return EventType.VEHICLE_REMOVED
    if before is None:
        return EventType.VEHICLE_ADDED
    if before.status is not after.status and Status.MAINTENANCE in {before.status, after.status}:
        return EventType.MAINTENANCE_STATUS
    if (before.status, before.back_on) != (after.status, after.back_on):
        return EventType.AVAILABILITY_CHANGED
    return EventType.PRICE_UPDATED if before.rates != after.rates else EventType.VEHICLE_UPDATED


def is_completion(before: Vehicle, after: Vehicle) -> bool:
    """Whether nothing happened but that the rates which the list does not tell became known."""
    longer = Rates(before.rates.daily, after.rates.weekly, after.rates.monthly)
    return before.rates.weekly is before.rates.monthly is None and replace(before, rates=longer) == after


def public_payload(vehicle: Vehicle) -> dict[str, object]:
    """What is public about a vehicle, whatever happened to it: plain JSON, prices as numbers."""
    return {
        "vehicle_id": vehicle.id,
        "vehicle_name": vehicle.name,
        "category": vehicle.category,
        "availability_status": vehicle.status.value,
        "available_from": vehicle.back_on and vehicle.back_on.isoformat(),
        **_prices(vehicle.rates),
    }


def _prices(rates: Rates) -> dict[str, object]:
    named = {"daily": rates.daily, "weekly": rates.weekly, "monthly": rates.monthly}
    prices: dict[str, object] = {f"rental_price_{name}": float(m.amount) for name, m in named.items() if m}
    return {**prices, "currency": rates.daily.currency} if rates.daily else prices
