"""A response that takes its messages from a queue: bounded in bytes, with heartbeats."""

import threading
from collections import deque
from collections.abc import Callable
from datetime import timedelta

from lco.live import sse
from lco.live.subscriptions import MAX_PENDING_BYTES


class QueueConnection:
    """An iterable of bytes for a WSGI server, filled by another thread; `greeting` comes first.

    `on_close` is called exactly once: when the client is gone or too slow, or the stream is ended here.
    """

    def __init__(
        self,
        heartbeat: bytes,
        greeting: bytes,
        on_close: Callable[["QueueConnection"], object],
        every: timedelta = sse.HEARTBEAT_EVERY,
        most_waiting: int = MAX_PENDING_BYTES,
    ) -> None:
        self._heartbeat = heartbeat
        self._on_close = on_close
        self._every = every.total_seconds()
        self._most_waiting = most_waiting
        self._changed = threading.Condition()
        self._waiting = deque([greeting])
        self._size = 0
        self._closed = False

    def send(self, message: bytes) -> bool:
        """Add a message without waiting. Returns False when the queue is full, so the client is too slow."""
        with self._changed:
            if self._size and self._size + len(message) > self._most_waiting:
                return False
            if not self._closed:
                self._waiting.append(message)
                self._size += len(message)
                self._changed.notify()
            return True

    def close(self, last: bytes = b"") -> None:
        """End the stream after the queue and `last`; without `last` at once, since the client will come back."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            if last:
                self._waiting.append(last)
            else:
                self._waiting.clear()
            self._size = 0
            self._changed.notify()
        self._on_close(self)

    def __iter__(self) -> "QueueConnection":
        return self

    def __next__(self) -> bytes:
        """Return the whole queue as one chunk, or a heartbeat after a silence. Stops after `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed, self._every)
            if self._closed and not self._waiting:
                raise StopIteration
            chunk = b"".join(self._waiting)
            self._waiting.clear()
            self._size = 0
        return chunk or self._heartbeat
