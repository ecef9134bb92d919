"""Signed webhooks a second, stored and applied by one process on SQLite, beside a request that does nothing."""

import http.client
import json
import multiprocessing
import os
import signal
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.queues import Queue
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from bench import report
from lco import clock
from lco.db import Database
from lco.db.models import Delivery
from lco.webhooks.signature import sign
from tests import serving

SECONDS = 10
CLIENTS = 16


def booking(number: int) -> tuple[str, bytes]:
    reference = f"BK-{number}"
    payload = {"event_type": "booking.created", "booking_ref": reference, "vehicle_id": 1 + number % 15}
    payload |= {"customer_email": f"c{number}@example.com", "date_from": "2030-01-07", "date_to": "2030-01-11"}
    return "booking", json.dumps(payload).encode()


def price(number: int) -> tuple[str, bytes]:
    payload = {
        "event_type": "price.updated",
        "vehicle_id": 1 + number % 15,
        "rental_price_daily": number % 900 + 9,
        "currency": "USD",
    }
    return "inventory", json.dumps(payload).encode()


def nothing(_: int) -> tuple[str, bytes]:
    return "booking", b'{"event_type": "test"}'


KINDS = {"nothing": nothing, "booking": booking, "price": price}


def client(port: int, kind: str, seconds: float, accepted: "Queue[list[str]]") -> None:
    """Send one after the other on one connection; return which ones were answered with 200."""
    threads = ThreadPoolExecutor(CLIENTS)
    done = [threads.submit(_send, port, kind, seconds) for _ in range(CLIENTS)]
    accepted.put([name for sent in done for name in sent.result()])


def _send(port: int, kind: str, seconds: float) -> list[str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    answered = []
    end = time.monotonic() + seconds
    with suppress(OSError, http.client.HTTPException):
        while time.monotonic() < end:
            number = uuid.uuid4().int % 10**12
            endpoint, body = KINDS[kind](number)
            name = f"{kind}-{number}"
            headers = sign(serving.SECRET, name, clock.now(), body)
            connection.request("POST", f"/api/webhook/{endpoint}", body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status == http.HTTPStatus.OK:
                answered.append(name)
    return answered


def accepted_within(site: serving.Server, kind: str, seconds: float, *, killed: bool = False) -> list[str]:
    """The ids that were answered with 200; with `killed` the site is killed half-way."""
    accepted: Queue[list[str]] = multiprocessing.Queue()
    process = multiprocessing.Process(target=client, args=(site.port, kind, seconds, accepted))
    process.start()
    if killed:
        time.sleep(seconds / 2)
        kill(site)
    names = accepted.get()
    process.join()
    return names


def kill(site: serving.Server) -> None:
    """SIGKILL to the master and to its workers, which would continue for a second."""
    assert site.process
    found = subprocess.run(["pgrep", "-P", str(site.process.pid)], capture_output=True, text=True, check=True)
    for process in (site.process.pid, *map(int, found.stdout.split())):
        os.kill(process, signal.SIGKILL)
    site.process.wait()


def results(folder: Path) -> dict[str, str]:
    store = Database(f"sqlite:///{folder}/lco.sqlite3")
    with store.session() as session:
        found = {row.id: row.result for row in session.query(Delivery)}
    store.close()
    return found


def main() -> None:
    report.title("Webhooks stored and applied by one process on SQLite (promise: 500 a second, none lost)")
    with serving.demo() as odoo, TemporaryDirectory() as name, serving.site(odoo.url, Path(name)) as site:
        requests.get(f"{site.url}/equipment", timeout=10)
        idle = len(accepted_within(site, "nothing", SECONDS)) / SECONDS
        report.fact("yardstick: signed, and nothing to do", f"{idle:,.0f} a second")
        for kind in ("booking", "price"):
            names = accepted_within(site, kind, SECONDS)
            rate = len(names) / SECONDS
            report.fact(f"{kind}, stored and applied", f"{rate:,.0f} a second, {rate / idle:.2f} x yardstick")
        names = accepted_within(site, "booking", 4, killed=True)
        missing = set(names) - results(Path(name)).keys()
        report.fact("answered 200 before a SIGKILL", f"{len(names):,}, of which lost: {len(missing)}")
