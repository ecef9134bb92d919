"""An open page: what it showed when it was loaded, and what its stream has sent since, as a browser has it."""

import http.client
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random
from urllib.parse import quote, urlsplit

import requests

from tests.html import parse
from tests.streams import messages

RECONNECT_AFTER = (0.5, 1.5)
SILENCE = 40.0
"""Seconds without a heartbeat after which the page's script opens another stream."""
IGNORED = ("news",)
"""Kinds of regions that depend on when a page was loaded."""

Shown = dict[str, str]


def shown(html: str, *, whole: bool) -> Shown:
    """The text of each live region, by its id."""
    elements = (element for element in parse(html, whole=whole).iter() if isinstance(element.tag, str))
    return {
        element.get("id"): " ".join(" ".join(element.itertext()).split())
        for element in elements
        if element.get("data-region", "news").partition(":")[0] not in IGNORED
    }


class OpenPage:
    """The page `path` in a browser that is sent now to this site, now to that one. `close` ends its thread."""

    def __init__(self, path: str, address: Callable[[], str], seed: object) -> None:
        self.path = path
        self.shows: Shown = {}
        self.streams = 0
        self._address = address
        self._chance = Random(str(seed))
        self._ended = threading.Event()
        self._seen = ""
        self._connection: http.client.HTTPConnection | None = None
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        if self._connection and self._connection.sock:
            with suppress(OSError):
                self._connection.sock.shutdown(2)
        self._thread.join(10)

    def _live(self) -> None:
        names = self._load()
        while not self._ended.is_set():
            with suppress(OSError, http.client.HTTPException, ValueError):
                self._follow(names)
            self._ended.wait(self._chance.uniform(*RECONNECT_AFTER))

    def _load(self) -> list[str]:
        """The names of the page's regions. A page that fails is loaded again, as people do."""
        while not self._ended.is_set():
            with suppress(requests.RequestException):
                answer = requests.get(self._address() + self.path, timeout=20)
                if answer.ok:
                    return self._take_page(answer.text)
            self._ended.wait(1)
        return []

    def _take_page(self, html: str) -> list[str]:
        root = parse(html, whole=True)
        elements = [element for element in root.iter() if isinstance(element.tag, str)]
        self._seen = next(element.get("data-since") for element in elements if element.get("id") == "stream")
        self.shows = shown(html, whole=True)
        return [element.get("data-region") for element in elements if element.get("data-region")]

    def _follow(self, names: list[str]) -> None:
        regions = "&".join(f"r={quote(name, safe=':')}" for name in names)
        parts = urlsplit(self._address())
        self._connection = http.client.HTTPConnection(parts.netloc, timeout=SILENCE)
        headers = {"Last-Event-ID": self._seen, "X-Forwarded-For": f"203.0.113.{self._chance.randrange(1, 250)}"}
        try:
            self._connection.request("GET", f"/live?{regions}&since={quote(self._seen)}", headers=headers)
            answer = self._connection.getresponse()
            if answer.status != http.client.OK:
                return
            self.streams += 1
            for message in messages(iter(answer.readline, b"")):
                if self._ended.is_set():
                    return
                self._take(message)
        finally:
            self._connection.close()

    def _take(self, message: dict[str, str]) -> None:
        if "event" not in message and "<hx-partial" in message.get("data", ""):
            self.shows |= shown(message["data"], whole=False)
        self._seen = message.get("id", self._seen)


def differences(page: OpenPage, fresh: Shown) -> list[str]:
    """The regions of the open page that show something else than a page that is loaded now."""
    return [
        f"{page.path} {name}: shows {page.shows[name]!r}, a new page {fresh[name]!r}"
        for name in sorted(page.shows.keys() & fresh.keys())
        if page.shows[name] != fresh[name]
    ]


def wait_for_load(page: OpenPage, seconds: float) -> None:
    """Returns once the page shows something, at the latest after `seconds`."""
    until = time.monotonic() + seconds
    while not page.shows and time.monotonic() < until:
        time.sleep(0.05)
