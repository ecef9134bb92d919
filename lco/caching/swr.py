"""Stale-while-revalidate: answers come from memory, and whoever finds them old sets one refresh going.

With several processes that share a shelf there is one refresh among all of them: who has the turn asks Odoo, and
the others find the answer on the shelf.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as WaitedTooLong
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from lco import clock, metrics
from lco.caching import expiry
from lco.caching.entries import CachedValue, Entries, Entry, prefixes
from lco.deadline import remaining
from lco.errors import OdooError, OdooUnavailable

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_STALE = timedelta(days=1)
MAX_ENTRIES = 10_000
MAX_WAIT_SECONDS = 10.0
_loaders = ThreadPoolExecutor(max_workers=32, thread_name_prefix="refresh")


class CacheBackend(Protocol):
    """Where the last good answers lie, over restarts and for other processes: a Flask-Caching cache."""

    def get(self, key: str) -> Any: ...

    def set(self, key: str, value: Any, timeout: int | None = None) -> bool | None: ...


Mutex = Callable[[str], AbstractContextManager[object]]
"""In what `turn(key)` opens, no other process reads the answer to this key."""


@dataclass(frozen=True, slots=True)
class CacheQuery(Generic[T]):
    """What is asked: its key, how long an answer counts as fresh, and how to get one.

    With `keep` the answer survives a restart. `stored` is called with every new reading.
    """

    key: str
    max_age: timedelta
    loader: Callable[[], T]
    persist: bool = False
    on_refresh: Callable[[CachedValue[T]], object] | None = None


class StaleWhileRevalidateCache:
    """The readings of one process, at most `kept` of them; a `shelf` remembers the chosen ones over restarts.

    With `turn` other processes use the same shelf: it then holds all readings for as long as they are fresh.
    """

    def __init__(
        self, backend: CacheBackend | None = None, kept: int = MAX_ENTRIES, turn: Mutex | None = None
    ) -> None:
        self._backend = backend
        self._kept = kept
        self._shares = turn is not None
        self._turn = turn or nullcontext
        self._began = clock.now()
        self._lock = threading.Lock()
        self._entries = Entries(kept)
        self.invalidations = 0
        """How often `forget` was called: when that has grown, a page made before may hold what is old now."""
        self._forgotten: OrderedDict[str, datetime] = OrderedDict()

    def get(self, query: CacheQuery[T], *, wait: bool = False) -> CachedValue[T]:
        """What is known: at once when there is anything usable, else after waiting for an answer.

        A reading that is no longer fresh is given as it is while one refresh runs behind it. One that `forget`
        has touched is waited for, and still serves when the refresh fails. With `wait` so is any old one, and any
        from before this process began, or before `doubt`, which has missed what `forget` would have told it.
        Raises OdooError when there is nothing to fall back on; waits no longer than the budget.
        """
        try:
            reading = self._read(query, wait=wait)
        except OdooError:
            expiry.ends(clock.now())
            raise
        expiry.ends(clock.now() if reading.refresh_failed else reading.fetched_at + query.max_age)
        return reading

    def _read(self, query: CacheQuery[T], *, wait: bool) -> CachedValue[T]:
        entry = self._entry(query)
        reading = entry.reading
        age = None if reading is None else clock.now() - reading.fetched_at
        if reading is None or age is None or age > MAX_STALE:
            return self._loaded(entry, query, reading)
        old = age > query.max_age or reading.refresh_failed
        if entry.hinted or (wait and (old or reading.fetched_at < entry.needed_from)):
            try:
                return self._loaded(entry, query, reading)
            except OdooError:
                return self._stale(entry, query.key, reading)
        if old:
            self._refresh(entry, query, reading)
        return reading

    def invalidate(self, prefix: str, before: datetime | None = None) -> None:
        """From now on, what lies under keys that start with `prefix` is asked again before it is answered.

        With `before` only what was read before that instant. A prefix ends with a colon.
        """
        instant = before or clock.now()
        with self._lock:
            self.invalidations += 1
            # What is not in memory may still lie on the shelf.
            self._forgotten[prefix] = max(instant, self._forgotten.pop(prefix, instant))
            while len(self._forgotten) > self._kept:
                self._forgotten.popitem(last=False)
            for entry in self._entries.under(prefix):
                if not (before and _is_from(before, entry.reading)):
                    entry.hint(instant)

    def doubt(self, key: str) -> None:
        """From now on, whoever reads `key` with `wait` has it asked again; nobody else need wait for that."""
        with self._lock:
            if entry := self._entries.get(key):
                entry.needed_from = clock.now()

    def _entry(self, query: CacheQuery[Any]) -> Entry:
        # The shelf is asked before the entry is there for others, who would not find on it what lies on the shelf.
        stored = self._from_backend(query.key) if query.persist and query.key not in self._entries else None
        with self._lock:
            entry = self._entries.get(query.key) or self._new_entry(query.key, stored)
            self._entries.touch(query.key)
        return entry

    def _new_entry(self, key: str, stored: CachedValue[Any] | None) -> Entry:
        invalidations = [self._forgotten[prefix] for prefix in prefixes(key) if prefix in self._forgotten]
        hinted = stored is not None and any(stored.fetched_at < hint for hint in invalidations)
        entry = Entry(stored, max([self._began, *invalidations]), hinted=hinted)
        self._entries.add(key, entry)
        return entry

    def _loaded(self, entry: Entry, query: CacheQuery[T], known: CachedValue[T] | None) -> CachedValue[T]:
        """A new reading. A refresh that was under way when a hint came may not know of it, so another follows."""
        self._wait(self._refresh(entry, query, known))
        if entry.hinted:
            self._wait(self._refresh(entry, query, entry.reading))
        if entry.reading is None:
            raise OdooUnavailable
        return entry.reading

    @staticmethod
    def _wait(refresh: Future[None] | None) -> None:
        try:
            if refresh:
                refresh.result(remaining(MAX_WAIT_SECONDS))
        except WaitedTooLong as error:
            raise OdooUnavailable from error

    def _refresh(
        self, entry: Entry, query: CacheQuery[Any], known: CachedValue[Any] | None
    ) -> Future[None] | None:
        """The one refresh under way for `entry`, started now when there is none.

        None when another has ended since the caller looked and found `known`: there is something newer already.
        """
        with self._lock:
            if entry.refresh is None and not entry.is_newer_than(known):
                entry.refresh = _loaders.submit(self._run, entry, query)
            return entry.refresh

    def _run(self, entry: Entry, query: CacheQuery[Any]) -> None:
        try:
            self._take(entry, query)
        except OdooError:
            self._failed(entry)
            raise
        except Exception as error:
            metrics.background_failures.labels("refresh").inc()
            log.exception("refreshing %s failed", query.key)
            self._failed(entry)
            raise OdooError from error

    def _take(self, entry: Entry, query: CacheQuery[Any]) -> None:
        with self._turn(query.key):
            invalidations = entry.invalidations
            reading = self._borrowed(entry, query) or self._read_now(query)
            with self._lock:
                entry.reading = reading
                # A hint that came while the answer was on its way may be about something it does not hold yet.
                entry.hinted = entry.invalidations != invalidations
                entry.refresh = None
            # Others may have it once it is announced: what they borrow they take for known everywhere.
            if query.on_refresh:
                query.on_refresh(reading)
            if (query.persist or self._shares) and not reading.from_peer:
                self._to_backend(query, reading)

    @staticmethod
    def _read_now(query: CacheQuery[T]) -> CachedValue[T]:
        began = clock.now()
        return CachedValue(query.loader(), began)

    def _borrowed(self, entry: Entry, query: CacheQuery[Any]) -> CachedValue[Any] | None:
        """What another process has read while this one waited for its turn, if that serves as well."""
        reading = self._from_backend(query.key) if self._shares else None
        if reading is None or not entry.can_use(reading) or clock.now() - reading.fetched_at > query.max_age:
            return None
        return replace(reading, from_peer=True)

    def _failed(self, entry: Entry) -> None:
        with self._lock:
            entry.refresh = None
            if entry.reading:
                entry.reading = replace(entry.reading, refresh_failed=True)

    def _stale(self, entry: Entry, key: str, reading: CachedValue[T]) -> CachedValue[T]:
        """`reading`, marked. Who comes next need not wait as long: the refresh goes on, or is known to fail."""
        metrics.stale_answers.labels(key.partition(":")[0]).inc()
        stale = replace(reading, refresh_failed=True)
        with self._lock:
            entry.hinted = False
            if entry.reading is reading:
                entry.reading = stale
        return stale

    def _from_backend(self, key: str) -> CachedValue[Any] | None:
        try:
            reading = self._backend.get(key) if self._backend else None
        except Exception:
            metrics.cache_failures.labels("get").inc()
            log.exception("the cache could not be read")
            return None
        return reading if isinstance(reading, CachedValue) else None

    def _to_backend(self, query: CacheQuery[Any], reading: CachedValue[Any]) -> None:
        kept_for = MAX_STALE if query.persist else query.max_age
        try:
            if self._backend:
                self._backend.set(query.key, reading, timeout=int(kept_for.total_seconds()))
        except Exception:
            metrics.cache_failures.labels("set").inc()
            log.exception("the cache could not be written")


def _is_from(instant: datetime, reading: CachedValue[Any] | None) -> bool:
    return reading is not None and reading.fetched_at >= instant
