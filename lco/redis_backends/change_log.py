"""The change log of several processes: a Redis Stream, whose ids are the ids of the entries.

Each process has one reader, which alone calls the listeners, so all processes have the order of the stream. While
Redis does not answer, a process is in local mode: its entries reach its own pages at once, and the other processes
when Redis is back.
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
from lco.changes.log import (
    MAX_ENTRIES,
    Change,
    ChangeId,
    Data,
    Listener,
    OnGap,
    Window,
    epoch_milliseconds,
    ignore,
)
from lco.changes.topics import LIVE, EventType
from lco.failures import backoff, guard
from lco.redis_backends.client import PREFIX, TIMEOUT, RedisClient, connection_options

log = logging.getLogger(__name__)

KEY = f"{PREFIX}changes"
LOCAL_ID_START = 500_000_000
"""Ids with this counter or a higher one were given in local mode, and mean nothing to other processes.

Each process starts at a random counter above it, because two may be in local mode in the same millisecond.
"""
READ_TIMEOUT = timedelta(seconds=1)
FIRST_PAUSE = timedelta(milliseconds=100)
LONGEST_PAUSE = timedelta(seconds=1)
"""Between two attempts of the reader; after the first failure there is none."""
MAX_REPLICATION_LAG = timedelta(seconds=5)
CLAIM_TTL = timedelta(hours=1)
READ_COUNT = 500


class RedisLog:
    """See `ChangeLog`. Before `start` it only appends, which is what commands need."""

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
        self._is_position_verified = True
        self._is_local = False
        self._first_local_id = LOCAL_ID_START + secrets.randbelow(LOCAL_ID_START - MAX_ENTRIES)
        self._to_push: deque[Change] = deque(maxlen=kept)
        self._followers: list[tuple[Listener, OnGap]] = []
        self._listeners: list[tuple[Listener, OnGap]] = []
        self._stop = threading.Event()
        self._begun = False
        self._thread: threading.Thread | None = None

    # Appending

    def append(self, topic: str, kind: EventType, data: Data | None = None, replica: Data | None = None) -> Change:
        """Append to the stream, or locally while Redis does not answer. Returns the entry with its id."""
        # Redis may stop and return in between, so both ways are tried until one succeeds.
        while True:
            if not self._is_local:
                change = Change(ChangeId(0, 0), clock.now(), topic, kind, dict(data or {}), replica)
                try:
                    return self._push(change)
                except RedisError as error:
                    self._enter_local_mode(error)
            with self._lock:
                if self._is_local:
                    change = self._append_locally(topic, kind, data, replica)
                    self._to_push.append(change)
                    return change

    def _push(self, change: Change) -> Change:
        """Append the entry to the stream. Returns it with its id."""
        fields: dict[Any, Any] = {serialization.FIELD: serialization.dumps(change, self._origin)}
        answer = self._redis.client.xadd(KEY, fields, maxlen=self._kept, approximate=True)
        return replace(change, id=serialization.change_id(answer))

    def _enter_local_mode(self, error: Exception) -> None:
        with self._lock:
            if self._is_local:
                return
            self._is_local = True
            self._append_locally(LIVE, EventType.LIVE_AWAY)
        metrics.redis_failures.labels("log").inc()
        log.warning("the change log is in local mode: %s", error)

    def _append_locally(
        self, topic: str, kind: EventType, data: Data | None = None, replica: Data | None = None
    ) -> Change:
        head = self._window.head
        following = ChangeId(head.milliseconds, max(self._first_local_id, head.counter + 1))
        change_id = max(ChangeId(epoch_milliseconds(), self._first_local_id), following)
        change = Change(change_id, clock.now(), topic, kind, dict(data or {}), replica)
        self._notify(change)
        return change

    def _notify(self, change: Change) -> None:
        self._window.add(change)
        for listener, _ in self._listeners:
            with guard("listener"):
                listener(change)

    # Reading

    @property
    def is_available(self) -> bool:
        """Whether Redis answers, so that changes of other processes arrive."""
        return not self._is_local

    def head(self) -> ChangeId:
        """Return the id of the newest entry that this process has received."""
        return self._window.head

    def since(self, seen: ChangeId) -> Sequence[Change] | None:
        """Return the entries after `seen`; none for an id that this process will receive soon.

        Returns None for an id of another process's local mode, and when the stream no longer reaches so far back.
        """
        with self._lock:
            if self._is_from_other_timeline(seen):
                return None
            entries, head = self._window.since(seen), self._window.head
        if entries is not None or self._is_local:
            return entries
        if seen > head:
            # Another process received it a moment before this one.
            age = timedelta(milliseconds=abs(epoch_milliseconds() - seen.milliseconds))
            return [] if age <= MAX_REPLICATION_LAG else None
        return self._redis.call(lambda: self._extend_window(seen), lambda: None)

    def _is_from_other_timeline(self, seen: ChangeId) -> bool:
        """Whether `seen` is from a process whose entries differed from those of this one."""
        if seen.counter >= LOCAL_ID_START:
            return not self._window.has(seen)
        return self._is_local and seen > self._position

    def _extend_window(self, seen: ChangeId) -> Sequence[Change] | None:
        """Extend the window as far back as the stream, once, and return its entries after `seen`."""
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
        """Return whether this process is the first to claim `what`. True for all while Redis does not answer."""

        def claim() -> bool:
            return bool(self._redis.client.set(f"{PREFIX}told:{what}", self._origin, nx=True, ex=CLAIM_TTL))

        return self._redis.call(claim, lambda: True)

    # Receiving

    def subscribe(self, listener: Listener, on_gap: OnGap = ignore) -> None:
        """Call `listener` for every entry from now on, and `on_gap` after a time in local mode."""
        with self._lock:
            self._listeners.append((listener, on_gap))

    def replicate(self, follower: Listener, on_gap: OnGap) -> None:
        """Call `follower` for entries of other processes, before any listener."""
        with self._lock:
            self._followers.append((follower, on_gap))

    def start(self) -> None:
        """Go to the end of the stream and start the reader. Starts in local mode when Redis does not answer."""
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
        """Stop receiving. Returns when the reader has ended."""
        self._stop.set()
        self._reader.connection_pool.disconnect()  # the reader waits for an answer there
        if self._thread:
            self._thread.join()
        self._reader.close()
        self._redis.close()

    # In the reader's own thread

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
                self._is_position_verified = False
                # A connection that was only cut is made again at once, without local mode.
                if failures:
                    self._enter_local_mode(error)
                    self._stop.wait(backoff(failures, FIRST_PAUSE, LONGEST_PAUSE).total_seconds())
                failures += 1

    def _step(self) -> None:
        if not self._is_local and not self._is_position_verified:
            self._verify_position()
        if self._is_local:
            self._rejoin()
        rows = self._reader.xread({KEY: str(self._position)}, READ_COUNT, int(READ_TIMEOUT.total_seconds() * 1000))
        for row in rows[0][1] if rows else ():
            if not self._receive(row):
                return

    def _verify_position(self) -> None:
        """After a cut, check that the stream still has the last entry: else entries may have been missed."""
        place = str(self._position)
        if not self._reader.xrange(KEY, place, place):
            self._enter_local_mode(RedisError("the stream no longer has the last entry"))
        self._is_position_verified = True

    def _receive(self, row: serialization.Row) -> bool:
        """Pass on an entry. Returns False when this process is in local mode by now: the entry comes too late."""
        change, origin = serialization.loads(row)
        if change and origin != self._origin:
            for follower, _ in self._followers:
                with guard("follower"):
                    follower(change)
        with self._lock:
            if self._is_local:
                return False
            self._position = serialization.change_id(row[0])
            # Entries of the topic `live` concern only their own process.
            if change and (change.topic != LIVE or origin == self._origin):
                self._notify(change)
            else:
                self._window.head = self._position
        return True

    def _rejoin(self) -> None:
        """Push the local entries, go to the end of the stream, and make all listeners read the present state."""
        while self._is_local:
            while self._to_push:
                self._push(self._to_push[0])
                self._to_push.popleft()
            self._seek_to_end()
        self._is_position_verified = True
        for _, on_gap in (*self._followers, *self._listeners):
            with guard("listener"):
                on_gap()
        log.warning("the change log has left local mode")
        self.append(LIVE, EventType.LIVE_BACK)

    def _seek_to_end(self) -> None:
        """Go to the end of the stream, once it is above every local id, unless there are entries to push."""
        newest = self._newest_id()
        if newest <= self._window.head or newest == ChangeId(0, 0):
            newest = self._advance_stream_id(self._window.head)
        with self._lock:
            if self._to_push or newest <= self._window.head:
                return
            self._position = newest
            self._window.reset(newest)
            self._reaches_back = True
            self._is_local = False

    def _newest_id(self) -> ChangeId:
        rows: list[serialization.Row] = self._reader.xrevrange(KEY, count=1)
        return serialization.change_id(rows[0][0]) if rows else ChangeId(0, 0)

    def _advance_stream_id(self, head: ChangeId) -> ChangeId:
        """Add an entry without meaning whose id is above `head`. Returns the id of the end of the stream."""
        above = ChangeId(max(epoch_milliseconds(), head.milliseconds + 1), 0)
        mark = Change(above, clock.now(), LIVE, EventType.LIVE_JOINED, {})
        try:
            self._reader.xadd(KEY, {serialization.FIELD: serialization.dumps(mark, self._origin)}, id=str(above))
        except ResponseError:
            # Another process may just have done the same.
            if self._newest_id() <= head:
                raise
        return self._newest_id()
