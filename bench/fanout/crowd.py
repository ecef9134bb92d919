"""Mass reconnection: thousands of pages lose their server and reconnect as browsers do, while visitors load pages.

`python -m bench crowd`. The pages' process is `bench.fanout.returning`; visitors load the list all the time.
"""

import http.client
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

from bench import report
from bench.fanout import measures, process
from bench.fanout.sides import Side
from tests import serving

PAGES = 5_000
OPENINGS = 5
BETWEEN = 0.05
"""Seconds between two visits."""


def opening() -> None:
    """How long it takes to open so many streams, beside nginx with nchan in the same run."""
    pages = process.room_for(PAGES)
    report.title(f"Opening {pages:,} streams (promise: at most 6 times nchan's time)")
    each = pages // OPENINGS
    with measures.both([1] * each) as (site, nchan):
        ours, theirs = [], []
        for _ in range(OPENINGS - 1):
            ours.append(_opened(site, each))
            if nchan:
                theirs.append(_opened(nchan, each))
        report.beside(f"{each:,} more streams", ours, theirs)


def _opened(side: Side, count: int) -> float:
    began = time.monotonic()
    side.open([1] * count)
    return time.monotonic() - began


class Visitors:
    """Loads of the list, one after the other, and how long each took; an answer that never came counts as lost."""

    def __init__(self, url: str) -> None:
        self.taken: list[tuple[float, float]] = []
        self.lost: list[float] = []
        self._url = f"{url}/equipment"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)

    @contextmanager
    def looking(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._thread.join()

    def since(self, instant: float) -> list[float]:
        return [seconds for began, seconds in self.taken if began >= instant]

    def _look(self) -> None:
        while not self._ended.wait(BETWEEN):
            began = time.monotonic()
            try:
                requests.get(self._url, timeout=30).raise_for_status()
            except requests.RequestException:
                self.lost.append(began)
            else:
                self.taken.append((began, time.monotonic() - began))


@contextmanager
def crowd(port: int, pages: int) -> Iterator["subprocess.Popen[str]"]:
    """So many open pages of the list and of machines, all live when the block begins."""
    command = [sys.executable, "-m", "bench.fanout.returning", str(port), str(pages)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as listening:
        try:
            assert _said(listening)["live"] == pages
            yield listening
        finally:
            listening.kill()


def _said(listening: "subprocess.Popen[str]") -> Any:
    assert listening.stdout
    return json.loads(listening.stdout.readline())


def returning(wanted: int, promise: str, idle: int = 0) -> None:
    """The server is stopped and started again, while so many pages and idle connections are open."""
    pages = process.room_for(wanted)
    report.title(f"{pages:,} pages and {idle} idle connections lose their server (promise: {promise})")
    with (
        serving.demo("http://127.0.0.1:9", "--no-webhooks") as odoo,
        TemporaryDirectory() as folder,
        serving.site(odoo.url, Path(folder), TRUSTED_PROXIES="1") as site,
        ExitStack() as open_lines,
    ):
        requests.get(f"{site.url}/equipment", timeout=30).raise_for_status()
        visitors = Visitors(site.url)
        with visitors.looking(), crowd(site.port, pages) as listening:
            for _ in range(idle):
                open_lines.enter_context(idle_connection(site.port))
            began = time.monotonic()
            site.stop(signal.SIGTERM)
            stopped = time.monotonic()
            site.start()
            back = time.monotonic()
            live = _said(listening)
            time.sleep(1)
        report.fact("stopped after", f"{stopped - began:.2f} s, answering again after {back - began:.2f} s")
        report.fact("pages live again after the stop", f"{live['at'] - began:.2f} s, {live['live']:,} of them")
        report.fact("pages live again after its return", f"{live['at'] - back:.2f} s")
        taken = visitors.since(back)
        report.times("the list meanwhile", taken)
        without = [instant - began for instant in visitors.lost]
        between = f"from {min(without, default=0):.2f} to {max(without, default=0):.2f} s"
        report.fact("visits without an answer", f"{len(without)}, {between}")


@contextmanager
def idle_connection(port: int) -> Iterator[None]:
    """A connection that has been used and is kept for a next request, as routers keep them."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/healthz")
    connection.getresponse().read()
    try:
        yield
    finally:
        connection.close()


def main() -> None:
    opening()
    returning(PAGES, "all live within 5 s of its return, visitors p95 250 ms")


def restart() -> None:
    returning(2_000, "stopped within 3 s, pages live again within 12 s", idle=100)
