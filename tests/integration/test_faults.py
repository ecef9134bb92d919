"""A database that is locked, full or paused: what is served meanwhile, and how long anyone waits (F5, F6, F12)."""

import resource
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from lco import clock
from lco.webhooks.signature import sign
from tests import postgres_server, serving, streams
from tests.factories import order

BOUND = 9.0
"""Seconds in which everything is answered while the database does not answer (F6)."""
SLACK = 6.0
"""Seconds more, for a machine that is busy with other things."""


@pytest.fixture
def site(odoo, tmp_path):
    """A site of the test's own, on SQLite."""
    with serving.site(odoo.url, tmp_path) as server:
        requests.get(f"{server.url}/equipment", timeout=20).raise_for_status()
        yield server


def booking(days_ahead: int, vehicle_id: int = 5) -> dict[str, object]:
    start = clock.now().date() + timedelta(days=days_ahead)
    return order(vehicle_id, start, start + timedelta(days=2), customer_email=f"c{days_ahead}@example.com")


def booked(url: str, days_ahead: int) -> requests.Response:
    return requests.post(f"{url}/api/booking", json=booking(days_ahead), timeout=60)


def status(url: str) -> int:
    return requests.get(f"{url}/readyz", timeout=60).status_code


class TestLockedSqlite:
    """Another process has SQLite's write lock (F5)."""

    @pytest.fixture
    def lock(self, site, tmp_path):
        @contextmanager
        def held(seconds: float) -> Iterator[None]:
            other = sqlite3.connect(tmp_path / "lco.sqlite3", isolation_level=None, check_same_thread=False)
            other.execute("BEGIN IMMEDIATE")
            ends = threading.Timer(seconds, other.close)
            ends.start()
            yield
            ends.join()

        return held

    def test_pages_go_on_and_booking_waits_for_the_end_of_the_lock(self, site, lock):
        alone = took(lambda: requests.get(f"{site.url}/equipment", timeout=20))
        with lock(3.0):
            waiting: list[int] = []
            customer = threading.Thread(target=lambda: waiting.append(booked(site.url, 40).status_code))
            customer.start()
            pages = sorted(took(lambda: requests.get(f"{site.url}/equipment", timeout=20)) for _ in range(20))
            assert customer.is_alive(), "the lock was held as long as the pages were asked for"
            customer.join(serving.PATIENCE)
        assert waiting == [201]
        assert pages[10] < max(0.5, 20 * alone), f"{pages}, and {alone} without the lock"


class TestFullDisk:
    """No file of the site can grow (F12)."""

    def test_it_is_not_ready_loses_nothing_and_heals_by_itself(self, site, odoo, tmp_path):
        assert booked(site.url, 50).status_code == 201
        assert status(site.url) == 200
        with full_disk(site.worker, tmp_path / "lco.sqlite3-wal"):
            serving.wait_until(lambda: status(site.url) == 503, "readiness to notice", 5 + SLACK)
            assert booked(site.url, 60).status_code == 503
            assert requests.get(f"{site.url}/equipment", timeout=20).status_code == 200
        serving.wait_until(lambda: status(site.url) == 200, "readiness", 5 + SLACK)
        assert booked(site.url, 60).status_code == 201
        mails = [one["customer_email"] for one in odoo.state()["bookings"]]
        assert [mails.count(f"c{days}@example.com") for days in (50, 60)] == [1, 1]


@contextmanager
def full_disk(worker: int, log: Path) -> Iterator[None]:
    _, most = resource.prlimit(worker, resource.RLIMIT_FSIZE)
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (log.stat().st_size, most))
    try:
        yield
    finally:
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (most, most))


class TestPausedPostgres:
    """A PostgreSQL that accepts connections and never answers (F6)."""

    @pytest.fixture
    def postgres(self):
        with postgres_server.running() as server:
            serving.migrate(server.url)
            yield server

    @pytest.fixture
    def site(self, odoo, postgres, tmp_path):
        with serving.site(odoo.url, tmp_path, DATABASE_URL=postgres.url) as server:
            requests.get(f"{server.url}/equipment", timeout=20).raise_for_status()
            yield server

    def test_everything_is_answered_and_other_pages_stay_live(self, site, odoo, postgres):
        place = booked(site.url, 40).headers["Location"]
        token = place.rpartition("/")[2]
        with (
            streams.opened(f"{site.url}/live?r=booking:{token}&r=odoo") as own,
            streams.opened(f"{site.url}/live?r=card:5") as other,
        ):
            own.next(lambda message: "booking" in message.get("data", ""))
            other.next(lambda message: "card-5" in message.get("data", ""))
            postgres.signal_all(signal.SIGSTOP)
            try:
                answers = at_once(
                    lambda: booked(site.url, 60),
                    lambda: requests.get(place, timeout=60),
                    lambda: webhook(site.url),
                    lambda: requests.get(f"{site.url}/readyz", timeout=60),
                )
            finally:
                postgres.signal_all(signal.SIGCONT)
            assert all(seconds < BOUND + SLACK for seconds, _ in answers), answers
            assert {code for _, code in answers} <= {503, 202}, answers
            odoo.control("vehicles/5", rental_price_daily=77)
            serving.wait_until(lambda: webhook(site.url).status_code == 200, "the database to be back")
            other.next(lambda message: "$77" in message.get("data", ""))


def webhook(url: str) -> requests.Response:
    body = b'{"event_type": "price.updated", "vehicle_id": 5, "rental_price_daily": 77, "currency": "USD"}'
    headers = dict(sign(serving.SECRET, f"msg-{time.monotonic_ns()}", clock.now(), body))
    return requests.post(f"{url}/api/webhook/inventory", data=body, headers=headers, timeout=60)


def at_once(*calls) -> list[tuple[float, int]]:
    """How long each call took, and its status; they are made at the same time."""
    found: list[tuple[float, int]] = []

    def call(one) -> None:
        began = time.monotonic()
        code = one().status_code
        found.append((time.monotonic() - began, code))

    threads = [threading.Thread(target=call, args=(one,)) for one in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == len(calls)
    return found


def took(call) -> float:
    began = time.monotonic()
    call().raise_for_status()
    return time.monotonic() - began
