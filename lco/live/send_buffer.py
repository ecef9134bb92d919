"""Buffer outgoing messages and write them in batches."""

import logging
import time
from collections.abc import Callable, Sequence

from lco import metrics
from lco.live.subscriptions import Connection

log = logging.getLogger(__name__)

MAX_BUFFERED_BYTES = 1024 * 1024
"""Bytes that are buffered before they are written."""
WRITE_BATCH = 1000
"""Messages that are written before other greenlets may run."""
YIELD = 0.0001
"""Seconds. Under gevent only a sleep longer than zero checks for new connections and data."""


class SendBuffer:
    """Messages in the order in which they are to be sent.

    `on_slow` is called with a connection whose client does not keep up; the connection is then closed. Rendering
    and writing to sockets push each other out of the processor's caches when they alternate, so both are done in
    batches.
    """

    def __init__(self, on_slow: Callable[[Connection], object]) -> None:
        self._on_slow = on_slow
        self._messages: list[tuple[Sequence[Connection], bytes]] = []
        self._size = 0

    def add(self, connections: Sequence[Connection], message: bytes) -> None:
        """Send `message` to each of `connections` at the next `flush`; flush now when the buffer is full."""
        if not message:
            return
        self._messages.append((connections, message))
        self._size += len(connections) * len(message)
        if self._size >= MAX_BUFFERED_BYTES or len(self._messages) >= WRITE_BATCH:
            self.flush()

    def flush(self) -> None:
        """Write everything in the buffer."""
        messages = self._messages
        self.drop()
        number = 0
        for connections, message in messages:
            for connection in connections:
                if not connection.send(message):
                    self._too_slow(connection)
                number += 1
                if number % WRITE_BATCH == 0:
                    time.sleep(YIELD)

    def _too_slow(self, connection: Connection) -> None:
        metrics.stream_overflows.inc()
        log.info("a stream is closed: its client does not keep up")
        self._on_slow(connection)
        connection.close()

    def drop(self) -> None:
        """Empty the buffer without writing."""
        self._messages, self._size = [], 0
