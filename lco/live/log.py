"""The change log: what changed, in order, so that a page can ask what happened since it was rendered."""

import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, Self

from lco import clock

KEPT = 10_000


class ChangeId(NamedTuple):
    """Milliseconds since 1970 and a counter within them: grows over restarts, and reads as `1763800000000-0`."""

    milliseconds: int
    counter: int

    def __str__(self) -> str:
        return f"{self.milliseconds}-{self.counter}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The id that `text` writes, or None when it writes none."""
        milliseconds, _, counter = text.partition("-")
        if not (milliseconds.isascii() and milliseconds.isdecimal() and len(milliseconds) < 16):  # noqa: PLR2004 - year 300000 has 16 digits
            return None
        if not (counter.isascii() and counter.isdecimal() and len(counter) < 10):  # noqa: PLR2004 - far above any burst
            return None
        return cls(int(milliseconds), int(counter))


@dataclass(frozen=True, slots=True)
class Change:
    """One entry. `topic` says which regions to render again, `kind` is the public event type, `data` is public."""

    id: ChangeId
    at: datetime
    topic: str
    kind: str
    data: Mapping[str, object]


Listener = Callable[[Change], None]


class ChangeLog(Protocol):
    def append(self, topic: str, kind: str, data: Mapping[str, object] | None = None) -> Change:
        """Add an entry and tell the listeners. `data` must be JSON and hold nothing personal: it goes public."""

    def head(self) -> ChangeId:
        """The id of the newest entry, or of the log's beginning while it is empty."""

    def since(self, seen: ChangeId) -> Sequence[Change] | None:
        """The entries after `seen`, oldest first; None when the log no longer reaches back that far."""

    def listen(self, listener: Listener, lost: Callable[[], object]) -> None:
        """Call `listener` for every entry from now on, in order.

        `lost` is called when entries may have been missed, so that only the present state is certain.
        """


class MemoryLog:
    """The log of one process, which loses nothing.

    Listeners are called in the thread that appends, under the lock: they must only take note and return.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Change] = deque(maxlen=kept)
        self._floor = self._head = self._next_id(ChangeId(0, 0))
        self._listeners: list[Listener] = []

    @staticmethod
    def _next_id(after: ChangeId) -> ChangeId:
        milliseconds = int(clock.now().timestamp() * 1000)
        return max(ChangeId(milliseconds, 0), ChangeId(after.milliseconds, after.counter + 1))

    def append(self, topic: str, kind: str, data: Mapping[str, object] | None = None) -> Change:
        with self._lock:
            change = Change(self._next_id(self._head), clock.now(), topic, kind, dict(data or {}))
            if len(self._entries) == self._entries.maxlen:
                self._floor = self._entries[0].id
            self._entries.append(change)
            self._head = change.id
            for listener in self._listeners:
                listener(change)
        return change

    def head(self) -> ChangeId:
        return self._head

    def since(self, seen: ChangeId) -> Sequence[Change] | None:
        with self._lock:
            if seen < self._floor or seen > self._head:
                return None
            entries = list(self._entries)
        return entries[bisect_right(entries, seen, key=lambda change: change.id) :]

    def listen(self, listener: Listener, lost: Callable[[], object]) -> None:  # noqa: ARG002 - see above
        with self._lock:
            self._listeners.append(listener)
