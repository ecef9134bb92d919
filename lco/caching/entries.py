"""What has been read from Odoo, found by its key or by the beginning of it."""

from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CachedValue(Generic[T]):
    """A value, when it was read from Odoo, and whether the latest attempt to read it again has failed.

    `borrowed`: another process has read it since this one was asked for it.
    """

    value: T
    fetched_at: datetime
    refresh_failed: bool = False
    from_peer: bool = False


class Entry:
    """What is known under one key. A reading from before `needed_from` has missed something."""

    def __init__(self, inherited: CachedValue[Any] | None, needed_from: datetime, *, hinted: bool) -> None:
        self.reading = inherited
        self.needed_from = needed_from
        self.hinted = hinted
        self.invalidations = 0
        self.refresh: Future[None] | None = None

    def is_newer_than(self, reading: CachedValue[Any] | None) -> bool:
        return self.reading is not None and (reading is None or self.reading.fetched_at > reading.fetched_at)

    def can_use(self, reading: CachedValue[Any]) -> bool:
        """Whether `reading` is newer than what is known, and has missed nothing."""
        is_newer = self.reading is None or reading.fetched_at > self.reading.fetched_at
        return is_newer and reading.fetched_at >= self.needed_from

    def hint(self, instant: datetime) -> None:
        """What is known from before `instant` has missed something."""
        self.needed_from = max(self.needed_from, instant)
        self.hinted = True
        self.invalidations += 1


class Entries:
    """At most `most` entries; those go first that nobody asked for the longest. Whoever uses it has a lock."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        # The values stand for nothing: a dict keeps its order, and so does what is made of it.
        self._keys: dict[str, dict[str, None]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def get(self, key: str) -> Entry | None:
        return self._entries.get(key)

    def under(self, prefix: str) -> list[Entry]:
        """The entries whose keys start with `prefix`, which ends with a colon."""
        return [self._entries[key] for key in self._keys.get(prefix, ())]

    def touch(self, key: str) -> None:
        """Somebody has asked for the entry."""
        self._entries.move_to_end(key)

    def add(self, key: str, entry: Entry) -> None:
        """Keep a new entry."""
        self._entries[key] = entry
        for prefix in prefixes(key):
            self._keys.setdefault(prefix, {})[key] = None
        while len(self._entries) > self._most:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: str) -> None:
        del self._entries[key]
        for prefix in prefixes(key):
            del self._keys[prefix][key]
            if not self._keys[prefix]:
                del self._keys[prefix]


def prefixes(key: str) -> Iterator[str]:
    """`a:b:c` begins with `a:` and with `a:b:`."""
    for position, letter in enumerate(key):
        if letter == ":":
            yield key[: position + 1]
