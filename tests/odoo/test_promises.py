"""What a site was told of bookings is what Odoo has, after any actions of staff and any failures of delivery.

`ROUNDS=500` runs longer, `ROUNDS_SEED` begins elsewhere.
"""

import json
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from threading import Lock
from typing import Any

import pytest
import requests
from flask import Flask, Response, request

from lco.demo.server import running
from tests import serving
from tests.odoo.days import ahead
from tests.odoo.real import BOOKING, VEHICLE

ROUNDS = int(os.environ.get("ROUNDS", "6"))
SEED = int(os.environ.get("ROUNDS_SEED", "1"))
BOOKINGS = 20
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
                self._hear(json.loads(request.get_data()))
            return {"success": True, "received": True}

        return app

    def _hear(self, event: dict[str, Any]) -> None:
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


def test_what_the_site_was_told_is_what_odoo_has(odoo, refs):
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
    """The newest that was told of each is what Odoo has; one that was not told of yet may be unchanged."""

    def told() -> bool:
        odoo.call("fleet.rental.event", "action_send_again", odoo.waiting())
        return not odoo.waiting()

    serving.wait_until(told, "all webhooks to be delivered")
    for ref in refs:
        if ref in follower.terms:
            assert follower.terms[ref] == read(odoo, ref), log
        else:
            assert read(odoo, ref)["version"] == 1, log
