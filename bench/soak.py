"""A hundred thousand streams that come and go: what is left of them in the process that serves."""

import socket
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from bench import report
from bench.fanout import process
from tests import serving

CONNECTS = 100_000
AT_ONCE = 1_000
FOR_ONE_ADDRESS = 50
REPORTS = 5
ASK = b"GET /live?r=rates:%d HTTP/1.1\r\nHost: site\r\n\r\n"


def come_and_go(port: int) -> None:
    """Open AT_ONCE streams, of which every other is read from, and close them all."""
    with ExitStack() as stack:
        callers = [stack.enter_context(caller(port, number)) for number in range(AT_ONCE)]
        for one in callers[::2]:
            assert one.recv(4096).startswith(b"HTTP/1.1 200 OK")


def caller(port: int, number: int) -> socket.socket:
    connection = socket.create_connection(
        ("127.0.0.1", port), timeout=60, source_address=(f"127.0.1.{1 + number // FOR_ONE_ADDRESS}", 0)
    )
    connection.sendall(ASK % (1 + number % 15))
    return connection


def open_files(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def megabytes(pid: int) -> float:
    return process.memory(pid).pss / 1024**2


def main() -> None:
    report.title(f"{CONNECTS:,} streams that come and go, {AT_ONCE:,} at once")
    with (
        serving.demo("http://127.0.0.1:9", "--no-webhooks") as odoo,
        TemporaryDirectory() as folder,
        serving.site(odoo.url, Path(folder)) as site,
    ):
        requests.get(f"{site.url}/equipment", timeout=10)
        worker = site.worker
        files = open_files(worker)
        report.fact("before", f"{megabytes(worker):.1f} MB, {files} open files")
        for done in range(AT_ONCE, CONNECTS + 1, AT_ONCE):
            come_and_go(site.port)
            if done % (CONNECTS // REPORTS) == 0:
                serving.wait_until(lambda: open_files(worker) <= files, "the end of all streams")
                report.fact(f"after {done:,}", f"{megabytes(worker):.1f} MB, {open_files(worker)} open files")
