"""Stale-while-revalidate: answers come from memory, and whoever finds them old sets one refresh going."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as WaitedTooLong
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from lco import budget, clock, metrics, validity
from lco.errors import OdooError
from lco.odoo.errors import OdooAway

log = logging.getLogger(__name__)

T = TypeVar("T")

USABLE = timedelta(days=1)
KEPT = 10_000
LONGEST_WAIT = 10.0
_loaders = ThreadPoolExecutor(max_workers=32, thread_name_prefix="refresh")


class Shelf(Protocol):
    """Where the last good answers lie over restarts: a Flask-Caching cache."""

    def get(self, key: str) -> Any: ...

    def set(self, key: str, value: Any, timeout: int | None = None) -> bool | None: ...


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """A value, when it was read from Odoo, and whether the latest attempt to read it again has failed."""

    value: T
    read_at: datetime
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """What is asked: its key, how long an answer counts as fresh, and how to get one.

    With `keep` the answer survives a restart. `stored` is called with every new reading.
    """

    key: str
    fresh: timedelta
    load: Callable[[], T]
    keep: bool = False
    stored: Callable[[Reading[T]], object] | None = None


class _Entry:
    def __init__(self, inherited: Reading[Any] | None) -> None:
        self.reading = self.inherited = inherited
        self.hinted = False
        self.hints = 0
        self.refresh: Future[None] | None = None

    def is_newer_than(self, reading: Reading[Any] | None) -> bool:
        return self.reading is not None and (reading is None or self.reading.read_at > reading.read_at)


class Freshness:
    """The readings of one process, at most `kept` of them; a `shelf` remembers the chosen ones over restarts."""

    def __init__(self, shelf: Shelf | None = None, kept: int = KEPT) -> None:
        self._shelf = shelf
        self._kept = kept
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self.hints = 0
        """How often `forget` was called: when that has grown, a page made before may hold what is old now."""

    def read(self, question: Question[T], *, wait: bool = False) -> Reading[T]:
        """What is known: at once when there is anything usable, else after waiting for an answer.

        A reading that is no longer fresh is given as it is while one refresh runs behind it. One that `forget`
        has touched is waited for, and still serves when the refresh fails. With `wait` so is any old one, and any
        from before this process began, which has missed whatever `forget` would have told it meanwhile.
        Raises OdooError when there is nothing to fall back on; waits no longer than the budget.
        """
        try:
            reading = self._read(question, wait=wait)
        except OdooError:
            validity.ends(clock.now())
            raise
        validity.ends(clock.now() if reading.failed else reading.read_at + question.fresh)
        return reading

    def _read(self, question: Question[T], *, wait: bool) -> Reading[T]:
        entry = self._entry(question)
        reading = entry.reading
        age = None if reading is None else clock.now() - reading.read_at
        if reading is None or age is None or age > USABLE:
            return self._loaded(entry, question, reading)
        old = age > question.fresh or reading.failed
        if entry.hinted or (wait and (old or reading is entry.inherited)):
            try:
                return self._loaded(entry, question, reading)
            except OdooError:
                return self._stale(entry, question.key, reading)
        if old:
            self._refresh(entry, question, reading)
        return reading

    def forget(self, prefix: str) -> None:
        """From now on, what lies under keys that start with `prefix` is asked again before it is answered."""
        with self._lock:
            self.hints += 1
            for key, entry in self._entries.items():
                if key.startswith(prefix):
                    entry.hinted = True
                    entry.hints += 1

    def _entry(self, question: Question[Any]) -> _Entry:
        # The shelf is asked before the entry is there for others, who would not find on it what lies on the shelf.
        shelved = self._from_shelf(question.key) if question.keep and question.key not in self._entries else None
        with self._lock:
            entry = self._entries.setdefault(question.key, _Entry(shelved))
            self._entries.move_to_end(question.key)
            while len(self._entries) > self._kept:
                self._entries.popitem(last=False)
        return entry

    def _loaded(self, entry: _Entry, question: Question[T], known: Reading[T] | None) -> Reading[T]:
        """A new reading. A refresh that was under way when a hint came may not know of it, so another follows."""
        self._wait(self._refresh(entry, question, known))
        if entry.hinted:
            self._wait(self._refresh(entry, question, entry.reading))
        if entry.reading is None:
            raise OdooAway
        return entry.reading

    @staticmethod
    def _wait(refresh: Future[None] | None) -> None:
        try:
            if refresh:
                refresh.result(budget.remaining(LONGEST_WAIT))
        except WaitedTooLong as error:
            raise OdooAway from error

    def _refresh(self, entry: _Entry, question: Question[Any], known: Reading[Any] | None) -> Future[None] | None:
        """The one refresh under way for `entry`, started now when there is none.

        None when another has ended since the caller looked and found `known`: there is something newer already.
        """
        with self._lock:
            if entry.refresh is None and not entry.is_newer_than(known):
                entry.refresh = _loaders.submit(self._run, entry, question)
            return entry.refresh

    def _run(self, entry: _Entry, question: Question[Any]) -> None:
        try:
            self._take(entry, question)
        except OdooError:
            self._failed(entry)
            raise
        except Exception as error:
            metrics.background_failures.labels("refresh").inc()
            log.exception("refreshing %s failed", question.key)
            self._failed(entry)
            raise OdooError from error

    def _take(self, entry: _Entry, question: Question[Any]) -> None:
        hints = entry.hints
        began = clock.now()
        reading = Reading(question.load(), began)
        with self._lock:
            entry.reading = reading
            # A hint that came while the answer was on its way may be about something it does not hold yet.
            entry.hinted = entry.hints != hints
            entry.refresh = None
        if question.keep:
            self._to_shelf(question.key, reading)
        if question.stored:
            question.stored(reading)

    def _failed(self, entry: _Entry) -> None:
        with self._lock:
            entry.refresh = None
            if entry.reading:
                entry.reading = replace(entry.reading, failed=True)

    def _stale(self, entry: _Entry, key: str, reading: Reading[T]) -> Reading[T]:
        """`reading`, marked. Who comes next need not wait as long: the refresh goes on, or is known to fail."""
        metrics.stale_answers.labels(key.partition(":")[0]).inc()
        stale = replace(reading, failed=True)
        with self._lock:
            entry.hinted = False
            if entry.reading is reading:
                entry.reading = stale
        return stale

    def _from_shelf(self, key: str) -> Reading[Any] | None:
        try:
            reading = self._shelf.get(key) if self._shelf else None
        except Exception:
            metrics.cache_failures.labels("get").inc()
            log.exception("the cache could not be read")
            return None
        return reading if isinstance(reading, Reading) else None

    def _to_shelf(self, key: str, reading: Reading[Any]) -> None:
        try:
            if self._shelf:
                self._shelf.set(key, reading, timeout=int(USABLE.total_seconds()))
        except Exception:
            metrics.cache_failures.labels("set").inc()
            log.exception("the cache could not be written")
