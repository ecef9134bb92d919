"""The memory of the cache: entries by key, bounded in bytes for each kind of key."""

import sys
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Any, Generic, TypeVar

T = TypeVar("T")

MAX_BYTES = 24 * 1024 * 1024
"""For each kind of key. A calendar takes 3 kB, the free vehicles of a range 0.7 MB when there are 5,000."""
OVERHEAD = 1024
"""Bytes that an entry is counted for beside its value and its key."""
SAMPLE = 20


@dataclass(frozen=True, slots=True)
class CachedValue(Generic[T]):
    """A value and the instant at which Odoo was asked for it.

    `refresh_failed`: the newest attempt to fetch it again has failed, or took too long to wait for.
    `from_peer`: another process has fetched it.
    """

    value: T
    fetched_at: datetime
    refresh_failed: bool = False
    from_peer: bool = False


@dataclass(eq=False, slots=True)
class Entry:
    """The value under one key, and the refresh under way. The value is None before the first one is read."""

    cached: CachedValue[Any] | None = None
    refresh: Future[None] | None = None
    size: int = 0


class Entries:
    """All entries, least recently used first out within their kind. Not safe for threads: the cache has a lock.

    The kind is the part of the key before its first colon, so many keys of one kind never push out another kind.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._kinds: defaultdict[str, OrderedDict[str, Entry]] = defaultdict(OrderedDict)
        self._bytes: defaultdict[str, int] = defaultdict(int)

    def get(self, key: str) -> Entry | None:
        """Return the entry, which then is the most recently used one. Returns None when there is none."""
        kind = self._kinds[kind_of(key)]
        if entry := kind.get(key):
            kind.move_to_end(key)
        return entry

    def add(self, key: str, cached: CachedValue[Any] | None) -> Entry:
        """Add an entry for `key`, which has none."""
        entry = self._kinds[kind_of(key)][key] = Entry()
        self.put(key, entry, cached)
        return entry

    def put(self, key: str, entry: Entry, cached: CachedValue[Any] | None) -> None:
        """Store `cached` in the entry. Others of its kind go while there are too many bytes; the newest stays."""
        entry.cached = cached
        kind = kind_of(key)
        if self._kinds[kind].get(key) is not entry:
            return  # it was pushed out during its refresh
        before, entry.size = entry.size, OVERHEAD + len(key) + (estimate_size(cached.value) if cached else 0)
        self._bytes[kind] += entry.size - before
        while self._bytes[kind] > self._max_bytes and len(self._kinds[kind]) > 1:
            _, evicted = self._kinds[kind].popitem(last=False)
            self._bytes[kind] -= evicted.size


def estimate_size(value: object) -> int:
    """Return roughly how many bytes `value` takes. Of a large collection a few elements are measured."""
    size = sys.getsizeof(value, 0)
    if isinstance(value, dict):
        return size + _size_of_all(chain.from_iterable(value.items()), 2 * len(value))
    if isinstance(value, list | tuple | set | frozenset):
        return size + _size_of_all(value, len(value))
    if is_dataclass(value) and not isinstance(value, type):
        return size + sum(estimate_size(getattr(value, field.name)) for field in fields(value))
    return size


def _size_of_all(elements: Iterable[object], count: int) -> int:
    sample = [estimate_size(element) for element in islice(elements, SAMPLE)]
    return count * sum(sample) // len(sample) if sample else 0


def kind_of(key: str) -> str:
    """Return the part of the key before its first colon."""
    return key.partition(":")[0]
