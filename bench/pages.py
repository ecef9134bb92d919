"""Cached pages a second, beside a Flask application that returns as many ready bytes under the same server."""

import logging.config
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from bench import catalogue, client, report
from lco.web import logs, request_log
from tests import serving

PAGES = ("/equipment", "/equipment/6-bobcat-e35-mini-excavator")
ROUNDS = 5
SECONDS = 3.0
LINES = 2000
BROTLI = {"Accept-Encoding": "br"}
# The settings of the site's server, its worker and log too, without its hooks, which look for the site.
SAME_SERVER = """
import runpy
settings = runpy.run_path({path!r})
classes = ("worker_class", "logger_class")
kept = (name for name, value in settings.items() if name in classes or not callable(value))
globals().update((name, settings[name]) for name in kept if name[0] != "_")
"""


@contextmanager
def trivial(body: bytes, folder: Path) -> Iterator[serving.Server]:
    """The yardstick, which returns `body`."""
    settings, ready = folder / "same_server.py", folder / "body"
    settings.write_text(SAME_SERVER.format(path=str(serving.ROOT / "gunicorn.conf.py")))
    ready.write_bytes(body)
    port = serving.free_port()
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    command = [gunicorn, "-c", str(settings), "bench.trivial:app"]
    server = serving.Server(command, port, "/", {"PORT": str(port), "READY_BYTES": str(ready)})
    server.start()
    try:
        yield server
    finally:
        server.stop()


def fetched(url: str) -> tuple[bytes, str]:
    """The page's bytes as they travel, and its ETag."""
    with requests.get(url, headers=BROTLI, stream=True, timeout=10) as answer:
        assert answer.headers["Content-Encoding"] == "br"
        return answer.raw.read(decode_content=False), answer.headers["ETag"]


def compared(site: serving.Server, path: str) -> None:
    """Site and yardstick alternately, so that other load of the machine affects both."""
    body, etag = fetched(site.url + path)
    returning = {**BROTLI, "If-None-Match": etag}
    ready, kept, known = [], [], []
    with TemporaryDirectory() as name, trivial(body, Path(name)) as yardstick:
        for _ in range(ROUNDS):
            ready.append(client.a_second(yardstick.port, "/", SECONDS, **BROTLI))
            kept.append(client.a_second(site.port, path, SECONDS, **BROTLI))
            known.append(client.a_second(site.port, path, SECONDS, "304", **returning))
    report.fact(path, f"{len(body):,} bytes")
    report.rates("yardstick: a Flask route with as many bytes", ready)
    report.rates("the page", kept, statistics.median(ready))
    report.rates("the page, for who has it (304)", known, statistics.median(ready))


def log_line() -> float:
    """Seconds for one line of the request log, as JSON."""
    with Path(os.devnull).open("w") as nowhere:
        logged = logs.configuration("INFO", "json")
        logged["handlers"]["stderr"]["stream"] = nowhere
        logging.config.dictConfig(logged)
        answered = request_log.Answered("GET", "/equipment", 200, 0.005, "127.0.0.1")
        started = time.monotonic()
        for _ in range(LINES):
            request_log.write(answered, {})
        return (time.monotonic() - started) / LINES


def compared_with_log(site: serving.Server) -> None:
    """The part of the log in a list that is rendered; a cached page writes no line."""
    with requests.Session() as session:
        rendered = [catalogue.visit(session, f"{site.url}/equipment?max_price={1000 + n}") for n in range(200)]
    report.times("a list that is rendered", rendered)
    report.fact(
        "its line in the log", f"{100 * log_line() / statistics.median(rendered):.1f} % of that (promise: 3 %)"
    )


def main() -> None:
    report.title(f"Pages a second, {client.CONNECTIONS} connections (promise: 0.7 of a trivial Flask route)")
    with serving.demo() as odoo, TemporaryDirectory() as folder, serving.site(odoo.url, Path(folder)) as site:
        for path in PAGES:
            fetched(site.url + path)
            compared(site, path)
        compared_with_log(site)
        for line in requests.get(f"{site.url}/metrics", timeout=10).text.splitlines():
            if line.startswith("lco_pages_total"):
                report.fact(*line.split())
