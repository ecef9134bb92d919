"""Event streams on bare sockets, taken over from gunicorn's gevent worker (hijacked): a few hundred bytes each.

A server keeps a greenlet, its stack and its request for every open response, and wakes each for every message.
Here the hub writes to the socket without waiting, and gevent's loop watches it. gunicorn leaves a response alone
when the application returns its mark for that (`gunicorn.workers.base_async.ALREADY_HANDLED`). It then closes its
own descriptor, while a duplicate stays open here.

Everything runs in the thread of gevent's loop and nothing waits, so there are no locks.
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
"""Bytes in the kernel's send buffer for one client. The default grows to megabytes when a client never reads."""
USER_TIMEOUT = 3 * sse.HEARTBEAT_EVERY
"""The time until a client that acknowledges nothing is gone (RFC 5482). The default is a quarter of an hour."""
TICK = timedelta(seconds=1)
"""The interval at which silent connections are looked for. They get their heartbeats together."""
HEARTBEAT_BATCH = 500
"""Heartbeats that are sent before other greenlets may run."""

READABLE, WRITABLE = 1, 2

BareSocket: type[socket.socket] = get_original("socket", "socket")
"""The socket of the standard library, without gevent. It is used without blocking only."""


class SocketConnection:
    """A connection to one client over its own socket, on which `greeting` comes first.

    `on_close` is called exactly once: when the client is gone or too slow, or the stream is ended here.
    `last_write` is the tick of the pool at which something was sent.
    """

    __slots__ = (
        "_closed",
        "_connection",
        "_greeting",
        "_heartbeat",
        "_on_close",
        "_pool",
        "_reads",
        "_waiting",
        "_writes",
        "last_write",
    )

    def __init__(
        self,
        pool: "SocketPool",
        heartbeat: bytes,
        greeting: bytes,
        on_close: Callable[["SocketConnection"], object],
    ) -> None:
        self._pool = pool
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
        """Take `connection` over, and send `head`, the greeting and what waits. The server may then close its end.

        Returns the mark that makes the server leave the response alone. Raises OSError when the connection has
        ended, or when this process may open no more files.
        """
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, sse.milliseconds(USER_TIMEOUT))
            self._connection = _duplicate(connection)
        except OSError:
            self.close()
            raise
        self._pool.add(self)
        self._reads = gevent.get_hub().loop.io(self._connection.fileno(), READABLE)
        self._reads.start(self._on_readable, self._connection)
        first, self._greeting, self._waiting = head + self._greeting + self._waiting, b"", b""
        self.send(first)
        return self._pool.handled

    def send(self, message: bytes) -> bool:
        """Send `message` now or as soon as the client can take it. Returns False when too much waits already."""
        if self._closed:
            return True
        if self._connection is None or self._waiting:
            return self._keep(message)
        self.last_write = self._pool.ticks
        self._waiting = _unsent(self._connection, message)
        if self._waiting:
            self._wait_for_room(self._connection)
        return True

    def close(self, last: bytes = b"") -> None:
        """End the stream, with `last` as its last message, unless others wait: they are dropped."""
        if self._closed:
            return
        self._closed = True
        if self._connection:
            if not self._waiting:
                _unsent(self._connection, last)
            self._release(self._connection)
        self._on_close(self)

    def send_heartbeat(self) -> None:
        """Send a heartbeat, or end the stream when the client cannot take even that."""
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
        """Close when the client has closed. Anything else that a client sends is dropped."""
        try:
            received = connection.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if not received:
            self.close()

    def _release(self, connection: socket.socket) -> None:
        for watch in filter(None, (self._reads, self._writes)):
            watch.close()
        connection.close()
        self._pool.drop(self)


def _duplicate(connection: socket.socket) -> socket.socket:
    """Return a duplicate that never blocks. Raises OSError."""
    same = BareSocket(connection.family, connection.type, connection.proto, os.dup(connection.fileno()))
    same.setblocking(False)
    return same


def _unsent(connection: socket.socket, message: bytes) -> bytes:
    """Return what the client could not take of `message`: nothing if it is gone, which the loop will report."""
    try:
        return message[connection.send(message) :]
    except BlockingIOError:
        return message
    except OSError:
        return b""


class SocketPool:
    """All hijacked connections of one process, and their heartbeats. `handled` is the mark for the server."""

    def __init__(
        self,
        handled: Iterable[bytes],
        every: timedelta = sse.HEARTBEAT_EVERY,
        tick: timedelta = TICK,
    ) -> None:
        self.handled = handled
        self.ticks = 0
        self._tick_seconds = tick.total_seconds()
        self._longest_silence = every // tick
        self._open: set[SocketConnection] = set()
        self._heartbeats: gevent.Greenlet | None = None

    @staticmethod
    def can_take(environ: Mapping[str, Any]) -> bool:
        """Whether the request came over a socket that can be taken over, on a system that reports lost clients.

        Not with TLS, HTTP/2, HTTP/1.0 or a Unix socket, and not where TCP has no user time-out (Linux has it).
        """
        connection: Any = environ.get("gunicorn.socket")
        if type(connection) is not gevent.socket.socket or environ["SERVER_PROTOCOL"] != "HTTP/1.1":
            return False
        return connection.family in {socket.AF_INET, socket.AF_INET6} and hasattr(socket, "TCP_USER_TIMEOUT")

    def open(
        self, heartbeat: bytes, greeting: bytes, on_close: Callable[[SocketConnection], object]
    ) -> SocketConnection:
        """Return a connection that is not open yet."""
        return SocketConnection(self, heartbeat, greeting, on_close)

    def add(self, connection: SocketConnection) -> None:
        """Send heartbeats to `connection` from now on."""
        self._open.add(connection)
        if self._heartbeats is None:
            self._heartbeats = gevent.spawn(self._send_heartbeats)

    def drop(self, connection: SocketConnection) -> None:
        """Send no more heartbeats to `connection`."""
        self._open.discard(connection)

    def _send_heartbeats(self) -> None:
        while True:
            gevent.sleep(self._tick_seconds)
            self.ticks += 1
            with guard("heartbeats"):
                self._watch_heartbeats()

    def _watch_heartbeats(self) -> None:
        silent = [one for one in self._open if self.ticks - one.last_write >= self._longest_silence]
        for number, connection in enumerate(silent, 1):
            connection.send_heartbeat()
            if number % HEARTBEAT_BATCH == 0:
                gevent.sleep(YIELD)
