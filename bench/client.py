"""As many requests a second as a server answers: keep-alive connections in one loop, with little else to do."""

import re
import selectors
import socket
import time
from contextlib import ExitStack

CONNECTIONS = 16
LENGTH = re.compile(rb"\r\nContent-Length: ([0-9]+)", re.IGNORECASE)

NEW_PAGE = re.compile(rb"HTTP/1\.1 200 .*?\r\nETag: ([^\r]+)", re.DOTALL)
KNOWN = re.compile(rb"If-None-Match: [^\r]+")


class Connection:
    """One request after the other; `status` is how every answer that counts must begin.

    A client that has the page takes a new one as browsers do: its next request names the new ETag.
    """

    def __init__(self, port: int, request: bytes, status: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answered = 0
        self._request = request
        self._status = status
        self._received = b""

    def ask(self) -> None:
        self._received = b""
        self.socket.sendall(self._request)

    def receive(self) -> None:
        """Take what has come, and ask again when that completes the answer."""
        part = self.socket.recv(65_536)
        assert part, "the server closed the connection"
        self._received += part
        if not self._complete():
            return
        if self._status == b"304" and (new := NEW_PAGE.match(self._received)):
            self._request = KNOWN.sub(lambda _: b"If-None-Match: " + new[1], self._request)
        else:
            assert self._received.startswith(b"HTTP/1.1 " + self._status), self._received[:100]
            self.answered += 1
        self.ask()

    def _complete(self) -> bool:
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return False
        length = LENGTH.search(self._received, 0, end)
        return len(self._received) >= end + 4 + (int(length[1]) if length else 0)


def a_second(port: int, path: str, seconds: float, status: str = "200", **headers: str) -> float:
    """How many requests a second are answered at `path` with `status`."""
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *(f"{k}: {v}" for k, v in headers.items())]
    request = "\r\n".join([*lines, "", ""]).encode()
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        connections = [Connection(port, request, status.encode()) for _ in range(CONNECTIONS)]
        for connection in connections:
            stack.enter_context(connection.socket)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.ask()
        started = time.monotonic()
        while (spent := time.monotonic() - started) < seconds:
            for key, _ in selector.select(1):
                key.data.receive()
    return sum(connection.answered for connection in connections) / spent
