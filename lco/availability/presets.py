"""Dates that many people want, as one click."""

from datetime import date

from lco.availability.rules import RentalRules
from lco.domain.date_range import DAY, DateRange
from lco.domain.vehicle import Vehicle

FRIDAY = 4
MONDAY = 0


def presets(vehicle: Vehicle, rules: RentalRules) -> tuple[tuple[str, DateRange], ...]:
    """Return names and days of the usual choices, those that the rules do not allow left out."""
    return tuple((name, days) for name, days in _usual(rules.today) if not rules.check(vehicle, days))


def _usual(today: date) -> tuple[tuple[str, DateRange], ...]:
    tomorrow = today + DAY
    friday = _next(FRIDAY, tomorrow)
    monday = _next(MONDAY, tomorrow)
    return (
        ("Tomorrow", DateRange(tomorrow, tomorrow + DAY)),
        ("This weekend" if today.weekday() < FRIDAY else "Next weekend", DateRange(friday, friday + DAY * 3)),
        ("Next week", DateRange(monday, monday + DAY * 5)),
    )


def _next(weekday: int, start: date) -> date:
    """The first day from `start` on that is a `weekday` (0 is Monday)."""
    return start + DAY * ((weekday - start.weekday()) % 7)
