"""The client of `bench.fanout.crowd`, a separate process: pages that reconnect after the end of their stream.

It keeps the pauses that browsers keep: what the server named last in `retry`, longer while it cannot be reached.
It prints a line of JSON when all pages are live, each time that happens.
"""

import heapq
import json
import random
import re
import select
import socket
import sys
import time
from dataclasses import dataclass

FOR_ONE_ADDRESS = 90
END = b"\n\n"
RETRY = re.compile(rb"\nretry: ([0-9]+)\n")
GREETED = b"event: connected"
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
AT_ONCE = 400
"""Connections under way when the crowd comes for the first time, which is not what is measured."""


@dataclass
class Page:
    """A page: what it shows, and its connection while it has one."""

    number: int
    sock: socket.socket | None = None
    text: bytes = b""
    is_live: bool = False
    failures: int = 0
    retry: float = FIRST_PAUSE

    @property
    def request(self) -> bytes:
        vehicle = 1 + self.number % 15
        regions = "&".join(f"r={kind}:{vehicle}" for kind in ("card", "status", "rates")) + "&r=odoo"
        address = f"10.{self.number // 10_000}.{self.number // FOR_ONE_ADDRESS % 250}.1"
        return f"GET /live?{regions} HTTP/1.1\r\nHost: bench\r\nX-Forwarded-For: {address}\r\n\r\n".encode()


class Crowd:
    """All pages of this process, on one epoll."""

    def __init__(self, port: int, count: int) -> None:
        self._port = port
        self._epoll = select.epoll()
        self._pages = [Page(number) for number in range(count)]
        self._by_file: dict[int, Page] = {}
        self._due: list[tuple[float, int]] = []
        self._live = 0
        self._half = 0.0

    def run(self) -> None:
        for page in self._pages:
            heapq.heappush(self._due, (time.monotonic() + page.number / AT_ONCE / 5, page.number))
        was_complete = False
        while True:
            self._connect_due()
            for file, event in self._epoll.poll(self._pause(), 1000):
                self._handle(self._by_file[file], event)
            if self._live >= len(self._pages) / 2 and not self._half:
                self._half = time.monotonic()
            is_complete = self._live == len(self._pages)
            if is_complete and not was_complete:
                print(json.dumps({"live": self._live, "at": time.monotonic(), "half": self._half}), flush=True)
            if self._live < len(self._pages) / 2:
                self._half = 0.0
            was_complete = is_complete

    def _pause(self) -> float:
        return max(0.0, min(0.2, self._due[0][0] - time.monotonic())) if self._due else 0.2

    def _connect_due(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            page = self._pages[heapq.heappop(self._due)[1]]
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", self._port))
            page.sock, page.text, page.is_live = sock, b"", False
            self._by_file[sock.fileno()] = page
            self._epoll.register(sock.fileno(), select.EPOLLOUT)

    def _handle(self, page: Page, event: int) -> None:
        assert page.sock
        try:
            if event & (select.EPOLLERR | select.EPOLLHUP) and not event & select.EPOLLIN:
                self._close(page)
            elif event & select.EPOLLOUT:
                page.sock.sendall(page.request)
                self._epoll.modify(page.sock.fileno(), select.EPOLLIN)
            else:
                self._read(page, page.sock.recv(65_536))
        except OSError:
            self._close(page)

    def _read(self, page: Page, some: bytes) -> None:
        if not some:
            self._close(page)
            return
        page.text = (page.text + some)[-4096:]
        if found := RETRY.findall(page.text):
            page.retry = int(found[-1]) / 1000
        if not page.is_live and GREETED in page.text and END in page.text.partition(GREETED)[2]:
            page.is_live, page.failures = True, 0
            self._live += 1

    def _close(self, page: Page) -> None:
        assert page.sock
        self._epoll.unregister(page.sock.fileno())
        del self._by_file[page.sock.fileno()]
        page.sock.close()
        page.sock = None
        pause = page.retry
        if page.is_live:
            self._live -= 1
        else:
            pause = min(FIRST_PAUSE * 2**page.failures, LONGEST_PAUSE) * (1 + random.random())
            page.failures += 1
        page.is_live = False
        heapq.heappush(self._due, (time.monotonic() + pause, page.number))


if __name__ == "__main__":
    Crowd(int(sys.argv[1]), int(sys.argv[2])).run()
