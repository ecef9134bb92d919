"""The change log: what changed, in order, so that a page can get the changes since it was rendered."""

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
        """Return the id that `text` contains. Returns None when it is not an id."""
        milliseconds, _, counter = text.partition("-")
        if not (milliseconds.isascii() and milliseconds.isdecimal() and len(milliseconds) < 16):  # noqa: PLR2004 - year 300000 has 16 digits
            return None
        if not (counter.isascii() and counter.isdecimal() and len(counter) < 10):  # noqa: PLR2004 - far above any burst
            return None
        return cls(int(milliseconds), int(counter))


@dataclass(frozen=True, slots=True)
class Change:
    """One entry. `topic` selects the regions to render again, `kind` is an event type, `data` is public.

    `replica` is not public: the other processes of the site need it to show the same.
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
    """Do nothing when entries may have been missed."""


class ChangeLog(Protocol):
    """All changes, in one order for all, whether the site runs as one process or as many."""

    @property
    def is_available(self) -> bool:
        """Whether changes of other processes arrive now. While False, pages may learn of them late."""

    def start(self) -> None:
        """Start receiving changes appended by other processes. Call it before the first page is served."""

    def append(self, topic: str, kind: EventType, data: Data | None = None, replica: Data | None = None) -> Change:
        """Append an entry. `data` is JSON and public, so it holds nothing personal. `replica` is JSON."""

    def head(self) -> ChangeId:
        """Return the id of the newest entry that this process has, or of the start of an empty log."""

    def since(self, seen: ChangeId) -> Sequence[Change] | None:
        """Return the entries after `seen`, oldest first. Returns None when the log no longer has them all."""

    def subscribe(self, listener: Listener, on_gap: OnGap = ignore) -> None:
        """Call `listener` for every entry from now on, in order, and `on_gap` when entries may have been missed.

        Both are called under a lock, so they must return at once.
        """

    def replicate(self, follower: Listener, on_gap: OnGap) -> None:
        """Call `follower` for entries of other processes only, and before any listener."""

    def claim(self, what: str) -> bool:
        """Return whether this process is to append `what`, which all processes find out by themselves."""


class Window:
    """The newest entries, at most `kept`: all after the id `floor`, up to `head`. The caller holds a lock."""

    def __init__(self, kept: int, floor: ChangeId) -> None:
        self._entries: deque[Change] = deque(maxlen=kept)
        self.floor = self.head = floor

    @property
    def room(self) -> int:
        """The number of entries that may still be added in front."""
        return (self._entries.maxlen or 0) - len(self._entries)

    def add(self, change: Change) -> None:
        """Append an entry that is newer than `head`."""
        if not self.room:
            self.floor = self._entries[0].id
        self._entries.append(change)
        self.head = change.id

    def since(self, seen: ChangeId) -> Sequence[Change] | None:
        """Return the entries after `seen`. Returns None when the window does not reach so far back."""
        if not self.floor <= seen <= self.head:
            return None
        # From the end: thousands may ask at once, and nearly all for the last moments.
        newer = list(takewhile(lambda change: change.id > seen, reversed(self._entries)))
        return newer[::-1]

    def has(self, change_id: ChangeId) -> bool:
        """Return whether `change_id` is the id of an entry here, or of the one before the window."""
        after = self.since(change_id)
        if after is None or change_id == self.floor:
            return after is not None
        position = len(self._entries) - len(after) - 1
        return position >= 0 and self._entries[position].id == change_id

    def prepend(self, older: Sequence[Change], floor: ChangeId) -> None:
        """Extend the window back to `floor`. `older` has all entries in between, oldest first."""
        self._entries.extendleft(reversed(older))
        self.floor = floor

    def reset(self, at: ChangeId) -> None:
        """Remove all entries. The next entry will be the first one after `at`."""
        self._entries.clear()
        self.floor = self.head = at


def epoch_milliseconds(instant: datetime | None = None) -> int:
    """Return `instant`, or the present one, as ids contain it."""
    return int((instant or clock.now()).timestamp() * 1000)


class MemoryLog:
    """The log of a site of one process. See `ChangeLog` for its methods."""

    is_available = True

    def __init__(self, kept: int = MAX_ENTRIES) -> None:
        self._lock = threading.Lock()
        self._window = Window(kept, ChangeId(epoch_milliseconds(), 0))
        self._listeners: list[Listener] = []

    def start(self) -> None:
        """Do nothing: there are no other processes."""

    def append(self, topic: str, kind: EventType, data: Data | None = None, replica: Data | None = None) -> Change:
        """Append an entry and call the listeners."""
        del replica  # for other processes
        with self._lock:
            now, head = clock.now(), self._window.head
            change_id = max(ChangeId(epoch_milliseconds(now), 0), ChangeId(head.milliseconds, head.counter + 1))
            change = Change(change_id, now, topic, kind, dict(data or {}))
            self._window.add(change)
            for listener in self._listeners:
                listener(change)
        return change

    def head(self) -> ChangeId:
        """Return the id of the newest entry."""
        return self._window.head

    def since(self, seen: ChangeId) -> Sequence[Change] | None:
        """Return the entries after `seen`. Returns None when the log no longer has them all.

        Also for an id that is not one of this log's: a former process had it while the clock was ahead.
        """
        with self._lock:
            return self._window.since(seen) if self._window.has(seen) else None

    def subscribe(self, listener: Listener, on_gap: OnGap = ignore) -> None:
        """Call `listener` for every entry from now on."""
        del on_gap  # no entry is ever missed
        with self._lock:
            self._listeners.append(listener)

    def replicate(self, follower: Listener, on_gap: OnGap) -> None:
        """Do nothing: there are no other processes."""

    def claim(self, what: str) -> bool:
        """Return True: no other process could append `what`."""
        del what
        return True
