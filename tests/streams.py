"""Reading event streams in tests: each message as a dictionary of its fields, as the standard describes."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests

PATIENCE = 10.0

Message = dict[str, str]


class Stream:
    """An open event stream. Messages gather in the background, so that waiting for one has an end."""

    def __init__(self, response: requests.Response) -> None:
        self.response = response
        self.seen: list[Message] = []
        self._messages: queue.Queue[Message] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

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

    @property
    def last_id(self) -> str:
        return next(message["id"] for message in reversed(self.seen) if "id" in message)

    def _read(self) -> None:
        try:
            for message in messages(self.response.iter_lines(chunk_size=1)):
                self._messages.put(message)
        except (requests.RequestException, AttributeError, ValueError):
            return  # the test, or the server, has closed the stream


def messages(lines: Iterator[bytes]) -> Iterator[Message]:
    """The messages of an event stream (WHATWG 9.2.6); comments stand under the name `comment`."""
    fields: Message = {}
    for line in (raw.decode() for raw in lines):
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
    with requests.get(url, headers=headers, stream=True, timeout=(5, 60)) as response:
        assert response.status_code == 200, response.text
        assert response.headers["Content-Type"].startswith("text/event-stream")
        yield Stream(response)
