"""The change log of several processes: a Redis Stream, whose ids are the ids of the entries.

Each process has one reader. It alone tells the listeners, so the order is the stream's everywhere. While Redis is
away, the process is a log of its own: what it appends reaches its own pages, and the others when Redis is back.
"""

import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import redis
from redis.exceptions import RedisError, ResponseError

from lco import clock, metrics
from lco.changes import serialization as entry
from lco.changes.log import KEPT, Change, ChangeId, Data, Listener, Lost, Window, milliseconds, nothing
from lco.redis_backends.client import PATIENCE, PREFIX, Redis, options

log = logging.getLogger(__name__)

KEY = f"{PREFIX}changes"
ALONE = 500_000_000
"""Ids from this counter on were given by one process while it was alone; they mean nothing to the others.

Each process begins somewhere of its own above it: two may be alone in the same millisecond.
"""
LISTEN = timedelta(seconds=1)
PAUSES = (0.0, 0.1, 0.2, 0.5, 1.0)
UNDER_WAY = timedelta(seconds=5)
TOLD_FOR = timedelta(hours=1)
MOST_AT_ONCE = 500


class RedisLog:
    """See `ChangeLog`. Until `begin`, it appends and hears nothing, as commands want it."""

    def __init__(self, shared: Redis, kept: int = KEPT) -> None:
        self._redis = shared
        self._reader: Any = redis.Redis.from_url(shared.url, **options(LISTEN + PATIENCE, retries=0))
        self._kept = kept
        self._origin = secrets.token_hex(8)
        self._lock = threading.Lock()
        self._window = Window(kept, ChangeId(0, 0))
        self._reaches_back = True
        self._position = ChangeId(0, 0)
        self._is_sure = True
        self._alone = False
        self._alone_from = ALONE + secrets.randbelow(ALONE - KEPT)
        self._to_push: deque[Change] = deque(maxlen=kept)
        self._followers: list[tuple[Listener, Lost]] = []
        self._listeners: list[tuple[Listener, Lost]] = []
        self._stop = threading.Event()
        self._begun = False
        self._thread: threading.Thread | None = None

    # Appending

    def append(self, topic: str, kind: str, data: Data | None = None, known: Data | None = None) -> Change:
        # Redis may go and come back in between, so it is asked until one of the two ways is open.
        while True:
            if not self._alone:
                change = Change(ChangeId(0, 0), clock.now(), topic, kind, dict(data or {}), known)
                try:
                    return self._pushed(change)
                except RedisError as error:
                    self._go_on_alone(error)
            with self._lock:
                if self._alone:
                    change = self._appended_alone(topic, kind, data, known)
                    self._to_push.append(change)
                    return change

    def _pushed(self, change: Change) -> Change:
        """The entry as it stands in the stream."""
        fields: dict[Any, Any] = {entry.FIELD: entry.written(change, self._origin)}
        answer = self._redis.client.xadd(KEY, fields, maxlen=self._kept, approximate=True)
        return replace(change, id=entry.change_id(answer))

    def _go_on_alone(self, error: Exception) -> None:
        with self._lock:
            if self._alone:
                return
            self._alone = True
            self._appended_alone("live", "live.away")
        metrics.redis_failures.labels("log").inc()
        log.warning("the change log goes on without Redis: %s", error)

    def _appended_alone(
        self, topic: str, kind: str, data: Data | None = None, known: Data | None = None
    ) -> Change:
        head = self._window.head
        following = ChangeId(head.milliseconds, max(self._alone_from, head.counter + 1))
        change_id = max(ChangeId(milliseconds(), self._alone_from), following)
        change = Change(change_id, clock.now(), topic, kind, dict(data or {}), known)
        self._tell(change)
        return change

    def _tell(self, change: Change) -> None:
        self._window.add(change)
        for listener, _ in self._listeners:
            _carefully("listener", partial(listener, change))

    # Asking

    @property
    def is_away(self) -> bool:
        return self._alone

    def head(self) -> ChangeId:
        return self._window.head

    def since(self, seen: ChangeId) -> Sequence[Change] | None:
        with self._lock:
            if self._is_foreign(seen):
                return None
            entries, head = self._window.since(seen), self._window.head
        if entries is not None or self._alone:
            return entries
        if seen > head:
            # Another process has heard of it a moment before this one, which will tell of it soon.
            age = timedelta(milliseconds=abs(milliseconds() - seen.milliseconds))
            return [] if age <= UNDER_WAY else None
        return self._redis.ask(lambda: self._further_back(seen), lambda: None)

    def _is_foreign(self, seen: ChangeId) -> bool:
        """Whether `seen` comes from a process that knew what this one does not, or the reverse."""
        if seen.counter >= ALONE:
            return not self._window.has(seen)
        return self._alone and seen > self._position

    def _further_back(self, seen: ChangeId) -> Sequence[Change] | None:
        """What the window says once it reaches as far back as the stream; this is asked of Redis once."""
        with self._lock:
            floor, room, worth_it = self._window.floor, self._window.room, self._reaches_back
        rows = self._range_back(floor, room + 1) if worth_it and room else []
        with self._lock:
            # Unless the stream still has the entry at which the window begins, something between is missing.
            if rows and entry.change_id(rows[0][0]) == floor == self._window.floor:
                read = (entry.read(row)[0] for row in reversed(rows[:-1]))
                older = [change for change in read if change and change.topic != "live"]
                self._window.put_in_front(older, entry.change_id(rows[-1][0]))
            self._reaches_back = False
            return self._window.since(seen)

    def _range_back(self, newest: ChangeId, count: int) -> list[entry.Row]:
        rows: list[entry.Row] = self._redis.client.xrevrange(KEY, max=str(newest), count=count)
        return rows

    def is_mine_to_tell(self, what: str) -> bool:
        def claim() -> bool:
            return bool(self._redis.client.set(f"{PREFIX}told:{what}", self._origin, nx=True, ex=TOLD_FOR))

        return self._redis.ask(claim, lambda: True)

    # Hearing

    def listen(self, listener: Listener, lost: Lost = nothing) -> None:
        with self._lock:
            self._listeners.append((listener, lost))

    def follow(self, follower: Listener, lost: Lost) -> None:
        with self._lock:
            self._followers.append((follower, lost))

    def begin(self) -> None:
        with self._lock:
            if self._begun:
                return
            self._begun = True
        try:
            self._join()
        except RedisError as error:
            self._go_on_alone(error)
        self._thread = threading.Thread(target=self._run, name="redis-reader", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hear nothing more. Returns when the reader has ended."""
        self._stop.set()
        self._reader.connection_pool.disconnect()  # the reader waits for an answer there
        if self._thread:
            self._thread.join()
        self._reader.close()
        self._redis.close()

    # From here on: the reader's own thread

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                self._step()
                failures = 0
            except Exception as error:
                if self._stop.is_set():
                    return
                if not isinstance(error, RedisError):
                    log.exception("the reader of the change log failed")
                metrics.redis_failures.labels("reader").inc()
                self._is_sure = False
                # A connection that was merely cut is made again at once, and nobody needs to know.
                if failures:
                    self._go_on_alone(error)
                self._stop.wait(PAUSES[min(failures, len(PAUSES) - 1)])
                failures += 1

    def _step(self) -> None:
        if not self._alone and not self._is_sure:
            self._make_sure()
        if self._alone:
            self._come_back()
        rows = self._reader.xread({KEY: str(self._position)}, MOST_AT_ONCE, int(LISTEN.total_seconds() * 1000))
        for row in rows[0][1] if rows else ():
            if not self._heard(row):
                return

    def _make_sure(self) -> None:
        """After a cut: the stream goes on behind the last entry only if it still has that entry."""
        place = str(self._position)
        if not self._reader.xrange(KEY, place, place):
            self._go_on_alone(RedisError("the stream no longer has what was heard last"))
        self._is_sure = True

    def _heard(self, row: entry.Row) -> bool:
        """Pass on an entry. False when this process has gone on alone meanwhile: the entry then comes too late."""
        change, origin = entry.read(row)
        if change and origin != self._origin:
            for follower, _ in self._followers:
                _carefully("follower", partial(follower, change))
        with self._lock:
            if self._alone:
                return False
            self._position = entry.change_id(row[0])
            # How another process gets on with Redis is no news here.
            if change and (change.topic != "live" or origin == self._origin):
                self._tell(change)
            else:
                self._window.head = self._position
        return True

    def _come_back(self) -> None:
        """Push what was appended alone, go to the stream's end, and have everybody look at the present state."""
        while self._alone:
            while self._to_push:
                self._pushed(self._to_push[0])
                self._to_push.popleft()
            self._join()
        self._is_sure = True
        for _, lost in (*self._followers, *self._listeners):
            _carefully("listener", lost)
        log.warning("the change log is together with the others again")
        self.append("live", "live.back")

    def _join(self) -> None:
        """Go to the stream's end, once that is above every id given here. Not while there is something to push."""
        newest = self._newest()
        if newest <= self._window.head or newest == ChangeId(0, 0):
            newest = self._lifted(self._window.head)
        with self._lock:
            if self._to_push or newest <= self._window.head:
                return
            self._position = newest
            self._window.start_again(newest)
            self._reaches_back = True
            self._alone = False

    def _newest(self) -> ChangeId:
        rows: list[entry.Row] = self._reader.xrevrange(KEY, count=1)
        return entry.change_id(rows[0][0]) if rows else ChangeId(0, 0)

    def _lifted(self, head: ChangeId) -> ChangeId:
        """The stream's end after an entry was added that is above `head`, and that means nothing else."""
        above = ChangeId(max(milliseconds(), head.milliseconds + 1), 0)
        mark = Change(above, clock.now(), "live", "live.joined", {})
        try:
            self._reader.xadd(KEY, {entry.FIELD: entry.written(mark, self._origin)}, id=str(above))
        except ResponseError:
            # Another process may just have done the same.
            if self._newest() <= head:
                raise
        return self._newest()


def _carefully(who: str, told: Callable[[], object]) -> None:
    """Tell somebody; a failure of theirs must not keep the others from hearing."""
    try:
        told()
    except Exception:
        metrics.background_failures.labels(who).inc()
        log.exception("a %s of the change log failed", who)
