"""Dates that many people want, as one click."""

from datetime import date

from lco.domain.date_range import DAY, DateRange

FRIDAY = 4
MONDAY = 0


def presets(today: date) -> tuple[tuple[str, DateRange], ...]:
    """Names and days of the usual choices, from `today` in the business's time zone."""
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
