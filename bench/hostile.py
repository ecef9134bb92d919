"""The damage by one hostile client: wrong picture addresses, random days and words, costly streams."""

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import requests
from werkzeug.wrappers import Request, Response

from bench import report
from bench.fanout import process
from lco import clock
from lco.demo import server
from tests import serving, streams

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

WRONG_PICTURES = 50_000
A_SECOND = 50
SECONDS = 10
MACHINES = 5_000
PAIRS = 10_000
SEARCHES = 100_000
STREAMS = 100
THREADS = 4
SETTINGS = {"TRUSTED_PROXIES": "1", "LOG_LEVEL": "WARNING", "RECONCILE_SECONDS": "3600"}
WORDS = ("digger", "saw", "stihl", "mower", "ﷺ", "generator", "blower", "trencher")


class KeptLists:
    """The demo, whose lists are made once: the first answer to a page of one is that for all other days, too.

    It takes seconds for a list of thousands of machines, and the site would be measured while it waits.
    """

    def __init__(self, demo: str) -> None:
        self._demo = demo
        self._pages: dict[tuple[object, ...], bytes] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        asked = request.args
        page = ("available_from" in asked, asked.get("limit"), asked.get("offset"))
        if request.path != "/api/fleet/vehicles":
            return self._answer(request)(environ, start_response)
        if page not in self._pages:
            self._pages[page] = self._answer(request).data
        return Response(self._pages[page], mimetype="application/json")(environ, start_response)

    def _answer(self, request: Request) -> Response:
        headers = {name: value for name, value in request.headers if name != "Host"}
        address = self._demo + request.full_path
        found = requests.request(request.method, address, data=request.get_data(), headers=headers, timeout=60)
        return Response(found.content, found.status_code, mimetype=found.headers.get("Content-Type"))


@contextmanager
def running(*odoo_options: str, keeps_lists: bool = False) -> Iterator[tuple[serving.Demo, serving.Server, Path]]:
    with (
        serving.demo("http://127.0.0.1:9", "--no-webhooks", *odoo_options) as odoo,
        TemporaryDirectory() as name,
        server.running(KeptLists(odoo.url)) if keeps_lists else nullcontext(odoo.url) as url,
        serving.site(url, Path(name), **SETTINGS) as site,
    ):
        # Until thousands of machines are read, the first pages say that Odoo has not answered yet.
        serving.wait_until(lambda: requests.get(f"{site.url}/equipment", timeout=120).ok, "the list", 120)
        yield odoo, site, Path(name)


def pictures() -> None:
    """Addresses of pictures that no page shows, each other than all before."""
    report.title(f"{WRONG_PICTURES:,} wrong picture addresses (promise: under 1 MB of disk, 0 calls of Odoo)")
    with running() as (odoo, site, folder):
        before, calls = on_disk(folder), all_calls(odoo)
        numbers = itertools.count()
        statuses = ask_all(site.url, WRONG_PICTURES, lambda: wrong_picture(next(numbers)))
        report.fact("answered", dict(sorted(statuses.items())))
        report.fact("disk", f"{(on_disk(folder) - before) / 1e6:.3f} MB more")
        report.fact("calls of Odoo", all_calls(odoo) - calls)
        taken = visits_meanwhile(site.url, lambda: wrong_picture(next(numbers)))
        report.times(f"/about while {A_SECOND} a second come (p95 under 50 ms)", taken)


def wrong_picture(number: int) -> str:
    kinds = (
        f"/pictures/480x360/fleet.vehicle.nope/{number}/x",
        f"/pictures/480x360/fleet.vehicle/{number:012}/image_1920",
        f"/pictures/960x720/fleet.vehicle.image/{number}/image_1024?v={number}",
    )
    return kinds[number % len(kinds)]


def memory() -> None:
    """Lists with random days, and random words."""
    report.title(
        f"{PAIRS:,} random date pairs and {SEARCHES:,} searches, {MACHINES:,} machines (promise: under 150 MB)"
    )
    with running("--vehicles", str(MACHINES), keeps_lists=True) as (_, site, _folder):
        chance = random.Random(1)
        before = megabytes(site)
        for some in range(5):
            ask_all(site.url, PAIRS // 5, lambda: f"/equipment?{days(chance)}&q=x")
            report.fact(f"after {(some + 1) * PAIRS // 5:,} pairs", f"{megabytes(site) - before:.1f} MB more")
        for some in range(5):
            ask_all(site.url, SEARCHES // 5, lambda: f"/equipment?q={words(chance)}")
            report.fact(
                f"after {(some + 1) * SEARCHES // 5:,} searches", f"{megabytes(site) - before:.1f} MB more"
            )


def days(chance: random.Random) -> str:
    start = clock.now().date() + timedelta(days=chance.randrange(1, 540))
    return f"date_from={start}&date_to={start + timedelta(days=chance.randrange(1, 60))}"


def words(chance: random.Random) -> str:
    return "+".join([chance.choice(WORDS), f"{chance.getrandbits(40):x}", f"{chance.getrandbits(40):x}"])


def hostile_streams() -> None:
    """Streams that each want to know of other days and are closed at once, then an honest calendar."""
    report.title(f"{STREAMS} hostile streams, then an honest calendar (promise: under 1 s)")
    with running("--vehicles", str(MACHINES)) as (odoo, site, _folder):
        chance = random.Random(1)
        calls, began = all_calls(odoo), time.monotonic()
        for number in range(STREAMS):
            regions = "&".join(f"r=card:{chance.randrange(1, MACHINES)}:{span(chance)}" for _ in range(4))
            with streams.opened(f"{site.url}/live?{regions}", {"X-Forwarded-For": "198.51.100.9"}):
                time.sleep(0.01 * (number % 3))
        spent = time.monotonic() - began
        report.fact("calls of Odoo by them", f"{all_calls(odoo) - calls} in {spent:.1f} s")
        month = (clock.now().date() + timedelta(days=40)).isoformat()[:7]
        began = time.monotonic()
        honest = f"{site.url}/live?r=calendar:7:{month}"
        with streams.opened(honest, {"X-Forwarded-For": "203.0.113.7"}) as stream:
            stream.next(lambda message: "calendar-7" in message.get("data", ""), patience=120)
        report.fact("honest calendar after", f"{time.monotonic() - began:.2f} s")


def span(chance: random.Random) -> str:
    start = clock.now().date() + timedelta(days=chance.randrange(1, 500))
    return f"{start}:{start + timedelta(days=chance.randrange(1, 30))}"


def ask_all(url: str, count: int, path: Callable[[], str]) -> dict[int, int]:
    """Ask `count` times, a few at once, each from another address; how often each status came."""
    found: dict[int, int] = {}
    numbers = iter(range(count))

    def ask() -> None:
        with requests.Session() as session:
            for number in numbers:
                headers = {"X-Forwarded-For": f"198.18.{number // 250 % 250}.{number % 250}"}
                try:
                    status = session.get(url + path(), headers=headers, timeout=120).status_code
                except requests.ConnectionError:
                    status = 0  # the connection was kept for longer than the server keeps it
                found[status] = found.get(status, 0) + 1

    threads = [threading.Thread(target=ask) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def visits_meanwhile(url: str, path: Callable[[], str]) -> list[float]:
    """How long /about takes while so many other requests come each second."""
    ended = threading.Event()

    def come() -> None:
        with requests.Session() as session:
            while not ended.wait(1 / A_SECOND):
                session.get(url + path(), timeout=60)

    coming = threading.Thread(target=come)
    coming.start()
    taken = []
    until = time.monotonic() + SECONDS
    with requests.Session() as session:
        while time.monotonic() < until:
            began = time.monotonic()
            session.get(f"{url}/about", timeout=60).raise_for_status()
            taken.append(time.monotonic() - began)
            time.sleep(0.02)
    ended.set()
    coming.join()
    return taken


def on_disk(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def all_calls(odoo: serving.Demo) -> int:
    return sum(odoo.state()["calls"].values())


def megabytes(site: serving.Server) -> float:
    return process.memory(site.worker).rss / 1e6
