"""Dates and times of day in words, as people in the United States write them."""

from datetime import date, time
from functools import lru_cache

from babel import dates

from lco.domain.money import LOCALE


@lru_cache(maxsize=5_000)
def _format(day: date, pattern: str) -> str:
    return dates.format_date(day, pattern, LOCALE)


def format_date(value: date) -> str:
    """`Tue, Dec 1, 2026`."""
    return _format(value, "EEE, MMM d, y")


def format_date_short(value: date) -> str:
    """`Dec 1`."""
    return _format(value, "MMM d")


def format_weekday_date(value: date) -> str:
    """`Tue, Dec 1`."""
    return _format(value, "EEE, MMM d")


def format_weekday(value: date) -> str:
    """`Thursday`."""
    return _format(value, "EEEE")


def format_date_long(value: date) -> str:
    """`Tuesday, December 1, 2026`."""
    return _format(value, "EEEE, MMMM d, y")


def format_month(value: date) -> str:
    """`December 2026`."""
    return _format(value, "MMMM y")


def format_hour(value: time) -> str:
    """`7 am`, `5:30 pm`."""
    return _clock(value, "h:mm a" if value.minute else "h a")


def format_clock(value: time) -> str:
    """`7:00 am`, `5:30 pm`."""
    return _clock(value, "h:mm a")


def _clock(value: time, pattern: str) -> str:
    return dates.format_time(value, pattern, locale=LOCALE).lower()
