"""The change log: what changed, in order, so that a page can ask what happened since it was rendered."""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple, Protocol, Self

from lco import clock
from lco.changes.topics import EventType

MAX_ENTRIES = 10_000


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
    """One entry. `topic` says which regions to render again, `kind` is the public event type, `data` is public.

    `known` is not: it is what the other processes of the site need in order to show the same.
    """

    id: ChangeId
    at: datetime
    topic: str
    kind: str
    data: Mapping[str, object]
    replica: Mapping[str, object] | None = field(default=None, repr=False, compare=False)


Data = Mapping[str, object]
Listener = Callable[[Change], object]
OnGap = Callable[[], object]


def ignore() -> None:
    """What to do when entries were missed, for those who do not mind."""


class ChangeLog(Protocol):
    """What changed, in one order for everybody, whether the site runs as one process or as many."""

    @property
    def is_available(self) -> bool:
        """Whether changes of other processes arrive now. While False, pages may learn of them late."""

    def start(self) -> None:
        """Call in a process that serves pages, before the first of them: from now on it hears the others."""

    def append(self, topic: str, kind: EventType, data: Data | None = None, known: Data | None = None) -> Change:
        """Add an entry. `data` must be JSON and hold nothing personal: it goes public. `known` must be JSON."""

    def head(self) -> ChangeId:
        """The id of the newest entry that this process knows, or of the log's beginning while it is empty."""

    def since(self, seen: ChangeId) -> Sequence[Change] | None:
        """The entries after `seen`, oldest first; None when the log cannot tell them all."""

    def subscribe(self, listener: Listener, on_gap: OnGap = ignore) -> None:
        """Call `listener` for every entry from now on, in order; `lost` when this process may have missed some.

        Both are called under a lock, so they must only take note and return.
        """

    def replicate(self, follower: Listener, on_gap: OnGap) -> None:
        """As `listen`, but only for what other processes append, and before any listener hears of it."""

    def claim(self, what: str) -> bool:
        """Whether this process is to append the news `what`, which every process finds out by itself."""


class Window:
    """The newest entries, at most `kept`: all after the id `floor`, up to `head`. Whoever uses it has a lock."""

    def __init__(self, kept: int, floor: ChangeId) -> None:
        self._entries: deque[Change] = deque(maxlen=kept)
        self.floor = self.head = floor

    @property
    def room(self) -> int:
        """How many entries may still be put in front."""
        return (self._entries.maxlen or 0) - len(self._entries)

    def add(self, change: Change) -> None:
        """Take in an entry that is newer than `head`."""
        if not self.room:
            self.floor = self._entries[0].id
        self._entries.append(change)
        self.head = change.id

    def since(self, seen: ChangeId) -> Sequence[Change] | None:
        """The entries after `seen`; None when the window does not reach there."""
        if not self.floor <= seen <= self.head:
            return None
        # From the end, as nearly everybody asks about the last moments, and thousands may ask at once.
        newer = list(takewhile(lambda change: change.id > seen, reversed(self._entries)))
        return newer[::-1]

    def has(self, change_id: ChangeId) -> bool:
        """Whether `change_id` is the id of an entry here, or of the one before."""
        after = self.since(change_id)
        if after is None or change_id == self.floor:
            return after is not None
        position = len(self._entries) - len(after) - 1
        return position >= 0 and self._entries[position].id == change_id

    def prepend(self, older: Sequence[Change], floor: ChangeId) -> None:
        """Reach further back, to `floor`: `older`, oldest first, is all that lies between there and here."""
        self._entries.extendleft(reversed(older))
        self.floor = floor

    def reset(self, at: ChangeId) -> None:
        """Forget everything; the next entry will be the first one after `at`."""
        self._entries.clear()
        self.floor = self.head = at


def milliseconds(instant: datetime | None = None) -> int:
    """`instant`, or the present one, as ids write it."""
    return int((instant or clock.now()).timestamp() * 1000)


class MemoryLog:
    """The log of a process that is alone."""

    is_available = True

    def __init__(self, kept: int = MAX_ENTRIES) -> None:
        self._lock = threading.Lock()
        self._window = Window(kept, ChangeId(milliseconds(), 0))
        self._listeners: list[Listener] = []

    def start(self) -> None:
        """There are no others."""

    def append(self, topic: str, kind: EventType, data: Data | None = None, known: Data | None = None) -> Change:
        del known  # nobody else needs it
        with self._lock:
            now, head = clock.now(), self._window.head
            change_id = max(ChangeId(milliseconds(now), 0), ChangeId(head.milliseconds, head.counter + 1))
            change = Change(change_id, now, topic, kind, dict(data or {}))
            self._window.add(change)
            for listener in self._listeners:
                listener(change)
        return change

    def head(self) -> ChangeId:
        return self._window.head

    def since(self, seen: ChangeId) -> Sequence[Change] | None:
        with self._lock:
            return self._window.since(seen)

    def subscribe(self, listener: Listener, lost: OnGap = ignore) -> None:
        del lost  # nothing ever is
        with self._lock:
            self._listeners.append(listener)

    def replicate(self, follower: Listener, lost: OnGap) -> None:
        """There is nobody to follow."""

    def claim(self, what: str) -> bool:
        del what
        return True
