"""The habits that change the JSON of answers and webhooks: each is a function that changes one object in place."""

import math
from collections.abc import Callable
from typing import Any

from lco.demo.faults import FaultSwitch

Record = dict[str, Any]

RATES = ("rental_price_daily", "rental_price_weekly", "rental_price_monthly")
PRICES = (*RATES, "daily_rate", "estimated_price", "total_amount", "price_now", "price_then", "difference")
SHORT = 3
STAMPS = ("event_type", "version", "at")


class Habits:
    """Applies the habits that are on. Objects inside lists and objects are reached as well."""

    def __init__(self, switch: FaultSwitch) -> None:
        self._switch = switch

    @property
    def any_in_answers(self) -> bool:
        """True when a habit changes answers, so that they have to be read and written again."""
        return any(habit.shows_in("answers") for name, habit in self._switch.habits.items() if name in CHANGES)

    def answer(self, body: Any) -> Any:
        """The JSON of an answer as this Odoo words it."""
        return self._worded(body, "answers")

    def webhook(self, body: Record) -> Record:
        """The JSON of a webhook as this Odoo words it."""
        if "bare_webhooks" in self._switch.habits:
            record = "booking_ref" if body["event_type"].startswith("booking.") else "vehicle_id"
            body = {name: value for name, value in body.items() if name in (record, *STAMPS)}
        worded: Record = self._worded(body, "webhooks")
        return worded

    def _worded(self, body: Any, where: str) -> Any:
        habits = self._switch.habits
        for name, change in CHANGES.items():
            if name in habits and habits[name].shows_in(where):
                _apply(change, body, habits[name].vehicle_id)
        return body


def _apply(change: Callable[[Record], None], body: Any, wanted: int | None) -> None:
    """Change every object of the vehicle `wanted`, or of all where it is None, with the objects inside it."""
    if isinstance(body, list):
        for item in body:
            _apply(change, item, wanted)
    elif isinstance(body, dict):
        if wanted is not None and wanted == body.get("vehicle_id", body.get("id")):
            wanted = None
        for value in body.values():
            _apply(change, value, wanted)
        if wanted is None:
            change(body)


def _no_currency(record: Record) -> None:
    record.pop("currency", None)


def _float_noise(record: Record) -> None:
    for name in PRICES:
        if isinstance(value := record.get(name), float) and value:
            record[name] = math.nextafter(value, 0)


def _no_price(record: Record) -> None:
    record.update({name: 0 for name in PRICES if record.get(name)})


def _replaced(name: str, value: Any) -> Callable[[Record], None]:
    def change(record: Record) -> None:
        if name in record:
            record[name] = value

    return change


def _no_name(record: Record) -> None:
    if "slug" in record:
        record["name"] = False


def _listed(most: int) -> Callable[[Record], None]:
    """The list ends after so many vehicles, on whichever page that is."""

    def change(record: Record) -> None:
        if page := record.get("pagination"):
            left = max(0, most - page["offset"])
            record["data"] = record["data"][:left]
            page.update(total=most, has_more=page["offset"] + page["limit"] < most)

    return change


CHANGES: dict[str, Callable[[Record], None]] = {
    "no_currency": _no_currency,
    "float_noise": _float_noise,
    "no_price": _no_price,
    "unknown_status": _replaced("availability_status", "inspection"),
    "unreadable_seats": _replaced("seats", "N/A"),
    "unreadable_price": _replaced("rental_price_daily", "1,250.00"),
    "unreadable_featured": _replaced("featured", "maybe"),
    "no_name": _no_name,
    "short_list": _listed(SHORT),
    "empty_list": _listed(0),
}
