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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.close()

    def send(self, *requests: bytes) -> None:
        """Send each when the one before has been answered. Raises RuntimeError unless all succeed."""
        for request in requests:
            self._line.sendall(request)
            self._finish_answer()

    def _finish_answer(self) -> None:
        text = b""
        while HEAD_END not in text:
            text += self._more(text)
        head, _, body = text.partition(HEAD_END)
        if not head.startswith(b"HTTP/1.1 2"):
            raise RuntimeError(f"publishing was refused: {text!r}")
        length = next(int(value) for name, value in _fields(head) if name == b"content-length")
        while len(body) < length:
            body += self._more(body)

    def _more(self, before: bytes) -> bytes:
        some = self._line.recv(65536)
        if not some:
            raise RuntimeError(f"the server closed while it answered: {before!r}")
        return some


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

    def send(self, requests: Sequence[bytes]) -> None:
        """Send all, each connection its share. Raises RuntimeError unless all succeed."""
        count = len(self._all)
        shares = (requests[start::count] for start in range(count))
        for done in [self._threads.submit(p.send, *share) for p, share in zip(self._all, shares, strict=True)]:
            done.result()
