"""Reading event streams in tests: each message as a dictionary of its fields, as the standard describes."""

import queue
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import urlsplit

from tests.serving import PATIENCE

Message = dict[str, str]


class Stream:
    """An open event stream. Messages gather in the background, so that waiting for one has an end."""

    def __init__(self, response: HTTPResponse) -> None:
        self.seen: list[Message] = []
        self._messages: queue.Queue[Message] = queue.Queue()
        self.reader = threading.Thread(target=self._read, args=(response,), daemon=True)
        self.reader.start()

    def next(self, wanted: Callable[[Message], bool] = lambda _: True, patience: float = PATIENCE) -> Message:
        """The next message that is `wanted`; AssertionError when it does not come in time."""
        while True:
            try:
                message = self._messages.get(timeout=patience)
            except queue.Empty:
                raise AssertionError(f"no such message; there were {self.seen}") from None
            self.seen.append(message)
            if wanted(message):
                return message

    def come(self) -> Message | None:
        """The next of the messages that are there already; None when all have been read."""
        try:
            self.seen.append(self._messages.get_nowait())
        except queue.Empty:
            return None
        return self.seen[-1]

    @property
    def last_id(self) -> str:
        return next(message["id"] for message in reversed(self.seen) if "id" in message)

    def _read(self, response: HTTPResponse) -> None:
        try:
            for message in messages(iter(response.readline, b"")):
                self._messages.put(message)
        except (OSError, ValueError, HTTPException):
            return  # the test, or the server, has closed the stream


def messages(lines: Iterable[bytes]) -> Iterator[Message]:
    """The messages of an event stream (WHATWG 9.2.6); comments stand under the name `comment`."""
    fields: Message = {}
    for line in (raw.decode().rstrip("\r\n") for raw in lines):
        if not line:
            if fields:
                yield fields
            fields = {}
            continue
        name, _, value = line.partition(":")
        name, value = name or "comment", value.removeprefix(" ")
        fields[name] = f"{fields[name]}\n{value}" if name == "data" and "data" in fields else value


@contextmanager
def opened(url: str, headers: dict[str, str] | None = None) -> Iterator[Stream]:
    parts = urlsplit(url)
    with over(HTTPConnection(parts.netloc, timeout=60), f"{parts.path}?{parts.query}", headers) as stream:
        yield stream


@contextmanager
def over(connection: HTTPConnection, path: str, headers: dict[str, str] | None = None) -> Iterator[Stream]:
    """A stream over this connection, which is closed afterwards."""
    connection.request("GET", path, headers=headers or {})
    sock = connection.sock
    response = connection.getresponse()
    assert response.status == 200, response.read()
    assert response.headers["Content-Type"].startswith("text/event-stream")
    stream = Stream(response)
    try:
        yield stream
    finally:
        with suppress(OSError):  # unless the server has ended the stream
            sock.shutdown(socket.SHUT_RDWR)  # the reading thread holds the response, so the socket is closed
        stream.reader.join(PATIENCE)
        connection.close()


class OpenStream:
    """A stream of a test client that is still open, read message by message."""

    def __init__(self, response):
        self.response = response
        self._messages = messages(self._lines())

    def next(self):
        return next(self._messages)

    def rest(self):
        return self._messages

    def _lines(self):
        rest = b""
        for piece in self.response.iter_encoded():
            *lines, rest = (rest + piece).split(b"\n")
            yield from lines
