"""The one clock: every instant, day and duration in the package is read here, so that tests can move time."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SLOWEST = 0.9
"""How fast `now` runs, compared with real time, while what it is compared with is behind it."""
BELIEVED_AFTER = 10 * 10**9
"""Nanoseconds that a jump of the system's clock must last before `now` follows it: some are mistakes."""
JUMP = 5 * 10**8
"""A difference in nanoseconds that is a jump; a smaller one is followed at once."""
LONGEST_QUESTION = timedelta(seconds=1)
"""The longest time for another clock to answer and still be believed."""
EPOCH = datetime.fromtimestamp(0, UTC)


class _SteadyClock:
    """Instants of which each is later than the one before: the order of changes and cached values rests on them.

    They follow the system's clock, or another one that several processes share (`synchronize`). When that is set
    back, they run slower until both are together again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._slow_since = 0
        self._ahead = time.time_ns() - time.monotonic_ns()
        self._is_shared = False
        self._jump: tuple[int, int] | None = None

    def microseconds(self) -> int:
        """Return microseconds since 1970."""
        with self._lock:
            ticks = time.monotonic_ns()
            if not self._is_shared:
                self._follow(time.time_ns() - ticks, ticks)
            present = (ticks + self._ahead) // 1000
            if present > self._last:
                self._slow_since = 0
            else:
                present = self._last + max(1, self._slow_step())
            self._last = present
            return present

    def synchronize(self, shared: datetime, asked: int, answered: int) -> None:
        """Follow a clock that showed `shared` between two readings of the monotonic clock, in nanoseconds.

        The first answer is believed however long it took: the system's own clock may be hours wrong.
        """
        with self._lock:
            if self._is_shared and answered - asked > _nanoseconds(LONGEST_QUESTION):
                return
            if not self._is_shared:
                self._last = 0  # a process that has just begun may have to step back
            self._ahead = _nanoseconds(shared - EPOCH) - (asked + answered) // 2
            self._is_shared = True

    def _follow(self, ahead: int, ticks: int) -> None:
        """Take over how far the system's clock is ahead of the monotonic one; a jump must have lasted."""
        if abs(ahead - self._ahead) < JUMP:
            self._ahead, self._jump = ahead, None
        elif self._jump is None or abs(ahead - self._jump[0]) >= JUMP:
            self._jump = ahead, ticks
        elif ticks - self._jump[1] >= BELIEVED_AFTER:
            self._ahead, self._jump = ahead, None

    def _slow_step(self) -> int:
        """Microseconds since the reading before, slowed down; 0 when that one was not behind yet."""
        before, self._slow_since = self._slow_since, time.monotonic_ns()
        return int((self._slow_since - before) // 1000 * SLOWEST) if before else 0


def _nanoseconds(length: timedelta) -> int:
    return length // timedelta(microseconds=1) * 1000


_steady = _SteadyClock()
_shift = timedelta()


def now() -> datetime:
    """Return the present instant, aware, in UTC. Within a process no two are equal, and none steps back."""
    instant = EPOCH + timedelta(microseconds=_steady.microseconds())
    return instant + _shift if _shift else instant


def today(zone: ZoneInfo) -> date:
    """Return the present day in `zone`, the business's time zone."""
    return now().astimezone(zone).date()


def synchronize(read: Callable[[], datetime]) -> timedelta:
    """Have `now` follow the clock that `read` asks: one that several machines share, such as a database's.

    Returns by how much the system's own clock is ahead of it. Call again every few seconds.
    """
    asked = time.monotonic_ns()
    shared = read()
    answered = time.monotonic_ns()
    _steady.synchronize(shared, asked, answered)
    return timedelta(microseconds=time.time_ns() // 1000) - (shared - EPOCH)


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
