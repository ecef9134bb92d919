"""Messages on their way out: gathered first, then handed over together."""

import logging
import time
from collections.abc import Callable, Sequence

from lco import metrics
from lco.live.subscriptions import Connection

log = logging.getLogger(__name__)

MAX_GATHERED_BYTES = 1024 * 1024
"""Bytes that are gathered before they are handed over."""
AT_ONCE = 1000
"""Messages that are handed over in one go, before requests may be answered again."""
YIELD = 0.0001
"""Seconds of a break. Under gevent only a sleep that is longer than nothing looks for what has come meanwhile."""


class SendBuffer:
    """What is to be sent, in order. `on_slow` is told of a sink that does not keep up, which is then closed.

    Writing to sockets and rendering push each other out of the processor's caches when they take turns for every
    message. So messages are made for a while, and then written for a while.
    """

    def __init__(self, on_slow: Callable[[Connection], object]) -> None:
        self._on_slow = on_slow
        self._messages: list[tuple[Sequence[Connection], bytes]] = []
        self._size = 0

    def add(self, sinks: Sequence[Connection], message: bytes) -> None:
        """Send `message` to each of `sinks` at the next `flush`, which is now if enough has gathered."""
        if not message:
            return
        self._messages.append((sinks, message))
        self._size += len(sinks) * len(message)
        if self._size >= MAX_GATHERED_BYTES or len(self._messages) >= AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Hand over all that has gathered."""
        messages = self._messages
        self.drop()
        number = 0
        for sinks, message in messages:
            for connection in sinks:
                if not connection.send(message):
                    self._too_slow(connection)
                number += 1
                if number % AT_ONCE == 0:
                    time.sleep(YIELD)

    def _too_slow(self, connection: Connection) -> None:
        metrics.stream_overflows.inc()
        log.info("a stream is closed: its client does not keep up")
        self._on_slow(connection)
        connection.close()

    def drop(self) -> None:
        """Forget what has gathered."""
        self._messages, self._size = [], 0
