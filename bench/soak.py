"""A hundred thousand streams that come and go: what is left of them in the process that serves."""

import socket
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from bench import report
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


def worker(gunicorn: int) -> Path:
    """The folder in /proc of the process that serves."""
    (child,) = Path(f"/proc/{gunicorn}/task/{gunicorn}/children").read_text().split()
    return Path("/proc", child)


def megabytes(process: Path) -> float:
    rows = (process / "smaps_rollup").read_text().splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("Pss:")) / 1024


def open_files(process: Path) -> int:
    return sum(1 for _ in (process / "fd").iterdir())


def main() -> None:
    report.title(f"{CONNECTS:,} streams that come and go, {AT_ONCE:,} at once")
    with (
        serving.demo("http://127.0.0.1:9", "--no-webhooks") as odoo,
        TemporaryDirectory() as folder,
        serving.site(odoo.url, Path(folder)) as site,
    ):
        assert site.process
        requests.get(f"{site.url}/equipment", timeout=10)
        process = worker(site.process.pid)
        files = open_files(process)
        report.fact("before", f"{megabytes(process):.1f} MB, {files} open files")
        for done in range(AT_ONCE, CONNECTS + 1, AT_ONCE):
            come_and_go(site.port)
            if done % (CONNECTS // REPORTS) == 0:
                serving.wait_until(lambda: open_files(process) <= files, "the end of all streams")
                report.fact(f"after {done:,}", f"{megabytes(process):.1f} MB, {open_files(process)} open files")
