"""Hits of clients in memory, bounded in memory and in work for each hit.

The memory storage of `limits` keeps every client since the start and walks over all of them again and again. Here
a hit costs the same however many clients there were: it forgets its client's old hits and a few expired clients.
"""

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from limits.storage import MovingWindowSupport, Storage

from lco import clock

MAX_CLIENTS = 100_000
FORGET_AT_ONCE = 4
"""Expired clients that a hit removes: more than it can add, so they run out."""


@dataclass(slots=True)
class _Hits:
    expires_at: float = 0.0
    times: deque[float] = field(default_factory=deque)


def _now() -> float:
    return clock.now().timestamp()


class BoundedMemoryStorage(Storage, MovingWindowSupport):
    """Moving windows of at most `MAX_CLIENTS` clients, the least recently seen first out."""

    STORAGE_SCHEME = ["lco-memory"]  # noqa: RUF012 - the base class declares it so

    def __init__(self, uri: str | None = None, *, wrap_exceptions: bool = False, **_: str) -> None:
        super().__init__(uri, wrap_exceptions)
        self._lock = threading.Lock()
        self._clients: OrderedDict[str, _Hits] = OrderedDict()

    def __len__(self) -> int:
        """The number of clients that are remembered."""
        return len(self._clients)

    @property
    def base_exceptions(self) -> type[Exception]:
        """The errors of this storage."""
        return ValueError

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` hits if the last `expiry` seconds have room for them. Returns whether they have."""
        now = _now()
        with self._lock:
            self._forget(now)
            hits = self._current(key, now - expiry) or _Hits()
            if len(hits.times) + amount > limit:
                return False
            hits.times.extend([now] * amount)
            hits.expires_at = now + expiry
            self._clients[key] = hits
            self._clients.move_to_end(key)
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return when the oldest hit of the window was, or now, and how many hits are in it."""
        del limit
        now = _now()
        with self._lock:
            hits = self._current(key, now - expiry)
            return (hits.times[0], len(hits.times)) if hits and hits.times else (now, 0)

    def _current(self, key: str, since: float) -> _Hits | None:
        hits = self._clients.get(key)
        while hits and hits.times and hits.times[0] < since:
            hits.times.popleft()
        return hits

    def _forget(self, now: float) -> None:
        for _ in range(FORGET_AT_ONCE):
            oldest = next(iter(self._clients.items()), None)
            if oldest is None or (oldest[1].expires_at > now and len(self._clients) <= MAX_CLIENTS):
                return
            del self._clients[oldest[0]]

    # What only fixed windows need, which the site does not use

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Not used by a moving window."""
        raise NotImplementedError

    def get(self, key: str) -> int:
        """The number of hits in the window."""
        return self.get_moving_window(key, 0, 0)[1]

    def get_expiry(self, key: str) -> float:
        """The end of the window of a client, in seconds since the epoch."""
        hits = self._clients.get(key)
        return hits.expires_at if hits else _now()

    def check(self) -> bool:
        """Return True: memory is always there."""
        return True

    def reset(self) -> int | None:
        """Forget all clients. Returns how many there were."""
        with self._lock:
            count = len(self._clients)
            self._clients.clear()
            return count

    def clear(self, key: str) -> None:
        """Forget one client."""
        with self._lock:
            self._clients.pop(key, None)
