"""The change log of several processes: a Redis Stream, whose ids are the ids of the entries.

Each process has one reader. It alone tells the listeners, so the order is the stream's everywhere. While Redis is
away, the process is a log of its own: what it appends reaches its own pages, and the others when Redis is back.
"""

import logging
import secrets
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import redis
from redis.exceptions import RedisError, ResponseError

from lco import clock, metrics
from lco.changes import serialization
from lco.changes.log import MAX_ENTRIES, Change, ChangeId, Data, Listener, OnGap, Window, ignore, milliseconds
from lco.changes.topics import LIVE, EventType
from lco.failures import guard
from lco.redis_backends.client import PREFIX, TIMEOUT, RedisClient, connection_options

log = logging.getLogger(__name__)

KEY = f"{PREFIX}changes"
LOCAL_ID_START = 500_000_000
"""Ids from this counter on were given by one process while it was alone; they mean nothing to the others.

Each process begins somewhere of its own above it: two may be alone in the same millisecond.
"""
READ_TIMEOUT = timedelta(seconds=1)
RETRY_PAUSES = (0.0, 0.1, 0.2, 0.5, 1.0)
MAX_REPLICATION_LAG = timedelta(seconds=5)
CLAIM_TTL = timedelta(hours=1)
READ_COUNT = 500


class RedisLog:
    """See `ChangeLog`. Until `begin`, it appends and hears nothing, as commands want it."""

    def __init__(self, shared: RedisClient, kept: int = MAX_ENTRIES) -> None:
        self._redis = shared
        self._reader: Any = redis.Redis.from_url(
            shared.url, **connection_options(READ_TIMEOUT + TIMEOUT, retries=0)
        )
        self._kept = kept
        self._origin = secrets.token_hex(8)
        self._lock = threading.Lock()
        self._window = Window(kept, ChangeId(0, 0))
        self._reaches_back = True
        self._position = ChangeId(0, 0)
        self._is_sure = True
        self._alone = False
        self._alone_from = LOCAL_ID_START + secrets.randbelow(LOCAL_ID_START - MAX_ENTRIES)
        self._to_push: deque[Change] = deque(maxlen=kept)
        self._followers: list[tuple[Listener, OnGap]] = []
        self._listeners: list[tuple[Listener, OnGap]] = []
        self._stop = threading.Event()
        self._begun = False
        self._thread: threading.Thread | None = None

    # Appending

    def append(self, topic: str, kind: EventType, data: Data | None = None, known: Data | None = None) -> Change:
        # Redis may go and come back in between, so it is asked until one of the two ways is open.
        while True:
            if not self._alone:
                change = Change(ChangeId(0, 0), clock.now(), topic, kind, dict(data or {}), known)
                try:
                    return self._push(change)
                except RedisError as error:
                    self._enter_local_mode(error)
            with self._lock:
                if self._alone:
                    change = self._append_locally(topic, kind, data, known)
                    self._to_push.append(change)
                    return change

    def _push(self, change: Change) -> Change:
        """The entry as it stands in the stream."""
        fields: dict[Any, Any] = {serialization.FIELD: serialization.dumps(change, self._origin)}
        answer = self._redis.client.xadd(KEY, fields, maxlen=self._kept, approximate=True)
        return replace(change, id=serialization.change_id(answer))

    def _enter_local_mode(self, error: Exception) -> None:
        with self._lock:
            if self._alone:
                return
            self._alone = True
            self._append_locally(LIVE, EventType.LIVE_AWAY)
        metrics.redis_failures.labels("log").inc()
        log.warning("the change log goes on without Redis: %s", error)

    def _append_locally(
        self, topic: str, kind: EventType, data: Data | None = None, known: Data | None = None
    ) -> Change:
        head = self._window.head
        following = ChangeId(head.milliseconds, max(self._alone_from, head.counter + 1))
        change_id = max(ChangeId(milliseconds(), self._alone_from), following)
        change = Change(change_id, clock.now(), topic, kind, dict(data or {}), known)
        self._notify(change)
        return change

    def _notify(self, change: Change) -> None:
        self._window.add(change)
        for listener, _ in self._listeners:
            with guard("listener"):
                listener(change)

    # Asking

    @property
    def is_available(self) -> bool:
        return not self._alone

    def head(self) -> ChangeId:
        return self._window.head

    def since(self, seen: ChangeId) -> Sequence[Change] | None:
        with self._lock:
            if self._is_from_other_timeline(seen):
                return None
            entries, head = self._window.since(seen), self._window.head
        if entries is not None or self._alone:
            return entries
        if seen > head:
            # Another process has heard of it a moment before this one, which will tell of it soon.
            age = timedelta(milliseconds=abs(milliseconds() - seen.milliseconds))
            return [] if age <= MAX_REPLICATION_LAG else None
        return self._redis.call(lambda: self._extend_window(seen), lambda: None)

    def _is_from_other_timeline(self, seen: ChangeId) -> bool:
        """Whether `seen` comes from a process that knew what this one does not, or the reverse."""
        if seen.counter >= LOCAL_ID_START:
            return not self._window.has(seen)
        return self._alone and seen > self._position

    def _extend_window(self, seen: ChangeId) -> Sequence[Change] | None:
        """What the window says once it reaches as far back as the stream; this is asked of Redis once."""
        with self._lock:
            floor, room, worth_it = self._window.floor, self._window.room, self._reaches_back
        rows = self._read_backwards(floor, room + 1) if worth_it and room else []
        with self._lock:
            # Unless the stream still has the entry at which the window begins, something between is missing.
            if rows and serialization.change_id(rows[0][0]) == floor == self._window.floor:
                read = (serialization.loads(row)[0] for row in reversed(rows[:-1]))
                older = [change for change in read if change and change.topic != LIVE]
                self._window.prepend(older, serialization.change_id(rows[-1][0]))
            self._reaches_back = False
            return self._window.since(seen)

    def _read_backwards(self, newest: ChangeId, count: int) -> list[serialization.Row]:
        rows: list[serialization.Row] = self._redis.client.xrevrange(KEY, max=str(newest), count=count)
        return rows

    def claim(self, what: str) -> bool:
        def claim() -> bool:
            return bool(self._redis.client.set(f"{PREFIX}told:{what}", self._origin, nx=True, ex=CLAIM_TTL))

        return self._redis.call(claim, lambda: True)

    # Hearing

    def subscribe(self, listener: Listener, lost: OnGap = ignore) -> None:
        with self._lock:
            self._listeners.append((listener, lost))

    def replicate(self, follower: Listener, lost: OnGap) -> None:
        with self._lock:
            self._followers.append((follower, lost))

    def start(self) -> None:
        with self._lock:
            if self._begun:
                return
            self._begun = True
        try:
            self._seek_to_end()
        except RedisError as error:
            self._enter_local_mode(error)
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
                    self._enter_local_mode(error)
                self._stop.wait(RETRY_PAUSES[min(failures, len(RETRY_PAUSES) - 1)])
                failures += 1

    def _step(self) -> None:
        if not self._alone and not self._is_sure:
            self._verify_position()
        if self._alone:
            self._rejoin()
        rows = self._reader.xread({KEY: str(self._position)}, READ_COUNT, int(READ_TIMEOUT.total_seconds() * 1000))
        for row in rows[0][1] if rows else ():
            if not self._receive(row):
                return

    def _verify_position(self) -> None:
        """After a cut: the stream goes on behind the last entry only if it still has that entry."""
        place = str(self._position)
        if not self._reader.xrange(KEY, place, place):
            self._enter_local_mode(RedisError("the stream no longer has what was heard last"))
        self._is_sure = True

    def _receive(self, row: serialization.Row) -> bool:
        """Pass on an entry. False when this process has gone on alone meanwhile: the entry then comes too late."""
        change, origin = serialization.loads(row)
        if change and origin != self._origin:
            for follower, _ in self._followers:
                with guard("follower"):
                    follower(change)
        with self._lock:
            if self._alone:
                return False
            self._position = serialization.change_id(row[0])
            # How another process gets on with Redis is no news here.
            if change and (change.topic != LIVE or origin == self._origin):
                self._notify(change)
            else:
                self._window.head = self._position
        return True

    def _rejoin(self) -> None:
        """Push what was appended alone, go to the stream's end, and have everybody look at the present state."""
        while self._alone:
            while self._to_push:
                self._push(self._to_push[0])
                self._to_push.popleft()
            self._seek_to_end()
        self._is_sure = True
        for _, lost in (*self._followers, *self._listeners):
            with guard("listener"):
                lost()
        log.warning("the change log is together with the others again")
        self.append(LIVE, EventType.LIVE_BACK)

    def _seek_to_end(self) -> None:
        """Go to the stream's end, once that is above every id given here. Not while there is something to push."""
        newest = self._newest_id()
        if newest <= self._window.head or newest == ChangeId(0, 0):
            newest = self._advance_stream_id(self._window.head)
        with self._lock:
            if self._to_push or newest <= self._window.head:
                return
            self._position = newest
            self._window.reset(newest)
            self._reaches_back = True
            self._alone = False

    def _newest_id(self) -> ChangeId:
        rows: list[serialization.Row] = self._reader.xrevrange(KEY, count=1)
        return serialization.change_id(rows[0][0]) if rows else ChangeId(0, 0)

    def _advance_stream_id(self, head: ChangeId) -> ChangeId:
        """The stream's end after an entry was added that is above `head`, and that means nothing else."""
        above = ChangeId(max(milliseconds(), head.milliseconds + 1), 0)
        mark = Change(above, clock.now(), LIVE, EventType.LIVE_JOINED, {})
        try:
            self._reader.xadd(KEY, {serialization.FIELD: serialization.dumps(mark, self._origin)}, id=str(above))
        except ResponseError:
            # Another process may just have done the same.
            if self._newest_id() <= head:
                raise
        return self._newest_id()
