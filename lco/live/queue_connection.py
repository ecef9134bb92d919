"""Where one open response waits for its messages: bounded in bytes, and never silent for long."""

import threading
from collections import deque
from collections.abc import Callable
from datetime import timedelta

from lco.live import sse
from lco.live.subscriptions import MAX_PENDING_BYTES


class QueueConnection:
    """An iterable of bytes for a WSGI server, filled from another thread; `greeting` comes first.

    `on_close` is called exactly once: when the client is gone, did not keep up, or the stream is ended here.
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
        """Hand over a message, without waiting. False when so much waits already that the client is too slow."""
        with self._changed:
            if self._size and self._size + len(message) > self._most_waiting:
                return False
            if not self._closed:
                self._waiting.append(message)
                self._size += len(message)
                self._changed.notify()
            return True

    def close(self, last: bytes = b"") -> None:
        """End the stream after what waits and `last`; without `last` at once, since the client will come back."""
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
        """All that waits, as one piece; the heartbeat after a silence. Ends when the pipe is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed, self._every)
            if self._closed and not self._waiting:
                raise StopIteration
            piece = b"".join(self._waiting)
            self._waiting.clear()
            self._size = 0
        return piece or self._heartbeat
