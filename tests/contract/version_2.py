"""A server for the tests of version 2: its address, its key, the steps of its staff, and its webhooks."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

import requests
from flask import Flask, request

from lco.demo.server import running
from tests import serving

KEY = "the-key-of-these-tests"
TIMEOUT = 30  # seconds


class Staff(Protocol):
    """The steps of staff in Odoo. A test begins with the records of the start, every day open, and `KEY` set."""

    def begin(self) -> None:
        """Put everything back to the start."""

    def set_key(self, key: str) -> None:
        """The key of Odoo; an empty one is none."""

    def limit_writes(self, a_minute: int) -> None:
        """The number of writing calls that one client address has in a minute without a key."""

    def set_calendar(self, **values: object) -> None:
        """`cut_off` ("HH:MM" or None), `lead_days`, `horizon_days`, or `closed`, a mapping of days to reasons."""

    def set_day_off(self, weekday: int) -> None:
        """The business is closed on this weekday; 0 is Monday."""

    def set_change_hours(self, hours: int) -> None:
        """The hours before the first day from which a customer can no longer change a booking."""

    def set_storefront(self, **values: str) -> None:
        """Fields of the storefront."""

    def change_vehicle(self, vehicle_id: int, **values: object) -> None:
        """`rental_price_daily`, `listing_type`, `in_maintenance` or `buffer_days`, kept free around a rental."""

    def retire(self, vehicle_id: int) -> None:
        """Take the vehicle out of the catalogue."""

    def revise(self, booking_ref: str, **terms: object) -> None:
        """Other terms for a booking, by their names in the API."""

    def confirm(self, booking_ref: str) -> None:
        """The booking is confirmed."""

    def pick_up(self, booking_ref: str) -> None:
        """The machine is handed out today."""

    def take_back(self, booking_ref: str) -> None:
        """The machine is returned today."""

    def cancel(self, booking_ref: str, reason: str) -> None:
        """The booking is cancelled."""

    def delete(self, booking_ref: str) -> None:
        """The booking, which was cancelled before, is deleted."""

    def restore_database(self) -> None:
        """A new epoch of the changes feed."""


@dataclass
class Receiver:
    """A site that accepts every webhook and keeps its JSON."""

    received: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def about(self, booking_ref: str) -> list[dict[str, Any]]:
        """The events `booking.*` of this booking so far, in the order of their arrival."""
        return [event for event in self.of(booking_ref=booking_ref) if event["endpoint"] == "booking"]

    def of(self, **wanted: object) -> list[dict[str, Any]]:
        """The events so far that have these fields."""
        return [event for event in list(self.received) if wanted.items() <= event.items()]

    def app(self) -> Flask:
        app = Flask("receiver")

        @app.post("/api/webhook/<kind>")
        def webhook(kind):
            self.received.append({"endpoint": kind, **json.loads(request.get_data())})
            return {"success": True, "received": True}

        return app


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    with running(receiver.app()) as url:
        receiver.url = url
        yield receiver


@dataclass
class Odoo2:
    """Raw calls to a server of version 2; `key=None` sends no key."""

    base_url: str
    staff: Staff
    receiver: Receiver
    key: str = KEY

    def get(self, path: str, key: str | None = KEY, **query: object) -> requests.Response:
        return requests.get(self._url(path), params=query, headers=_headers(key), timeout=TIMEOUT)

    def post(
        self, path: str, body: dict[str, Any], key: str | None = KEY, attempt: str | None = None
    ) -> requests.Response:
        """`attempt` is the Idempotency-Key."""
        headers = {**_headers(key), **({"Idempotency-Key": attempt} if attempt else {})}
        return requests.post(self._url(path), json=body, headers=headers, timeout=TIMEOUT)

    def data(self, path: str, **query: object) -> Any:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def book(self, vehicle_id: int, days: Any, attempt: str | None = None, **fields: str) -> requests.Response:
        body = booking_body(vehicle_id, days, **fields)
        return self.post("booking", body, attempt=attempt)

    def booked(self, vehicle_id: int, days: Any, **fields: str) -> str:
        """The reference of a new booking."""
        answer = self.book(vehicle_id, days, **fields)
        assert answer.status_code == 201, answer.text
        return answer.json()["booking_ref"]

    def booking(self, ref: str) -> dict[str, Any]:
        return self.data(f"booking/{ref}")

    def availability(self, vehicle_id: int, days: Any) -> dict[str, Any]:
        body = {"vehicle_id": vehicle_id, **range_body(days)}
        answer = self.post("availability", body, key=None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def all_changes(self, after: str) -> list[dict[str, Any]]:
        """Every row after the cursor, page by page."""
        rows: list[dict[str, Any]] = []
        while True:
            page = self.get("changes", after=after, limit=3).json()
            rows += page["data"]
            after = page["next_cursor"]
            if not page["has_more"]:
                return rows

    def cursor(self) -> str:
        return self.get("changes").json()["next_cursor"]

    def _url(self, path: str) -> str:
        return f"{self.base_url}/api/fleet/{path}"


def range_body(days: Any) -> dict[str, str]:
    return {"date_from": days.start.isoformat(), "date_to": days.end.isoformat()}


def booking_body(vehicle_id: int, days: Any, **fields: str) -> dict[str, Any]:
    customer = {
        "customer_name": "Ada Müller",
        "customer_email": "contract@example.com",
        "customer_phone": "+12185550142",
    }
    return {"vehicle_id": vehicle_id, **range_body(days), **customer, **fields}


def _headers(key: str | None) -> dict[str, str]:
    return {"X-API-Key": key} if key else {}


class DemoStaff:
    """Staff at the demo: its controls."""

    def __init__(self, demo: serving.Demo) -> None:
        self._demo = demo

    def begin(self) -> None:
        self._demo.control("reset")

    def set_key(self, key: str) -> None:
        self._demo.control("settings", api_key=key)

    def limit_writes(self, a_minute: int) -> None:
        self._demo.control("settings", writes_a_minute=a_minute)

    def set_calendar(self, **values: Any) -> None:
        if "closed" in values:
            values["closed"] = {str(day): reason for day, reason in values["closed"].items()}
        self._demo.control("settings", **values)

    def set_day_off(self, weekday: int) -> None:
        name = date(2024, 1, 1 + weekday).strftime("%A").lower()  # the first of January 2024 was a Monday
        self._demo.control(f"weekdays/{name}", open=False)

    def set_change_hours(self, hours: int) -> None:
        self._demo.control("settings", change_hours=hours)

    def set_storefront(self, **values: str) -> None:
        self._demo.control("settings", **values)

    def change_vehicle(self, vehicle_id: int, **values: object) -> None:
        self._demo.control(f"vehicles/{vehicle_id}", **values)

    def retire(self, vehicle_id: int) -> None:
        self._demo.control(f"vehicles/{vehicle_id}/remove")

    def revise(self, booking_ref: str, **terms: object) -> None:
        self._demo.control(f"bookings/{booking_ref}", **terms)

    def confirm(self, booking_ref: str) -> None:
        self._demo.control(f"bookings/{booking_ref}/confirm")

    def pick_up(self, booking_ref: str) -> None:
        self._demo.control(f"bookings/{booking_ref}/pick_up")

    def take_back(self, booking_ref: str) -> None:
        self._demo.control(f"bookings/{booking_ref}/return")

    def cancel(self, booking_ref: str, reason: str) -> None:
        self._demo.control(f"bookings/{booking_ref}/cancel", reason=reason)

    def delete(self, booking_ref: str) -> None:
        self._demo.control(f"bookings/{booking_ref}/delete")

    def restore_database(self) -> None:
        self._demo.control("epoch")


@contextmanager
def demo_2() -> Iterator[Odoo2]:
    with receiving() as receiver, serving.demo(receiver.url, "--key", KEY) as server:
        yield Odoo2(server.url, DemoStaff(server), receiver)
