"""A catalogue of 5,000 vehicles: list pages that are not cached, start and memory, beside the same with 15."""

import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from bench import live, report
from tests import serving

SIZES = (15, 5_000)
PAGES = 100
CHANGES = 30
WORDS = ("mower", "stihl", "skid steer", "excavator", "snow", "chain", "pro", "a", "trim", "bobcat e35")
CATEGORIES = ("Compact Equipment", "Power Tools", "Snow Removal", "Lawn & Garden")
SORTS = ("featured", "price", "-price", "name")


def addresses() -> Iterator[str]:
    """Lists that were not asked for before: no price comes twice, so none of them is cached."""
    for number in itertools.count(1):
        price = f"min_price={number / 100:.2f}"
        yield f"/equipment?{price}"
        yield f"/equipment?{price}&q={WORDS[number % len(WORDS)]}"
        yield f"/equipment?{price}&sort={SORTS[number % len(SORTS)]}&page={number % 5 + 1}"
        yield f"/equipment?{price}&category={CATEGORIES[number % len(CATEGORIES)]}&fuel_type=diesel"


def resident(server: serving.Server) -> float:
    """Megabytes in memory: the server and its workers, with what they share counted for each."""
    assert server.process
    pid = server.process.pid
    workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    statuses = [Path(f"/proc/{each}/status").read_text() for each in (pid, *workers)]
    return sum(int(text.partition("VmRSS:")[2].split()[0]) for text in statuses) / 1024


def visit(session: requests.Session, url: str) -> float:
    started = time.monotonic()
    session.get(url, timeout=30).raise_for_status()
    return time.monotonic() - started


def after_changes(session: requests.Session, site: serving.Server, odoo: serving.Demo, unseen: Callable[[], str]):
    """The first list after a price has changed, which has to order and to fold everything again."""
    taken = []
    for number in range(CHANGES):
        live.webhook(session, site.url, odoo, number)
        time.sleep(0.2)  # the site reads the vehicle again, which is not what is measured here
        live_url = site.url + unseen()
        taken.append(visit(session, live_url))
    return taken


def measured(vehicles: int) -> None:
    with (
        serving.demo("http://127.0.0.1:9", "--no-webhooks", "--vehicles", str(vehicles - 15)) as odoo,
        TemporaryDirectory() as name,
    ):
        started = time.monotonic()
        with serving.site(odoo.url, Path(name)) as site:
            session = requests.Session()
            visit(session, f"{site.url}/equipment")
            report.fact(
                f"{vehicles:,} vehicles, from the command to the list", f"{time.monotonic() - started:.2f} s"
            )
            fresh = resident(site)
            unseen = addresses()
            idle = [visit(session, f"{site.url}/healthz") for _ in range(PAGES)]
            taken = [visit(session, site.url + next(unseen)) for _ in range(4 * PAGES)]
            changed = after_changes(session, site, odoo, lambda: next(unseen))
            yardstick = statistics.median(idle)
            report.times("  yardstick: GET /healthz", idle)
            report.times("  a filtered list that is not kept", taken, yardstick)
            report.times("  the same, first after a change", changed, yardstick)
            report.fact("  memory, then after these pages", f"{fresh:.0f} MB, {resident(site):.0f} MB")


def main() -> None:
    report.title("A large catalogue (promise: 25 ms for a filtered list of 5,000 that is not kept)")
    for vehicles in SIZES:
        measured(vehicles)
