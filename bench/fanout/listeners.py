"""The client, a process of its own: very many event streams on one epoll, and the instant of each message.

Both sides are read by it, and it must not be what is measured: so no gevent, no parser, one buffer. Orders come as
lines of JSON on standard input (see `bench.fanout.audience`), answers go as such lines to standard output, and the
process ends with its input.
"""

import gc
import json
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

FOR_ONE_ADDRESS = 100
"""As many streams as the site allows one address: see lco/live/connection_limit.py."""
UNDER_WAY = 200
"""So many connections are opened at a time, far fewer than a server lets wait."""
PATIENCE = 60.0

HEAD_END = b"\r\n\r\n"
END = b"\n\n"
FRAGMENT = b"<hx-partial"
"""In every message that changes a page, and in no heartbeat."""
NOTHING = b"\0"


class Listeners:
    """All streams of this process. A stream is known by its number, in the order of opening."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._numbers: dict[int, int] = {}
        self._buffer = bytearray(64 * 1024)
        self._partial: dict[int, bytes] = {}
        self._marker = NOTHING
        self._due: set[int] = set()
        self._received: dict[int, float] = {}
        self._sample = b""
        self._strays = 0
        self._lost = 0

    def open(self, port: int, paths: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Open a stream for each path and wait for the first message of each. Raises RuntimeError when refused."""
        first = len(self._numbers)
        for start in range(0, len(paths), UNDER_WAY):
            some = paths[start : start + UNDER_WAY]
            sockets = [self._connected(first + start + n, port, path) for n, path in enumerate(some)]
            for sock in sockets:
                self._greeted(sock)
        yield {"open": len(self._sockets)}

    def listen(self, marker: str, numbers: Sequence[int], linger: float) -> Iterator[dict[str, Any]]:
        """Note when a message with `marker` is complete on each of the streams `numbers`.

        Says when it is ready, and then, `linger` seconds after the last one has it, what was received. A message
        to others, or a second one, is a stray.
        """
        self._marker = NOTHING
        while self._read(0):
            pass
        self._strays = 0
        self._received = {}
        self._due = set(numbers)
        self._marker = marker.encode()
        cpu = time.process_time()
        yield {"ready": len(self._due)}
        end = time.monotonic() + PATIENCE
        while self._due and time.monotonic() < end:
            self._read(0.1)
        cpu = time.process_time() - cpu
        end = time.monotonic() + linger
        while (left := end - time.monotonic()) > 0:
            self._read(left)
        yield {
            "received": list(self._received.items()),
            "missing": len(self._due),
            "strays": self._strays,
            "lost": self._lost,
            "cpu": cpu,
            "sample": self._sample.decode(),
        }

    def _connected(self, number: int, port: int, path: str) -> socket.socket:
        sock = socket.socket()
        # Its port must not be in the way of a server that starts meanwhile, nor later, waiting for a late packet.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.bind((f"127.0.0.{1 + number // FOR_ONE_ADDRESS}", 0))
        sock.connect(("127.0.0.1", port))
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n".encode())
        self._sockets[sock.fileno()] = sock
        self._numbers[sock.fileno()] = number
        return sock

    def _greeted(self, sock: socket.socket) -> None:
        """Read the head of the answer and the first message, and listen to what follows."""
        sock.settimeout(PATIENCE)
        text = b""
        while END not in text.partition(HEAD_END)[2]:
            some = sock.recv(len(self._buffer))
            text += some
            if not some or b" 200 " not in text[:20]:
                raise RuntimeError(f"a stream was refused: {text[:200]!r}")
        sock.setblocking(False)
        self._epoll.register(sock.fileno(), select.EPOLLIN)

    def _read(self, patience: float) -> int:
        """Read once from every stream that has something, and say from how many that was."""
        ready = self._epoll.poll(patience, len(self._sockets) or 1)
        for fd, _ in ready:
            self._receive(fd)
        return len(ready)

    def _receive(self, fd: int) -> None:
        try:
            count = self._sockets[fd].recv_into(self._buffer)
        except OSError:
            count = 0
        now = time.monotonic()
        if not count:
            self._lose(fd)
            return
        text = self._buffer
        if fd in self._partial:
            text = bytearray(self._partial.pop(fd) + text[:count])
            count = len(text)
        at = text.find(self._marker, 0, count)
        if at >= 0 and text.find(END, at, count) >= 0:
            self._sample = self._sample or bytes(text[:count])
            self._note(self._numbers[fd], now)
        elif text.find(END, max(0, count - 4), count) < 0:
            self._partial[fd] = bytes(text[:count])
        elif text.find(FRAGMENT, 0, count) >= 0:
            self._strays += 1

    def _note(self, number: int, now: float) -> None:
        if number in self._due:
            self._due.discard(number)
            self._received[number] = now
        else:
            self._strays += 1

    def _lose(self, fd: int) -> None:
        self._epoll.unregister(fd)
        self._sockets.pop(fd).close()
        self._lost += 1


def orders() -> Iterator[dict[str, Any]]:
    for line in sys.stdin:
        yield json.loads(line)


def main() -> None:
    # Ctrl-C reaches every process at the terminal; the one that measures then ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    listeners = Listeners()
    for order in orders():
        for answer in getattr(listeners, order.pop("do"))(**order):
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
