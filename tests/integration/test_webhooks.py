"""Webhooks over real HTTP: none that was answered is lost, and what was never sent heals."""

import itertools
import json
import os
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests

from lco import clock, create_app
from lco.db import Database
from lco.db.models import Delivery
from lco.settings import Settings
from lco.webhooks.signature import sign
from tests import serving
from tests.postgres import migrated_postgres, postgres  # noqa: F401 - fixtures

CLIENTS = 8
BEFORE_THE_KILL = 200


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path) -> str:
    if request.param == "postgresql":
        return request.getfixturevalue("postgres").engine.url.render_as_string(hide_password=False)
    return f"sqlite:///{tmp_path}/lco.sqlite3"


def event(number: int) -> bytes:
    return json.dumps({"event_type": "booking.confirmed", "booking_ref": f"BK-{number}"}).encode()


def send(site, number: int, session=requests) -> int:
    body = event(number)
    headers = sign(serving.SECRET, f"msg_{number}", clock.now(), body)
    return session.post(f"{site.url}/api/webhook/booking", data=body, headers=headers, timeout=20).status_code


def kill(site) -> None:
    """SIGKILL to the master and to its workers, which would continue for a second."""
    found = subprocess.run(["pgrep", "-P", str(site.process.pid)], capture_output=True, text=True, check=True)
    for process in (site.process.pid, *map(int, found.stdout.split())):
        os.kill(process, signal.SIGKILL)
    site.process.wait()


def rows(database: str) -> dict[str, str]:
    """The result of each delivery that is kept."""
    db = Database(database)
    try:
        with db.session() as session:
            return {row.id: row.result for row in session.query(Delivery)}
    finally:
        db.close()


def test_every_delivery_answered_200_is_applied_after_a_kill(odoo, tmp_path, database):
    numbers, answered = itertools.count(), set()
    enough = threading.Event()

    def client(site) -> None:
        with requests.Session() as session:
            for number in numbers:
                try:
                    if send(site, number, session) == 200:
                        answered.add(f"msg_{number}")
                except requests.RequestException:
                    return
                if len(answered) >= BEFORE_THE_KILL:
                    enough.set()

    with serving.site(odoo.url, tmp_path, DATABASE_URL=database) as site:
        with ThreadPoolExecutor(CLIENTS) as threads:
            clients = [threads.submit(client, site) for _ in range(CLIENTS)]
            assert enough.wait(60)
            kill(site)
            for done in clients:
                done.result(30)
        assert answered <= rows(database).keys()
        with ThreadPoolExecutor(CLIENTS) as threads:
            site.start()
            again = list(threads.map(lambda number: send(site, number), range(len(answered))))
        assert set(again) == {200}
        assert {rows(database)[row] for row in answered} == {"applied"}


def test_lost_webhooks_heal_by_reading_odoo_again(tmp_path):
    """With an Odoo that sends none: the list is read by a timer, and what differs is published to open pages."""
    with serving.demo("http://127.0.0.1:9", "--no-webhooks") as odoo:
        settings = Settings(
            odoo_url=odoo.url,
            odoo_webhook_secret=("test-secret",),
            database_url=f"sqlite:///{tmp_path}/lco.sqlite3",
            cache_dir=tmp_path / "cache",
            reconcile_seconds=1,
        )
        app = create_app(settings)
        services, scheduler = app.extensions["lco"], app.extensions["lco.scheduler"]
        try:
            services.catalogue.vehicles()
            start = services.changes.head()
            odoo.control("vehicles/1", rental_price_daily=777)
            requests.delete(f"{odoo.url}/demo/vehicles/2", timeout=60).raise_for_status()
            odoo.control("vehicles", name="Tall Ladder", rental_price_daily=20)
            with clock.moved(timedelta(seconds=61)):
                scheduler.start()
                wanted = {("vehicle:1", "price.updated"), ("vehicle:2", "vehicle.removed")}
                serving.wait_until(lambda: wanted <= published(services, start), "the change log to learn of it")
                assert "vehicle.added" in {kind for _, kind in published(services, start)}
                assert "$777" in app.test_client().get("/equipment").text
        finally:
            scheduler.stop()
            app.extensions["lco.hub"].close()


def published(services, start) -> set[tuple[str, str]]:
    return {(change.topic, change.kind) for change in services.changes.since(start)}
