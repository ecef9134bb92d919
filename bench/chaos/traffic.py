"""The traffic meanwhile: customers book, staff change bookings and machines, visitors have pages open."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

import requests

from bench.chaos.pages import OpenPage
from bench.chaos.parts import Parts
from lco import clock
from tests.factories import order

CUSTOMERS = 3
MOST_PAGES = 16
TRIES = 4
NO_ANSWER = 0
VEHICLES = range(1, 16)
REPEATED = {NO_ANSWER, 429, 502, 503}
"""After these a customer sends the same request again, with the same key."""


@dataclass
class Order:
    """A booking as its customer sees it: what was sent, and every answer to it."""

    email: str
    key: str
    body: dict[str, object]
    statuses: list[int] = field(default_factory=list)
    reference: str = ""
    page: str = ""

    @property
    def is_booked(self) -> bool:
        return 201 in self.statuses

    @property
    def is_accepted(self) -> bool:
        """Whether the site has accepted the request."""
        return bool({201, 202} & set(self.statuses))

    @property
    def is_refused(self) -> bool:
        """Whether the customer knows that nothing was booked."""
        return bool(self.statuses) and set(self.statuses) <= {400, 409, 410, 422}


@dataclass
class Record:
    """Everything that happened, for the checks."""

    orders: list[Order] = field(default_factory=list)
    pages: list[OpenPage] = field(default_factory=list)
    deliveries: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Odoo's webhooks by id, as they were seen last: it remembers only the newest."""
    waits: list[float] = field(default_factory=list)
    """How long the list took to load, in seconds."""
    failures: int = 0
    """Loads of the list that were not 200."""


class Traffic:
    """The people, in separate threads."""

    def __init__(self, parts: Parts, seed: int) -> None:
        self.record = Record()
        self._parts = parts
        self._seed = seed
        self._numbers = itertools.count(1)
        self._today = clock.now().date()

    @contextmanager
    def flowing(self, ended: threading.Event) -> Iterator[Record]:
        """Customers and pages come until `ended`; what is begun is finished before the block is left."""
        work = [self._customer] * CUSTOMERS + [self._staff, self._visitor, self._watcher]
        threads = [
            threading.Thread(target=one, args=(Random(f"{self._seed} {number}"), ended))
            for number, one in enumerate(work)
        ]
        for thread in threads:
            thread.start()
        try:
            yield self.record
        finally:
            ended.set()
            for thread in threads:
                thread.join()

    def address(self, chance: Random) -> str:
        return chance.choice(self._parts.sites).url

    # Customers

    def _customer(self, chance: Random, ended: threading.Event) -> None:
        while not ended.wait(chance.uniform(0.1, 0.8)):
            self._book(chance, ended)

    def _book(self, chance: Random, ended: threading.Event) -> None:
        number = next(self._numbers)
        email = f"customer{number}@example.com"
        start = self._today + timedelta(days=chance.randrange(10, 200))
        days = start, start + timedelta(days=chance.randrange(1, 5))
        body = order(chance.choice(VEHICLES), *days, customer_email=email)
        wanted = Order(email, f"chaos-{self._seed}-{number}", body)
        self.record.orders.append(wanted)
        for _ in range(TRIES):
            status = self._send(wanted, chance)
            wanted.statuses.append(status)
            if status not in REPEATED:
                return
            ended.wait(chance.uniform(0.5, 2.0))

    def _send(self, wanted: Order, chance: Random) -> int:
        headers = {
            "Idempotency-Key": wanted.key,
            "X-Forwarded-For": f"198.18.{chance.randrange(250)}.{chance.randrange(250)}",
        }
        url = f"{self.address(chance)}/api/booking"
        try:
            answer = requests.post(url, json=wanted.body, headers=headers, timeout=25)
        except requests.RequestException:
            return NO_ANSWER
        wanted.page = answer.headers.get("Location", wanted.page)
        with suppress(ValueError):
            wanted.reference = answer.json().get("booking_ref") or wanted.reference
        return answer.status_code

    # Staff

    def _staff(self, chance: Random, ended: threading.Event) -> None:
        while not ended.wait(chance.uniform(0.2, 1.0)):
            with suppress(requests.RequestException):  # a refusal of Odoo's, for days that are taken
                chance.choice((self._change_vehicle, self._change_booking, self._change_booking))(chance)

    def _change_vehicle(self, chance: Random) -> None:
        change: dict[str, object] = {"rental_price_daily": chance.randrange(50, 900)}
        if chance.random() < 0.3:
            change = {"availability_status": chance.choice(("available", "maintenance", "available"))}
        self._parts.odoo.control(f"vehicles/{chance.choice(VEHICLES)}", **change)

    def _change_booking(self, chance: Random) -> None:
        bookings = [one for one in self._parts.odoo.state()["bookings"] if one["state"] in {"draft", "confirmed"}]
        if not bookings:
            return
        one = chance.choice(bookings)
        match chance.choice(("confirm", "confirm", "cancel", "move", "price")):
            case "move":
                end = date.fromisoformat(one["date_to"]) + timedelta(days=1)
                self._parts.odoo.control(f"bookings/{one['booking_ref']}", date_to=end.isoformat())
            case "price":
                self._parts.odoo.control(f"bookings/{one['booking_ref']}", total_amount=chance.randrange(50, 900))
            case verb:
                self._parts.odoo.control(f"bookings/{one['booking_ref']}/{verb}")

    # Visitors

    def _visitor(self, chance: Random, ended: threading.Event) -> None:
        """Pages are opened and stay open; the list is loaded again and again."""
        for number in itertools.count():
            if len(self.record.pages) < MOST_PAGES and number % 3 == 0:
                self._open(chance)
            self._look(chance)
            if ended.wait(chance.uniform(0.2, 0.6)):
                return

    def _open(self, chance: Random) -> None:
        start = self._today + timedelta(days=chance.randrange(10, 200))
        days = f"?date_from={start}&date_to={start + timedelta(days=3)}"
        booked = [one.page for one in self.record.orders if one.page]
        vehicle = chance.choice(VEHICLES)
        paths = ["/equipment", f"/equipment{days}", f"/equipment/{vehicle}", f"/equipment/{vehicle}{days}"]
        path = chance.choice(booked) if booked and chance.random() < 0.5 else chance.choice(paths)
        path = path.removeprefix(self._parts.sites[0].url)
        seed = f"{self._seed} {len(self.record.pages)}"
        self.record.pages.append(OpenPage(path, lambda: self.address(chance), seed))

    def _look(self, chance: Random) -> None:
        began = time.monotonic()
        try:
            status = requests.get(f"{self.address(chance)}/equipment", timeout=30).status_code
        except requests.RequestException:
            status = NO_ANSWER  # its worker has just been killed
        self.record.waits.append(time.monotonic() - began)
        self.record.failures += status != 200

    def _watcher(self, _chance: Random, ended: threading.Event) -> None:
        while not ended.wait(1):
            self.note_deliveries()

    def note_deliveries(self) -> None:
        """Note what Odoo knows of its webhooks."""
        for one in self._parts.odoo.state()["deliveries"]:
            if self.record.deliveries.get(one["id"], {}).get("outcome") != "delivered":
                self.record.deliveries[one["id"]] = one
