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
from lco import deadline as budget
from lco.caching import expiry as validity
from lco.caching.entries import Entries, Entry, Reading, prefixes
from lco.errors import OdooAway, OdooError

log = logging.getLogger(__name__)

T = TypeVar("T")

USABLE = timedelta(days=1)
KEPT = 10_000
LONGEST_WAIT = 10.0
_loaders = ThreadPoolExecutor(max_workers=32, thread_name_prefix="refresh")


class Shelf(Protocol):
    """Where the last good answers lie, over restarts and for other processes: a Flask-Caching cache."""

    def get(self, key: str) -> Any: ...

    def set(self, key: str, value: Any, timeout: int | None = None) -> bool | None: ...


Turn = Callable[[str], AbstractContextManager[object]]
"""In what `turn(key)` opens, no other process reads the answer to this key."""


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


class Freshness:
    """The readings of one process, at most `kept` of them; a `shelf` remembers the chosen ones over restarts.

    With `turn` other processes use the same shelf: it then holds all readings for as long as they are fresh.
    """

    def __init__(self, shelf: Shelf | None = None, kept: int = KEPT, turn: Turn | None = None) -> None:
        self._shelf = shelf
        self._kept = kept
        self._shares = turn is not None
        self._turn = turn or nullcontext
        self._began = clock.now()
        self._lock = threading.Lock()
        self._entries = Entries(kept)
        self.hints = 0
        """How often `forget` was called: when that has grown, a page made before may hold what is old now."""
        self._forgotten: OrderedDict[str, datetime] = OrderedDict()

    def read(self, question: Question[T], *, wait: bool = False) -> Reading[T]:
        """What is known: at once when there is anything usable, else after waiting for an answer.

        A reading that is no longer fresh is given as it is while one refresh runs behind it. One that `forget`
        has touched is waited for, and still serves when the refresh fails. With `wait` so is any old one, and any
        from before this process began, or before `doubt`, which has missed what `forget` would have told it.
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
        if entry.hinted or (wait and (old or reading.read_at < entry.needed_from)):
            try:
                return self._loaded(entry, question, reading)
            except OdooError:
                return self._stale(entry, question.key, reading)
        if old:
            self._refresh(entry, question, reading)
        return reading

    def forget(self, prefix: str, before: datetime | None = None) -> None:
        """From now on, what lies under keys that start with `prefix` is asked again before it is answered.

        With `before` only what was read before that instant. A prefix ends with a colon.
        """
        instant = before or clock.now()
        with self._lock:
            self.hints += 1
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

    def _entry(self, question: Question[Any]) -> Entry:
        # The shelf is asked before the entry is there for others, who would not find on it what lies on the shelf.
        shelved = self._from_shelf(question.key) if question.keep and question.key not in self._entries else None
        with self._lock:
            entry = self._entries.get(question.key) or self._new_entry(question.key, shelved)
            self._entries.touch(question.key)
        return entry

    def _new_entry(self, key: str, shelved: Reading[Any] | None) -> Entry:
        hints = [self._forgotten[prefix] for prefix in prefixes(key) if prefix in self._forgotten]
        hinted = shelved is not None and any(shelved.read_at < hint for hint in hints)
        entry = Entry(shelved, max([self._began, *hints]), hinted=hinted)
        self._entries.add(key, entry)
        return entry

    def _loaded(self, entry: Entry, question: Question[T], known: Reading[T] | None) -> Reading[T]:
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

    def _refresh(self, entry: Entry, question: Question[Any], known: Reading[Any] | None) -> Future[None] | None:
        """The one refresh under way for `entry`, started now when there is none.

        None when another has ended since the caller looked and found `known`: there is something newer already.
        """
        with self._lock:
            if entry.refresh is None and not entry.is_newer_than(known):
                entry.refresh = _loaders.submit(self._run, entry, question)
            return entry.refresh

    def _run(self, entry: Entry, question: Question[Any]) -> None:
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

    def _take(self, entry: Entry, question: Question[Any]) -> None:
        with self._turn(question.key):
            hints = entry.hints
            reading = self._borrowed(entry, question) or self._read_now(question)
            with self._lock:
                entry.reading = reading
                # A hint that came while the answer was on its way may be about something it does not hold yet.
                entry.hinted = entry.hints != hints
                entry.refresh = None
            # Others may have it once it is announced: what they borrow they take for known everywhere.
            if question.stored:
                question.stored(reading)
            if (question.keep or self._shares) and not reading.borrowed:
                self._to_shelf(question, reading)

    @staticmethod
    def _read_now(question: Question[T]) -> Reading[T]:
        began = clock.now()
        return Reading(question.load(), began)

    def _borrowed(self, entry: Entry, question: Question[Any]) -> Reading[Any] | None:
        """What another process has read while this one waited for its turn, if that serves as well."""
        reading = self._from_shelf(question.key) if self._shares else None
        if reading is None or not entry.can_use(reading) or clock.now() - reading.read_at > question.fresh:
            return None
        return replace(reading, borrowed=True)

    def _failed(self, entry: Entry) -> None:
        with self._lock:
            entry.refresh = None
            if entry.reading:
                entry.reading = replace(entry.reading, failed=True)

    def _stale(self, entry: Entry, key: str, reading: Reading[T]) -> Reading[T]:
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

    def _to_shelf(self, question: Question[Any], reading: Reading[Any]) -> None:
        kept_for = USABLE if question.keep else question.fresh
        try:
            if self._shelf:
                self._shelf.set(question.key, reading, timeout=int(kept_for.total_seconds()))
        except Exception:
            metrics.cache_failures.labels("set").inc()
            log.exception("the cache could not be written")


def _is_from(instant: datetime, reading: Reading[Any] | None) -> bool:
    return reading is not None and reading.read_at >= instant
