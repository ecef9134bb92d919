"""The one clock: every instant, day and duration in the package is read here, so that tests can move time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_shift = timedelta()


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC) + _shift


def today(zone: ZoneInfo) -> date:
    """The present day in `zone`, the business's time zone."""
    return now().astimezone(zone).date()


def seconds() -> float:
    """Seconds from an arbitrary start, never going back: for ages and deadlines, not for dates."""
    return time.monotonic() + _shift.total_seconds()


@contextmanager
def moved(by: timedelta) -> Iterator[None]:
    """Within the block every reading of the clock is `by` later (or earlier, when negative). For tests."""
    global _shift
    before = _shift
    _shift = before + by
    try:
        yield
    finally:
        _shift = before
