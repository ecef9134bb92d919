"""Bookings received by a site, and their pages, equal those in Odoo after any actions of staff.

`ROUNDS=500` runs longer, each round by a seed of its own; `ROUNDS_SEED` begins elsewhere.
"""

import json
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from threading import Lock
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
from flask import Flask, Response, request

from lco.demo.server import running
from tests import serving
from tests.factories import order
from tests.odoo import booking_page
from tests.odoo.days_ahead import ahead
from tests.odoo.odoo_server import BOOKING, VEHICLE

ROUNDS = int(os.environ.get("ROUNDS", "6"))
SEED = int(os.environ.get("ROUNDS_SEED", "1"))
BOOKINGS = 20
AGREE_WITHIN = 5.0  # seconds from the last action to pages that agree; on a busy machine it may take longer
IS_LONG = "ROUNDS" in os.environ
KEY = "the-key-of-these-tests"
TERMS = ("state", "booking_type", "holds_days", "vehicle_id", "date_from", "date_to", "total_amount", "currency")


@dataclass
class Follower:
    """A site that keeps the contract: of each booking the newest version counts. It can be made to fail."""

    terms: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: float = 0.0
    dice: random.Random = field(default_factory=lambda: random.Random(SEED))
    lock: Lock = field(default_factory=Lock)

    def app(self) -> Flask:
        app = Flask("follower")

        @app.post("/api/webhook/<kind>")
        def webhook(kind):
            with self.lock:
                if self.dice.random() < self.failures:
                    return Response(status=500)
                self._receive(json.loads(request.get_data()))
            return {"success": True, "received": True}

        return app

    def _receive(self, event: dict[str, Any]) -> None:
        ref = event.get("booking_ref")
        if (
            event["event_type"].startswith("booking.")
            and event["version"] >= self.terms.get(ref, event)["version"]
        ):
            self.terms[ref] = {name: event[name] for name in (*TERMS, "version")}


class Office:
    """Staff who do at random what Odoo lets them do."""

    def __init__(self, odoo, dice: random.Random) -> None:
        self._odoo = odoo
        self._dice = dice

    def act(self, ref: str) -> str:
        """One action; says which, with a mark when Odoo refused it."""
        dice, booking = self._dice, self._odoo.booking_id(ref)
        name, done = dice.choice(
            (
                ("confirm", lambda: self._click("confirm", booking)),
                ("pick_up", lambda: self._click("pick_up", booking)),
                ("return", lambda: self._click("return", booking)),
                ("cancel", lambda: self._click("cancel", booking)),
                ("move", lambda: self._move(booking)),
                ("drag", lambda: self._drag(booking)),
                ("machine", lambda: self._write(booking, vehicle_id=dice.randint(1, 15))),
                ("price", lambda: self._write(booking, total_amount=dice.randint(0, 90000) / 100)),
                ("kind", lambda: self._write(booking, booking_type=dice.choice(("inquiry", "reservation")))),
                ("place", lambda: self._write(booking, pickup_location=f"yard {dice.randint(1, 9)}")),
                ("hide", lambda: self._hide(booking, rental_published=dice.random() < 0.5)),
                ("archive", lambda: self._hide(booking, active=dice.random() < 0.5)),
                ("buffer", lambda: self._hide(booking, rental_buffer_days=dice.randint(0, 2))),
                ("rate", lambda: self._hide(booking, rental_price_daily=dice.randint(10, 300))),
            )
        )
        return name if done() else f"({name})"

    def _click(self, button: str, booking: int) -> bool:
        return self._call(BOOKING, f"action_{button}", [booking])

    def _write(self, booking: int, **vals: object) -> bool:
        return self._call(BOOKING, "write", [booking], vals=vals)

    def _move(self, booking: int) -> bool:
        start = ahead(self._dice.randint(0, 90))
        return self._write(booking, date_from=str(start), date_to=str(start + self._days()))

    def _drag(self, booking: int) -> bool:
        start = ahead(self._dice.randint(0, 90))
        return self._write(booking, date_from=str(start), last_day=str(start + self._days()))

    def _days(self) -> timedelta:
        return timedelta(days=self._dice.randint(1, 6))

    def _hide(self, booking: int, **vals: object) -> bool:
        (read,) = self._odoo.call(BOOKING, "read", [booking], fields=["vehicle_id"])
        return self._call(VEHICLE, "write", [read["vehicle_id"][0]], vals=vals)

    def _call(self, model: str, method: str, ids: list[int], **arguments: object) -> bool:
        try:
            self._odoo.call(model, method, ids, **arguments)
        except AssertionError:
            return False
        return True


@contextmanager
def followed(odoo) -> Iterator[Follower]:
    follower = Follower()
    with running(follower.app()) as url:
        odoo.send_webhooks_to(url)
        yield follower


@pytest.fixture(scope="module")
def refs(odoo) -> list[str]:
    """Bookings that customers made."""
    odoo.set_parameter("api_key", KEY)
    return [place(odoo, number) for number in range(BOOKINGS)]


def place(odoo, number: int) -> str:
    start: date = ahead(number // 15 * 5)
    body = {
        "vehicle_id": number % 15 + 1,
        "date_from": str(start),
        "date_to": str(start + timedelta(days=3)),
        "customer_name": "Ada",
        "customer_email": f"ada{number}@example.com",
        "customer_phone": "+12185550142",
    }
    url, headers = f"{odoo.url}/api/fleet/booking", {"X-API-Key": KEY}
    answer = requests.post(url, json=body, headers=headers, timeout=30)
    assert answer.status_code == 201, answer.text
    return answer.json()["booking_ref"]


def read(odoo, ref: str) -> dict[str, Any]:
    """The booking as Odoo gives it to its site."""
    url, headers = f"{odoo.url}/api/fleet/booking/{ref}", {"X-API-Key": KEY}
    data = requests.get(url, headers=headers, timeout=30).json()["data"]
    return {name: data[name] for name in (*TERMS, "version")}


def test_bookings_received_by_the_site_equal_those_in_odoo(odoo, refs):
    dice = random.Random(SEED)
    office, log = Office(odoo, dice), []
    with followed(odoo) as follower:
        for _ in range(ROUNDS):
            follower.failures = dice.choice((0.0, 0.3, 1.0))
            touched = dice.sample(refs, 5)
            log = [(ref, [office.act(ref) for _ in range(3)]) for ref in touched]
            follower.failures = 0.0
            assert_same(odoo, follower, touched, log)


def assert_same(odoo, follower: Follower, refs: list[str], log: object) -> None:
    """The newest event of each booking equals the booking in Odoo; one without an event is unchanged."""

    def all_delivered() -> bool:
        odoo.call("fleet.rental.event", "action_send_again", odoo.waiting())
        return not odoo.waiting()

    serving.wait_until(all_delivered, "all webhooks to be delivered")
    for ref in refs:
        if ref in follower.terms:
            assert follower.terms[ref] == read(odoo, ref), log
        else:
            assert read(odoo, ref)["version"] == 1, log


class SiteBookings:
    """Twenty bookings that customers made on the site; those that are over are replaced."""

    def __init__(self, odoo, site) -> None:
        self.pages: dict[str, str] = {}
        self._odoo = odoo
        self._site = site
        self._customers = 0

    def open(self, dice: random.Random) -> None:
        """All machines are on the site, and twenty bookings can still change."""
        vehicles = self._odoo.call(VEHICLE, "search", domain=[["active", "in", [True, False]]])
        at_first = {"rental_published": True, "active": True, "rental_buffer_days": 0}
        self._odoo.call(VEHICLE, "write", vehicles, vals=at_first)
        live = [["reference", "in", list(self.pages)], ["state", "in", ["draft", "confirmed", "picked_up"]]]
        kept = self._odoo.call(BOOKING, "search_read", domain=live, fields=["reference"])
        self.pages = {booking["reference"]: self.pages[booking["reference"]] for booking in kept}
        serving.wait_until(lambda: len(self.pages) >= BOOKINGS or self._book(dice), "twenty bookings")

    def _book(self, dice: random.Random) -> bool:
        """Ask for a machine at random, which may be taken; says whether there are twenty bookings now."""
        self._customers += 1
        first = ahead(dice.randint(0, 90))
        number = self._customers
        body = order(dice.randint(1, 15), first, first + timedelta(days=dice.randint(1, 5)))
        body["customer_email"] = f"customer{number}@example.com"
        headers = {"X-Forwarded-For": f"198.51.{number // 250 % 250}.{number % 250}"}
        answer = requests.post(f"{self._site.url}/api/booking", json=body, headers=headers, timeout=30)
        assert answer.status_code in {201, 400, 409, 410}, answer.text
        if answer.status_code == 201:
            self.pages[answer.json()["booking_ref"]] = urljoin(self._site.url, answer.headers["Location"])
        return len(self.pages) >= BOOKINGS

    def differences(self) -> dict[str, object]:
        """The pages that differ from Odoo, as (expected, shown)."""
        wanted = booking_page.expected(self._odoo, list(self.pages))
        said = {reference: booking_page.shown(url) for reference, url in self.pages.items()}
        return {ref: (wanted[ref], said[ref]) for ref in wanted if wanted[ref] != said[ref]}


@pytest.fixture(scope="module")
def site_bookings(odoo, tmp_path_factory) -> Iterator[SiteBookings]:
    """The site in front of that Odoo, with its webhooks."""
    odoo.set_parameter("api_key", KEY)
    folder, port = tmp_path_factory.mktemp("site"), serving.free_port()
    odoo.send_webhooks_to(f"http://127.0.0.1:{port}")
    settings = {"ODOO_API_KEY": KEY, "TRUSTED_PROXIES": "1"}
    with serving.site(odoo.url, folder, port=port, **settings) as site:
        yield SiteBookings(odoo, site)


def test_pages_of_the_site_show_the_bookings_of_odoo(odoo, site_bookings):
    slowest = 0.0
    for seed in range(SEED, SEED + ROUNDS):
        dice = random.Random(seed)
        site_bookings.open(dice)
        office = Office(odoo, dice)
        log = [(ref, [office.act(ref) for _ in range(3)]) for ref in dice.sample(sorted(site_bookings.pages), 5)]
        slowest = max(slowest, agreed_after(site_bookings, f"seed {seed}: {log}"))
    assert slowest < AGREE_WITHIN or not IS_LONG, f"the slowest round took {slowest:.1f} s"


def agreed_after(site_bookings: SiteBookings, log: str) -> float:
    """Seconds until all pages agree with Odoo. AssertionError when they still do not much later."""
    began = time.monotonic()
    while different := site_bookings.differences():
        assert time.monotonic() - began < 4 * AGREE_WITHIN, f"{log}: {different}"
    return time.monotonic() - began
