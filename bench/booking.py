"""The time that the site adds to a booking: `POST /api/booking` beside the same question to Odoo alone."""

import statistics
import time
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from bench import report
from lco import clock
from tests import serving
from tests.factories import order

ROUNDS = 100
PAUSE = 0.15
"""Seconds before each booking, in which both sides end what the last one left them: its mail, its webhook."""


def body(number: int) -> dict[str, object]:
    """Another machine or another week for each number, so that none is ever taken."""
    start = clock.now().date() + timedelta(days=30 + 7 * (number // 4))
    return order((3, 5, 7, 9)[number % 4], start, start + timedelta(days=4))


def taken(url: str, number: int) -> float:
    time.sleep(PAUSE)
    headers = {"X-Forwarded-For": f"198.51.{number % 250}.{number // 250 + 1}"}
    started = time.monotonic()
    answer = requests.post(url, json=body(number), headers=headers, timeout=20)
    spent = time.monotonic() - started
    assert answer.status_code == 201, answer.text
    return spent


def main() -> None:
    report.title("POST /api/booking beside Odoo alone, loopback (promise: at most 10 ms more)")
    with (
        serving.demo() as odoo,
        TemporaryDirectory() as name,
        serving.site(odoo.url, Path(name), TRUSTED_PROXIES="1", MAX_OPEN_DAYS="0") as site,
    ):
        requests.get(f"{site.url}/equipment", timeout=10)
        alone, through = [], []
        for number in range(ROUNDS):
            alone.append(taken(f"{odoo.url}/api/fleet/booking", 2 * number))
            through.append(taken(f"{site.url}/api/booking", 2 * number + 1))
        yardstick = statistics.median(alone)
        report.times("yardstick: Odoo alone", alone)
        report.times("through the site", through, yardstick)
        report.fact("added, median", f"{(statistics.median(through) - yardstick) * 1000:.2f} ms")
