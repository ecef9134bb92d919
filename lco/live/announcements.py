"""The sentences of the polite status line: a change in words (WCAG 2.2, 4.1.3)."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from lco.changes.log import Change
from lco.changes.topics import BOOKING_EVENT_TYPES, EventType, is_booking_topic
from lco.domain.date_text import format_date_short
from lco.domain.money import Money

CAUGHT_UP = "Updated to the latest."

Data = Mapping[str, object]

STATES = {
    "available": "available now",
    "reserved": "now reserved",
    "rented": "now rented out",
    "maintenance": "now in maintenance",
    "sold": "sold",
}


def sentence(change: Change) -> str | None:
    """Return the sentence about `change` for a page that shows it. Returns None for a change without one."""
    to_sentence = SENTENCES.get(change.kind)
    # A booking is mentioned only on its own page.
    if to_sentence is None or (change.kind in BOOKING_EVENT_TYPES and not is_booking_topic(change.topic)):
        return None
    return to_sentence(change.data)


def _availability(data: Data) -> str:
    return f"{_name(data)}: {STATES.get(str(data.get('availability_status')), 'availability has changed')}"


def _maintenance(data: Data) -> str:
    in_maintenance = data.get("in_maintenance", data.get("availability_status") == "maintenance")
    if not in_maintenance:
        return f"{_name(data)}: maintenance is over"
    return f"{_name(data)}: now in maintenance{_until(data.get('maintenance_until'))}"


def _price(data: Data) -> str:
    amount, currency = data.get("rental_price_daily"), data.get("currency")
    if isinstance(amount, int | float) and isinstance(currency, str):
        return f"{_name(data)}: new price, {Money(Decimal(str(amount)), currency)} a day"
    return f"{_name(data)}: the price has changed"


def _added(data: Data) -> str:
    return (
        f"A new machine was added: {data['vehicle_name']}"
        if data.get("vehicle_name")
        else "A new machine was added"
    )


def _booking(what: str) -> Callable[[Data], str]:
    def to_sentence(data: Data) -> str:
        reference = data.get("booking_ref")
        return f"Your booking {reference} {what}" if reference else f"Your booking {what}"

    return to_sentence


def _name(data: Data) -> object:
    return data.get("vehicle_name") or "A machine"


def _until(day: object) -> str:
    try:
        until = date.fromisoformat(str(day))
    except ValueError:
        return ""
    return f" until {format_date_short(until)}"


SENTENCES: Mapping[str, Callable[[Data], str]] = {
    EventType.AVAILABILITY_CHANGED: _availability,
    EventType.MAINTENANCE_STATUS: _maintenance,
    EventType.PRICE_UPDATED: _price,
    EventType.VEHICLE_UPDATED: lambda data: f"{_name(data)}: details have changed",
    EventType.VEHICLE_REMOVED: lambda data: f"{_name(data)} is no longer offered",
    EventType.VEHICLE_ADDED: _added,
    EventType.CATALOGUE_GREW: _added,
    EventType.BOOKING_CREATED: _booking("is booked"),
    EventType.BOOKING_CONFIRMED: _booking("is confirmed"),
    EventType.BOOKING_CANCELLED: _booking("is canceled"),
    EventType.BOOKING_MODIFIED: _booking("has changed"),
    EventType.BOOKING_CHANGED: _booking("has changed"),
    EventType.LIVE_AWAY: lambda _: "Updates may be delayed.",
    EventType.LIVE_BACK: lambda _: "Updates are live again.",
    EventType.ODOO_AWAY: lambda _: "Our booking system is not answering. What you see may be a little old.",
    EventType.ODOO_BACK: lambda _: "Our booking system is answering again.",
}
