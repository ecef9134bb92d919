"""Open streams that cost a socket and a few hundred bytes each: taken over from gunicorn's gevent worker.

A server keeps a greenlet, its stack and its request for every answer that is open, and wakes every one of them for
every message. A line needs none of that. It is the bare connection: the hub writes to it without waiting, and
gevent's loop watches it. gunicorn leaves an answer alone when the application returns its mark for that
(`gunicorn.workers.base_async.ALREADY_HANDLED`); it closes its own end of the connection, and a duplicate, which is
the line's, stays open.

Everything here runs in the thread of gevent's loop and nothing waits, so there are no locks.
"""

import os
import socket
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

import gevent
import gevent.socket
from gevent.monkey import get_original

from lco import metrics
from lco.failures import guard
from lco.live import sse
from lco.live.send_buffer import YIELD
from lco.live.subscriptions import MAX_PENDING_BYTES

KERNEL_BUFFER_BYTES = 64 * 1024
"""Bytes the kernel is asked to hold for one client; left alone, it holds megabytes for one that never reads."""
USER_TIMEOUT = 3 * sse.HEARTBEAT_EVERY
"""When a client counts as gone that acknowledges nothing (RFC 5482); usual is a quarter of an hour."""
HEARTBEAT_BATCH_EVERY = timedelta(seconds=1)
"""How often the silent are looked for. All that are silent get their heartbeats together."""
AT_ONCE = 500
"""Heartbeats that are sent in one go, before others may run."""

READABLE, WRITABLE = 1, 2

BareSocket: type[socket.socket] = get_original("socket", "socket")
"""The one of the standard library, which does not know of gevent, and of which nothing ever waits."""


class SocketConnection:
    """The way to one client over its own connection, on which `greeting` comes first.

    `on_close` is called exactly once: when the client is gone, did not keep up, or the stream is ended here.
    """

    __slots__ = (
        *("_closed", "_connection", "_greeting", "_heartbeat", "_lines", "_on_close", "_reads", "_waiting"),
        *("_writes", "last_write"),
    )

    def __init__(
        self,
        lines: "SocketPool",
        heartbeat: bytes,
        greeting: bytes,
        on_close: Callable[["SocketConnection"], object],
    ) -> None:
        self._lines = lines
        self._heartbeat = heartbeat
        self._greeting = greeting
        self._on_close = on_close
        self._connection: socket.socket | None = None
        self._reads: Any = None
        self._writes: Any = None
        self._waiting = b""
        self._closed = False
        self.last_write = 0

    def open(self, connection: socket.socket, head: bytes) -> Iterable[bytes]:
        """Take `connection` over, which its server may close then, and send `head`, the greeting and what waits.

        Returns the mark that tells the server so. Raises OSError when the connection has ended, or when this
        process may open no more files.
        """
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, sse.milliseconds(USER_TIMEOUT))
            self._connection = _duplicate(connection)
        except OSError:
            self.close()
            raise
        self._lines.add(self)
        self._reads = gevent.get_hub().loop.io(self._connection.fileno(), READABLE)
        self._reads.start(self._on_readable, self._connection)
        first, self._greeting, self._waiting = head + self._greeting + self._waiting, b"", b""
        self.send(first)
        return self._lines.handled

    def send(self, message: bytes) -> bool:
        """Send `message`, now or as soon as the client can take it. False when too much waits for it already."""
        if self._closed:
            return True
        if self._connection is None or self._waiting:
            return self._keep(message)
        self.last_write = self._lines.beats
        self._waiting = _unsent(self._connection, message)
        if self._waiting:
            self._wait_for_room(self._connection)
        return True

    def close(self, last: bytes = b"") -> None:
        """End the stream. What waits is dropped, and `last` as well if anything does: the client comes back."""
        if self._closed:
            return
        self._closed = True
        if self._connection:
            if not self._waiting:
                _unsent(self._connection, last)
            self._release(self._connection)
        self._on_close(self)

    def send_heartbeat(self) -> None:
        """Say that the stream lives, or end it when the client does not even take that."""
        if not self.send(self._heartbeat):
            metrics.stream_overflows.inc()
            self.close()

    def _keep(self, message: bytes) -> bool:
        if self._waiting and len(self._waiting) + len(message) > MAX_PENDING_BYTES:
            return False
        self._waiting += message
        return True

    def _wait_for_room(self, connection: socket.socket) -> None:
        if self._writes is None:
            self._writes = gevent.get_hub().loop.io(connection.fileno(), WRITABLE)
        self._writes.start(self._on_writable, connection)

    def _on_writable(self, connection: socket.socket) -> None:
        self._waiting = _unsent(connection, self._waiting)
        if not self._waiting:
            self._writes.stop()

    def _on_readable(self, connection: socket.socket) -> None:
        """Something came from the client: its end. It has nothing else to say, so anything else is dropped."""
        try:
            said = connection.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            self.close()

    def _release(self, connection: socket.socket) -> None:
        for watch in filter(None, (self._reads, self._writes)):
            watch.close()
        connection.close()
        self._lines.drop(self)


def _duplicate(connection: socket.socket) -> socket.socket:
    """The same connection, to be used without ever waiting. Raises OSError."""
    same = BareSocket(connection.family, connection.type, connection.proto, os.dup(connection.fileno()))
    same.setblocking(False)
    return same


def _unsent(connection: socket.socket, message: bytes) -> bytes:
    """What the client could not take of `message`. If it is gone, that is nothing: the loop will tell so."""
    try:
        return message[connection.send(message) :]
    except BlockingIOError:
        return message
    except OSError:
        return b""


class SocketPool:
    """All lines of one process, and their heartbeats. `handled` tells its server that an answer is taken."""

    def __init__(
        self,
        handled: Iterable[bytes],
        every: timedelta = sse.HEARTBEAT_EVERY,
        beat: timedelta = HEARTBEAT_BATCH_EVERY,
    ) -> None:
        self.handled = handled
        self.beats = 0
        self._beat_seconds = beat.total_seconds()
        self._longest_silence = every // beat
        self._open: set[SocketConnection] = set()
        self._beating: gevent.Greenlet | None = None

    @staticmethod
    def can_take(environ: Mapping[str, Any]) -> bool:
        """Whether the request came over a connection that can be taken over, on a system that tells of lost ones.

        It cannot over TLS, for HTTP/2 and 1.0, on a local socket, and where TCP takes no time-out (Linux does).
        """
        connection: Any = environ.get("gunicorn.socket")
        if type(connection) is not gevent.socket.socket or environ["SERVER_PROTOCOL"] != "HTTP/1.1":
            return False
        return connection.family in {socket.AF_INET, socket.AF_INET6} and hasattr(socket, "TCP_USER_TIMEOUT")

    def open(
        self, heartbeat: bytes, greeting: bytes, on_close: Callable[[SocketConnection], object]
    ) -> SocketConnection:
        """A line that is not open yet."""
        return SocketConnection(self, heartbeat, greeting, on_close)

    def add(self, line: SocketConnection) -> None:
        self._open.add(line)
        if self._beating is None:
            self._beating = gevent.spawn(self._send_heartbeats)

    def drop(self, line: SocketConnection) -> None:
        self._open.discard(line)

    def _send_heartbeats(self) -> None:
        while True:
            gevent.sleep(self._beat_seconds)
            self.beats += 1
            with guard("heartbeats"):
                self._watch_heartbeats()

    def _watch_heartbeats(self) -> None:
        silent = [line for line in self._open if self.beats - line.last_write >= self._longest_silence]
        for number, line in enumerate(silent, 1):
            line.send_heartbeat()
            if number % AT_ONCE == 0:
                gevent.sleep(YIELD)
