"""How many event streams may be open, in this process and for one client, and how many are."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from lco import metrics
from lco.errors import TooBusy

MOST_OPEN = 10_000
MOST_FOR_ONE_ADDRESS = 100
"""High, because people behind one router share an address, and because a page that was just left is counted until
a heartbeat notices that nobody reads it any more."""
COME_BACK = timedelta(seconds=10)


class Places:
    """The streams of one process."""

    def __init__(self, most: int = MOST_OPEN, most_for_one: int = MOST_FOR_ONE_ADDRESS) -> None:
        self._most = most
        self._most_for_one = most_for_one
        self._lock = threading.Lock()
        self._by_address: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        return self._by_address.total()

    def take(self, address: str, kind: str) -> Callable[[], None]:
        """A place for one more stream; call what comes back, once, to give it up. Raises TooBusy."""
        with self._lock:
            if self.taken >= self._most or self._by_address[address] >= self._most_for_one:
                metrics.refused.labels("streams").inc()
                raise TooBusy("Too many live pages are open. Please try again in a moment.", retry_after=COME_BACK)
            self._by_address[address] += 1
        metrics.streams.labels(kind).inc()
        return lambda: self._give_up(address, kind)

    def _give_up(self, address: str, kind: str) -> None:
        with self._lock:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]
        metrics.streams.labels(kind).dec()
