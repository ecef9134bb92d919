"""A stale-while-revalidate cache (RFC 5861) in front of Odoo, with one refresh at a time for each key.

A value is valid if it was fetched after every invalidation of its prefixes. Values come from memory; a backend
keeps some of them over restarts. Processes that share a backend and a mutex fetch each value once between them.
"""

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as WaitTimeout
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from lco import clock, metrics
from lco.caching.memory import MAX_BYTES, CachedValue, Entries, Entry, kind_of
from lco.deadline import remaining
from lco.errors import OdooError, OdooUnavailable
from lco.failures import guard
from lco.odoo.budget import BudgetExceeded, Payer, charged_to, payer
from lco.version import version

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_STALE = timedelta(days=1)
"""The highest age of a value that is served without waiting for a newer one. A persisted one may be older."""
MAX_INVALIDATIONS = 10_000
MAX_WAIT_SECONDS = 10.0
MAX_STALE_WAIT_SECONDS = 0.5
"""The longest wait of a reader for a valid value while an invalid one could be served."""
FOREVER = 0
"""The timeout of a backend for values that do not expire."""
NEVER = datetime.min.replace(tzinfo=UTC)
_loaders = ThreadPoolExecutor(max_workers=32, thread_name_prefix="refresh")
_under_way: set[Future[None]] = set()


class CacheBackend(Protocol):
    """A cache that outlives this process or is shared with others: one of Flask-Caching's."""

    def get(self, key: str) -> Any:
        """Return the value, or None."""

    def set(self, key: str, value: Any, timeout: int | None = None) -> bool | None:
        """Store the value for `timeout` seconds. 0 is for ever."""


Mutex = Callable[[str], AbstractContextManager[object]]
"""Opens a context in which no other process loads the value of the key."""


class Codec(NamedTuple):
    """The form of a value in a backend: values of JSON, so that every version of the site can read it.

    `loads` raises KeyError, TypeError or ValueError for what it cannot read.
    """

    dumps: Callable[[Any], object]
    loads: Callable[[Any], Any]


PLAIN = Codec(lambda value: value, lambda value: value)


@dataclass(frozen=True, slots=True)
class CacheQuery(Generic[T]):
    """A value to cache: its key, how long it is fresh, and how to load it.

    With a codec in `persist` it survives a restart, and stays usable without end. `on_refresh` is called with
    every new value before other processes can see it; then `on_change`, with the value before and the new one,
    when they differ.
    """

    key: str
    max_age: timedelta
    loader: Callable[[], T]
    persist: Codec | None = None
    on_refresh: Callable[[CachedValue[T]], object] | None = None
    on_change: Callable[[T, T], object] | None = None


class StaleWhileRevalidateCache:
    """The cache of one process: at most `max_bytes` for each kind of key in memory, and `backend` behind it.

    With `mutex`, a lock for each key, other processes use the same backend, which then gets every value.
    `stale_wait` is in seconds: see `MAX_STALE_WAIT_SECONDS`.
    """

    def __init__(
        self, backend: CacheBackend | None = None, max_bytes: int = MAX_BYTES, mutex: Mutex | None = None
    ) -> None:
        self.stale_wait = MAX_STALE_WAIT_SECONDS
        self.invalidations = 0
        """The number of calls of `invalidate`: pages that were made before may hold old values."""
        self.on_stale: Callable[[], object] = lambda: None
        """Called in the reader's thread when an old value is served whose refresh is published by nothing else."""
        self._backend = backend
        self._is_shared = mutex is not None
        self._mutex = mutex or nullcontext
        self._started_at = clock.now()
        self._lock = threading.Lock()
        self._entries = Entries(max_bytes)
        self._invalidated: OrderedDict[str, datetime] = OrderedDict()
        self._all_invalidated = NEVER
        self._last_invalidated = NEVER
        self._slow_kinds: set[str] = set()

    def get(self, query: CacheQuery[T], *, newer_than: datetime | None = None) -> CachedValue[T]:
        """Return the cached value. When it is no longer fresh, it is refreshed in the background.

        Waits for a refresh when there is no value, or an invalid one; with `newer_than` also when the value is
        from before that instant or its refresh has failed. Serves the old value when the refresh fails or takes
        too long: for an invalid value `stale_wait` is too long, and no time at all while Odoo is slow. Never waits
        beyond the deadline of the request. Raises OdooError when there is nothing to serve. That is BudgetExceeded
        when the client has caused too many calls.
        """
        entry = self._entry(query)
        cached: CachedValue[T] | None = entry.cached
        age = clock.now() - cached.fetched_at if cached else MAX_STALE
        if cached is None or (age > MAX_STALE and not query.persist):
            return self._refreshed(entry, query, cached, newer_than, MAX_WAIT_SECONDS)
        if newer_than and (cached.refresh_failed or cached.fetched_at < newer_than):
            return self._refreshed_or_stale(entry, query, cached, newer_than, MAX_WAIT_SECONDS)
        if not cached.refresh_failed and (age > MAX_STALE or not self.is_valid(query.key, cached)):
            wait = 0.0 if kind_of(query.key) in self._slow_kinds else self.stale_wait
            return self._refreshed_or_stale(entry, query, cached, newer_than, wait)
        # A negative age means that the clock was set back, or that of another process is ahead.
        if cached.refresh_failed or not timedelta() <= age <= query.max_age:
            with suppress(BudgetExceeded):
                self._refresh(entry, query, cached, newer_than)
            self._served_stale(query)
        return cached

    def get_valid(self, query: CacheQuery[T]) -> T:
        """Return a value like `get`, but no invalid one: wait for a valid one as if there was none.

        Once that has failed, further readers do not wait. Raises OdooError.
        """
        entry = self._entry(query)
        cached: CachedValue[T] | None = entry.cached
        if cached is None or cached.refresh_failed or self.is_valid(query.key, cached):
            cached = self.get(query)
        else:
            cached = self._refreshed_or_stale(entry, query, cached, None, MAX_WAIT_SECONDS)
        if not self.is_valid(query.key, cached):
            raise OdooUnavailable
        return cached.value

    def peek(self, query: CacheQuery[T]) -> CachedValue[T] | None:
        """Return the value in memory, however old. Returns None when there is none, or when it is invalid."""
        cached: CachedValue[T] | None = self._entry(query).cached
        return cached if cached and self.is_valid(query.key, cached) else None

    def is_valid(self, key: str, cached: CachedValue[Any]) -> bool:
        """Whether `cached` was fetched after every invalidation of a prefix of `key`."""
        return cached.fetched_at >= self._last_invalidated or cached.fetched_at >= self._invalidated_at(key)

    def invalidate(self, prefix: str, before: datetime | None = None) -> None:
        """Make every value invalid whose key starts with `prefix` and that was fetched before `before`, or now.

        A prefix ends with a colon.
        """
        now = clock.now()
        instant = min(before or now, now)  # the clock of another process may be ahead
        with self._lock:
            self.invalidations += 1
            self._last_invalidated = max(instant, self._last_invalidated)
            self._invalidated[prefix] = max(instant, self._invalidated.pop(prefix, instant))
            if len(self._invalidated) > MAX_INVALIDATIONS:
                _, dropped = self._invalidated.popitem(last=False)
                self._all_invalidated = max(self._all_invalidated, dropped)

    def _invalidated_at(self, key: str) -> datetime:
        found = (self._invalidated.get(prefix, NEVER) for prefix in _prefixes(key))
        return max(self._all_invalidated, *found, NEVER)

    def _entry(self, query: CacheQuery[Any]) -> Entry:
        with self._lock:
            if entry := self._entries.get(query.key):
                return entry
        # The backend is asked before other threads can see the entry, which hides from them what it has.
        stored = self._from_backend(query) if query.persist else None
        with self._lock:
            return self._entries.get(query.key) or self._entries.add(query.key, stored)

    def _refreshed_or_stale(
        self,
        entry: Entry,
        query: CacheQuery[T],
        known: CachedValue[T],
        newer_than: datetime | None,
        wait: float,
    ) -> CachedValue[T]:
        try:
            return self._refreshed(entry, query, known, newer_than, wait)
        except BudgetExceeded:
            stale = known  # it may well come for another client
        except OdooError:
            stale = self._stale(entry, query.key, known)
        self._served_stale(query)
        return stale

    def _refreshed(
        self,
        entry: Entry,
        query: CacheQuery[T],
        known: CachedValue[T] | None,
        newer_than: datetime | None,
        wait: float,
    ) -> CachedValue[T]:
        """The value after a refresh. One that began before an invalidation is followed by another."""
        started = clock.seconds()
        ends_at = started + remaining(wait)
        for _ in range(2):
            refresh = self._refresh(entry, query, known, newer_than)
            try:
                if refresh:
                    refresh.result(max(0.0, ends_at - clock.seconds()))
            except WaitTimeout as error:
                if (waited := clock.seconds() - started) > self.stale_wait:
                    self._note_duration(query.key, waited)
                raise OdooUnavailable from error
            known = entry.cached
            if known and self.is_valid(query.key, known):
                break
        if known is None:
            raise OdooUnavailable
        return known

    def _refresh(
        self,
        entry: Entry,
        query: CacheQuery[Any],
        known: CachedValue[Any] | None,
        newer_than: datetime | None,
    ) -> Future[None] | None:
        """The one refresh under way for `entry`, started now when there is none.

        None when another one has ended since the caller looked and found `known`. Raises BudgetExceeded.
        """
        with self._lock:
            if entry.refresh is None and entry.cached is known:
                if client := payer():
                    client.check()
                entry.refresh = _loaders.submit(self._run, entry, query, newer_than, payer())
                _under_way.add(entry.refresh)
                entry.refresh.add_done_callback(_under_way.discard)
            return entry.refresh

    # In a thread of the loaders

    def _run(
        self, entry: Entry, query: CacheQuery[Any], newer_than: datetime | None, client: Payer | None
    ) -> None:
        try:
            with charged_to(client), self._mutex(query.key):
                self._load(entry, query, newer_than)
        except OdooError:
            self._failed(entry)
            raise
        except Exception as error:
            metrics.background_failures.labels("refresh").inc()
            log.exception("refreshing %s failed", query.key)
            self._failed(entry)
            raise OdooError from error

    def _load(self, entry: Entry, query: CacheQuery[Any], newer_than: datetime | None) -> None:
        began, started = clock.now(), clock.seconds()
        cached = self._from_peer(entry, query, newer_than) or CachedValue(query.loader(), began)
        self._note_duration(query.key, clock.seconds() - started)
        with self._lock:
            before = entry.cached
            self._entries.put(query.key, entry, cached)
            entry.refresh = None
        # Before other processes can see the value: one that they take over, they consider published.
        if query.on_refresh:
            query.on_refresh(cached)
        if query.on_change and before and before.value != cached.value:
            query.on_change(before.value, cached.value)
        if (query.persist or self._is_shared) and not cached.from_peer:
            self._to_backend(query, cached)

    def _from_peer(
        self, entry: Entry, query: CacheQuery[Any], newer_than: datetime | None
    ) -> CachedValue[Any] | None:
        """The value that another process has fetched while this one waited for the mutex.

        Returns None when there is none that is valid, fresh and newer.
        """
        cached = self._from_backend(query) if self._is_shared else None
        if cached is None or not timedelta() <= clock.now() - cached.fetched_at <= query.max_age:
            return None
        oldest = max(self._started_at, self._invalidated_at(query.key), newer_than or NEVER)
        is_newer = entry.cached is None or cached.fetched_at > entry.cached.fetched_at
        return replace(cached, from_peer=True) if is_newer and cached.fetched_at >= oldest else None

    def _failed(self, entry: Entry) -> None:
        with self._lock:
            entry.refresh = None
            if entry.cached:
                entry.cached = replace(entry.cached, refresh_failed=True)

    def _note_duration(self, key: str, seconds: float) -> None:
        """Remember of this kind of value whether it comes in time, so that the next readers need not find out."""
        with self._lock:
            if seconds > self.stale_wait:
                self._slow_kinds.add(kind_of(key))
            else:
                self._slow_kinds.discard(kind_of(key))

    def _served_stale(self, query: CacheQuery[Any]) -> None:
        if query.on_refresh is None:
            self.on_stale()

    def _stale(self, entry: Entry, key: str, cached: CachedValue[T]) -> CachedValue[T]:
        """`cached`, marked as failed, so that the next reader does not wait."""
        metrics.stale_answers.labels(kind_of(key)).inc()
        stale = replace(cached, refresh_failed=True)
        with self._lock:
            if entry.cached is cached:
                entry.cached = stale
        return stale

    # The backend

    def _from_backend(self, query: CacheQuery[Any]) -> CachedValue[Any] | None:
        with guard("get", "the cache could not be read", metrics.cache_failures):
            stored = self._backend.get(_stored_key(query)) if self._backend else None
            if query.persist and stored is not None:
                return _loads(query.persist, stored)
            return stored if isinstance(stored, CachedValue) else None
        return None

    def _to_backend(self, query: CacheQuery[Any], cached: CachedValue[Any]) -> None:
        if self._backend is None:
            return
        timeout = FOREVER if query.persist else int(query.max_age.total_seconds())
        with guard("set", "the cache could not be written", metrics.cache_failures):
            stored = _dumps(query.persist, cached) if query.persist else cached
            self._backend.set(_stored_key(query), stored, timeout)


def is_idle() -> bool:
    """Whether no refresh is under way in this process."""
    return not _under_way


def _dumps(codec: Codec, cached: CachedValue[Any]) -> str:
    record = {"fetched_at": cached.fetched_at.isoformat(), "value": codec.dumps(cached.value)}
    return json.dumps(record, ensure_ascii=False)


def _loads(codec: Codec, stored: str) -> CachedValue[Any]:
    record = json.loads(stored)
    return CachedValue(codec.loads(record["value"]), datetime.fromisoformat(record["fetched_at"]))


def _stored_key(query: CacheQuery[Any]) -> str:
    """The key in the backend. It holds the version for a pickled value, which other versions may not read."""
    return query.key if query.persist else f"{version()}:{query.key}"


def _prefixes(key: str) -> Iterator[str]:
    """`a:b:c` has the prefixes `a:` and `a:b:`."""
    return (key[: position + 1] for position, letter in enumerate(key) if letter == ":")
