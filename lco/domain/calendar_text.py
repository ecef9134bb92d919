"""Opening hours, closed dates and times of day as settings write them."""

import re
from datetime import date, time

from lco.domain.business_calendar import DAYS_A_WEEK, OpeningHours, Week

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ENTRY = re.compile(r"([a-z]{3})[a-z]*(?:\s*-\s*([a-z]{3})[a-z]*)?\s+(?:(\S+?)\s*-\s*(\S+)|closed)", re.IGNORECASE)
WEEK_EXAMPLE = "opening hours like Mon-Fri 7:00-18:00, Sat 8:00-12:00"


def parse_week(text: str) -> Week:
    """Return the opening hours of seven days, Monday first. A weekday that is not named is a day off.

    Raises ValueError, which says what is expected.
    """
    week: list[OpeningHours | None] = [None] * DAYS_A_WEEK
    for entry in _entries(text):
        found = ENTRY.fullmatch(entry)
        if not found:
            raise ValueError(WEEK_EXAMPLE)
        first, last = _weekday(found[1]), _weekday(found[2] or found[1])
        hours = _hours(found[3], found[4]) if found[3] else None
        for weekday in range(first, last + 1 if last >= first else last + 1 + DAYS_A_WEEK):
            week[weekday % DAYS_A_WEEK] = hours
    if not any(week):
        raise ValueError(WEEK_EXAMPLE)
    return tuple(week)


def parse_closed_dates(text: str) -> dict[date, str]:
    """Return the reasons of closed dates by date; an empty reason where none is given. Raises ValueError."""
    closed = {}
    for entry in _entries(text):
        day, _, reason = entry.partition(" ")
        try:
            closed[date.fromisoformat(day)] = reason.strip()
        except ValueError as error:
            raise ValueError("closed dates like 2026-12-25 Christmas, 2027-01-01") from error
    return closed


def parse_time(text: str) -> time:
    """Return the time of day in `7:00` or `15:30`. Raises ValueError."""
    found = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", text)
    try:
        return time(int(found[1]), int(found[2])) if found else _no_time()
    except ValueError as error:
        raise ValueError("a time of day like 7:00 or 15:30") from error


def _entries(text: str) -> list[str]:
    return [entry.strip() for entry in re.split(r"[,;]", text) if entry.strip()]


def _weekday(word: str) -> int:
    if word.lower() not in WEEKDAYS:
        raise ValueError(WEEK_EXAMPLE)
    return WEEKDAYS.index(word.lower())


def _hours(opens: str, closes: str) -> OpeningHours:
    hours = OpeningHours(parse_time(opens), parse_time(closes))
    if hours.opens >= hours.closes:
        raise ValueError(WEEK_EXAMPLE)
    return hours


def _no_time() -> time:
    raise ValueError
