"""The one clock: every instant, day and duration in the package is read here, so that tests can move time."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SLOWEST = 0.9
"""How fast `now` runs, compared with real time, while the system's clock is behind it."""
EPOCH = datetime.fromtimestamp(0, UTC)


class _SteadyClock:
    """The system's clock, but each reading is later than the one before.

    The order of changes, cached values and invalidations rests on their instants. When the system's clock is set
    forward, this one follows at once; when it is set back, this one runs slower until they are together again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._last_ticks = time.monotonic_ns()

    def microseconds(self) -> int:
        """Microseconds since 1970."""
        with self._lock:
            ticks = time.monotonic_ns()
            slow = self._last + int((ticks - self._last_ticks) // 1000 * SLOWEST)
            self._last = max(time.time_ns() // 1000, slow, self._last + 1)
            self._last_ticks = ticks
            return self._last


_steady = _SteadyClock()
_shift = timedelta()


def now() -> datetime:
    """Return the present instant, aware, in UTC. Within a process no two are equal, and none steps back."""
    return EPOCH + timedelta(microseconds=_steady.microseconds()) + _shift


def today(zone: ZoneInfo) -> date:
    """Return the present day in `zone`, the business's time zone."""
    return now().astimezone(zone).date()


def seconds() -> float:
    """Return seconds from an arbitrary start, never going back: for ages and deadlines, not for dates."""
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
