"""The public events about a vehicle that has changed.

Source: docs/odoo-contract.md, section 3, `/api/events`.
"""

from lco.catalogue.snapshot import completed
from lco.changes.log import ChangeLog
from lco.changes.topics import EventType, vehicle_topic
from lco.domain.money import to_number
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
    """Whether the only difference is that longer rates and limits, which the list may leave out, became known."""
    return completed(before, after) == after


def public_payload(vehicle: Vehicle) -> dict[str, object]:
    """The public facts about a vehicle as plain JSON, prices as numbers; the same for every event type."""
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
    prices: dict[str, object] = {f"rental_price_{name}": to_number(m) for name, m in named.items() if m}
    currencies = {money.currency for money in named.values() if money}
    return {**prices, "currency": currencies.pop()} if currencies else prices


def publish_corrected(changes: ChangeLog, vehicle_id: int) -> None:
    """Have open pages render again what they show of the vehicle. The public stream does not carry it."""
    changes.append(vehicle_topic(vehicle_id), EventType.VEHICLE_CORRECTED, {"vehicle_id": vehicle_id})
