"""The cost of 10,000 wishes for each change of a machine: the round of `WishWatcher` that follows it."""

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import requests_mock
from sqlalchemy import insert

from bench import report
from lco import create_app
from lco.changes.topics import EventType, vehicle_topic
from lco.db.wishes import WishRow
from lco.domain.wish import WishState
from lco.settings import Settings
from tests.wire import OdooAtTheWire

WISHES = 10_000
ROUNDS = 200
ODOO = "http://odoo.bench.test"


def main() -> None:
    report.title(f"One change of a machine with {WISHES:,} wishes: 100 for machine 2, 9,900 for machine 4")
    with TemporaryDirectory() as folder, requests_mock.Mocker() as wire:
        odoo = OdooAtTheWire(ODOO, wire, contract=2)
        settings = replace(
            Settings(),
            odoo_url=ODOO,
            database_url=f"sqlite:///{folder}/lco.sqlite3",
            cache_dir=Path(folder) / "cache",
            mail_dir=Path(folder) / "mail",
        )
        app = create_app(settings)
        services = app.extensions["lco"]
        services.db.migrate()
        odoo.change(2, in_maintenance=True)
        odoo.change(4, in_maintenance=True)
        for name, vehicle in (("no wish for it", 3), ("100 wishes for it", 2), ("9,900 wishes for it", 4)):
            _fill(services)
            report.times(name, [_round(services, vehicle) for _ in range(ROUNDS)])
        odoo.close()
        services.db.close()


def _fill(services) -> None:
    """Wishes for days that are taken: 100 for machine 2, the others for machine 4."""
    first = services.rules.today + timedelta(days=40)
    rows = [
        {
            "token": f"{time.monotonic_ns()}-{number}",
            "vehicle_id": 2 if number < WISHES // 100 else 4,
            "vehicle_name": "Machine",
            "date_from": first + timedelta(days=number % 30),
            "date_to": first + timedelta(days=number % 30 + 3),
            "email": f"c{number}@example.com",
            "state": WishState.WAITING,
            "created_at": services.rules.now,
            "attempts": 0,
        }
        for number in range(WISHES)
    ]
    with services.db.connection() as connection:
        connection.exec_driver_sql("DELETE FROM wishes")
        connection.execute(insert(WishRow), rows)


def _round(services, vehicle: int) -> float:
    services.changes.append(vehicle_topic(vehicle), EventType.AVAILABILITY_CHANGED)
    started = time.perf_counter()
    services.wish_watcher.follow()
    return time.perf_counter() - started
