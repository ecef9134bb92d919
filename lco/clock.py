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
        self._slow_since = 0

    def microseconds(self) -> int:
        """Return microseconds since 1970."""
        with self._lock:
            system = time.time_ns() // 1000
            if system > self._last:
                self._slow_since = 0
            else:
                system = self._last + max(1, self._slow_step())
            self._last = system
            return system

    def _slow_step(self) -> int:
        """Microseconds since the reading before, slowed down; 0 when that one was not behind yet."""
        before, self._slow_since = self._slow_since, time.monotonic_ns()
        return int((self._slow_since - before) // 1000 * SLOWEST) if before else 0


_steady = _SteadyClock()
_shift = timedelta()


def now() -> datetime:
    """Return the present instant, aware, in UTC. Within a process no two are equal, and none steps back."""
    instant = EPOCH + timedelta(microseconds=_steady.microseconds())
    return instant + _shift if _shift else instant


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
