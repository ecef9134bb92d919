"""Warm pages while Odoo misbehaves, beside the same pages while it does not."""

import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from bench import report
from tests import serving

PAGES = ("/", "/equipment", "/equipment?q=stihl", "/equipment/2-cat-299d3-skid-steer")
FAULTS = ("errors", "hang", "reset", "html", "nonsense", "down")
SECONDS = 20


def visits(session: requests.Session, url: str, seconds: float) -> list[float]:
    """How long each answer took, over a time in which every kept reading grows old; all must be 200."""
    taken = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for page in PAGES:
            started = time.monotonic()
            answer = session.get(url + page, timeout=30)
            taken.append(time.monotonic() - started)
            answer.raise_for_status()
            time.sleep(0.02)
    return taken


def main() -> None:
    report.title("Warm pages while Odoo misbehaves (promise: 200 with p95 under 100 ms)")
    with serving.demo() as odoo, TemporaryDirectory() as folder, serving.site(odoo.url, Path(folder)) as site:
        session = requests.Session()
        visits(session, site.url, 2)
        healthy = visits(session, site.url, SECONDS)
        report.times("yardstick: Odoo answers", healthy)
        for fault in FAULTS:
            odoo.control("faults", mode=fault, seconds=600)
            report.times(f"Odoo: {fault}", visits(session, site.url, SECONDS), statistics.median(healthy))
            odoo.control("faults", mode="off")
            visits(session, site.url, 5)
