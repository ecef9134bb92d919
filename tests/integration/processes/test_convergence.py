"""The whole site while each part fails: in the end all open pages equal Odoo."""

import random
import re
import threading
import time
from contextlib import ExitStack

import pytest
import requests

from tests import serving, streams
from tests.integration.processes.workers import at_site

SOON = 10
VEHICLES = range(1, 9)
STATUSES = ("available", "reserved", "rented", "maintenance")
CARD = re.compile(r'<article id="card-(\d+)".*?data-status="(\w+)".*?<b>\$([\d,]+)</b>', re.DOTALL)
Cards = dict[int, tuple[str, int]]


def cards(html: str) -> Cards:
    """Status and price of each machine whose card is in `html`."""
    found = ((int(number), status, int(price.replace(",", ""))) for number, status, price in CARD.findall(html))
    return {number: (status, price) for number, status, price in found if number in VEHICLES}


class Visitor:
    """An open list: what its page showed when it was loaded, and what its streams have sent since."""

    def __init__(self, site) -> None:
        page = requests.get(f"{site.url}/equipment", timeout=20).text
        self.shows = cards(page)
        self._seen = re.search(r'data-since="([^"]+)"', page)[1]
        names = "".join(f"&r=card:{number}" for number in VEHICLES)
        self._url = f"{site.url}/live?since={self._seen}{names}"
        self._open()

    def lose_stream(self) -> None:
        self.catch_up()
        self.leave()
        self._open({"Last-Event-ID": self._seen})

    def catch_up(self) -> Cards:
        """What the page shows when all is read that has come."""
        while message := self._stream.come():
            self.shows |= cards(message.get("data", ""))
            self._seen = message.get("id", self._seen)
        return self.shows

    def leave(self) -> None:
        self._life.close()

    def _open(self, headers: dict[str, str] | None = None) -> None:
        self._life = ExitStack()
        self._stream = self._life.enter_context(streams.opened(self._url, headers))


@pytest.fixture
def site(ports, redis_server, tmp_path):
    with (
        serving.demo(f"http://127.0.0.1:{ports[0]}", port=ports[1]) as odoo,
        at_site(odoo.url, tmp_path, redis_server.url.replace("/0", "/3"), ports[0], RECONCILE_SECONDS="2") as site,
    ):
        requests.get(f"{site.url}/equipment", timeout=20).raise_for_status()
        yield site, odoo


@pytest.fixture
def ports():
    return serving.free_port(), serving.free_port()


def test_in_the_end_every_page_shows_the_data_of_odoo(site, redis_server):
    site, odoo = site
    chance = random.Random(7)
    visitors = [Visitor(site) for _ in range(6)]
    busy = [
        threading.Thread(target=changes, args=(odoo, chance)),
        threading.Thread(target=trouble, args=(odoo, redis_server)),
    ]
    for thread in busy:
        thread.start()
    while any(thread.is_alive() for thread in busy):
        chance.choice(visitors).lose_stream()
        if len(visitors) < 20:
            visitors.append(Visitor(site))
    truth = at_odoo(odoo)
    serving.wait_until(lambda: all(v.catch_up() == truth for v in visitors), "every open page to be right")
    for visitor in visitors:
        visitor.leave()

    def is_right() -> bool:  # whichever worker answers; the other one receives a change a moment later
        return all(cards(requests.get(f"{site.url}/equipment", timeout=20).text) == truth for _ in range(6))

    serving.wait_until(is_right, "every page that is loaded to be right", SOON)


def changes(odoo, chance) -> None:
    """Changes by staff meanwhile."""
    for _ in range(150):
        change = {"rental_price_daily": chance.randrange(50, 900)}
        if chance.random() < 0.4:
            change = {"availability_status": chance.choice(STATUSES)}
        odoo.control(f"vehicles/{chance.choice(VEHICLES)}", **change)
        time.sleep(chance.random() / 50)


def trouble(odoo, redis_server) -> None:
    """Odoo fails in three ways, and Redis is killed."""
    for mode in ("errors", "off", "reset", "off", "nonsense", "off"):
        odoo.control("faults", mode=mode)
        time.sleep(0.3)
    redis_server.kill()
    time.sleep(0.5)
    redis_server.start()


def at_odoo(odoo) -> Cards:
    answer = requests.get(f"{odoo.url}/api/fleet/vehicles", params={"limit": 100}, timeout=20).json()
    return {
        vehicle["id"]: (vehicle["availability_status"], int(vehicle["rental_price_daily"]))
        for vehicle in answer["data"]
        if vehicle["id"] in VEHICLES
    }
