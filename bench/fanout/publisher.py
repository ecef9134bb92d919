"""Sending prepared requests with as little work as possible, since it is done on the machine that is measured."""

import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

HEAD_END = b"\r\n\r\n"


def post(path: str, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    """A request as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + HEAD_END + body


class Publisher:
    """One connection that stays open, for one request after the other."""

    def __init__(self, port: int) -> None:
        self._line = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._text = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.close()

    def send(self, *requests: bytes) -> None:
        """Send each when the one before has been answered. Raises RuntimeError unless all succeed."""
        for request in requests:
            self.pipeline(request)

    def pipeline(self, *requests: bytes) -> None:
        """Send all, then read the answers (RFC 9112, 9.3.2). Raises RuntimeError unless all succeed."""
        self._line.sendall(b"".join(requests))
        for _ in requests:
            self._finish_answer()

    def _finish_answer(self) -> None:
        while HEAD_END not in self._text:
            self._read_more()
        head, _, self._text = self._text.partition(HEAD_END)
        if not head.startswith(b"HTTP/1.1 2"):
            raise RuntimeError(f"publishing was refused: {head + self._text!r}")
        length = next(int(value) for name, value in _fields(head) if name == b"content-length")
        while len(self._text) < length:
            self._read_more()
        self._text = self._text[length:]

    def _read_more(self) -> None:
        some = self._line.recv(65536)
        if not some:
            raise RuntimeError(f"the server closed while it answered: {self._text!r}")
        self._text += some


def _fields(head: bytes) -> list[tuple[bytes, bytes]]:
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return [(name.lower(), value.strip()) for name, _, value in lines]


class Publishers:
    """Several connections, open before the clock starts, that share out what is to be sent."""

    def __init__(self, port: int, count: int) -> None:
        self._all = [Publisher(port) for _ in range(count)]
        self._threads = ThreadPoolExecutor(count)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown()
        for publisher in self._all:
            publisher.__exit__(kind, error, trace)

    def send(self, requests: Sequence[bytes], *, pipelined: bool) -> None:
        """Send all, each connection its share. Raises RuntimeError unless all succeed."""
        way = Publisher.pipeline if pipelined else Publisher.send
        shares = (requests[start :: len(self._all)] for start in range(len(self._all)))
        for done in [self._threads.submit(way, p, *share) for p, share in zip(self._all, shares, strict=True)]:
            done.result()
