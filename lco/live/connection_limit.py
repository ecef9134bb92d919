"""Limit the event streams that are open, in this process and for one client."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from lco import metrics
from lco.errors import TooBusy

MAX_OPEN = 10_000
MAX_PER_ADDRESS = 100
"""High, because visitors behind one router share an address, and because a page that was just left is counted
until a heartbeat finds its connection closed."""
RETRY_AFTER = timedelta(seconds=10)


class ConnectionLimiter:
    """The streams of one process."""

    def __init__(self, most: int = MAX_OPEN, most_for_one: int = MAX_PER_ADDRESS) -> None:
        self._most = most
        self._most_for_one = most_for_one
        self._lock = threading.Lock()
        self._by_address: Counter[str] = Counter()
        self._in_use = 0

    @property
    def in_use(self) -> int:
        """The number of slots that are taken."""
        return self._in_use

    def acquire(self, address: str, kind: str) -> Callable[[], None]:
        """Take a slot for one more stream. Returns a function to call once at its end. Raises TooBusy."""
        with self._lock:
            if self._in_use >= self._most or self._by_address[address] >= self._most_for_one:
                metrics.refused.labels("streams").inc()
                raise TooBusy(
                    "Too many live pages are open. Please try again in a moment.", retry_after=RETRY_AFTER
                )
            self._by_address[address] += 1
            self._in_use += 1
        metrics.streams.labels(kind).inc()
        return lambda: self._release(address, kind)

    def _release(self, address: str, kind: str) -> None:
        with self._lock:
            self._in_use -= 1
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]
        metrics.streams.labels(kind).dec()
