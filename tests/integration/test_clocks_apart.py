"""Servers whose clocks differ, on one PostgreSQL: its clock counts for all (F14)."""

from datetime import timedelta
from pathlib import Path

import pytest
import requests

from bench.chaos.parts import COMMAND
from lco import clock
from lco.webhooks.signature import sign
from tests import serving
from tests.factories import order
from tests.integration.conftest import odoo, ports  # noqa: F401 - fixtures
from tests.postgres import migrated_postgres, postgres  # noqa: F401 - fixtures


@pytest.fixture
def shifted(odoo, postgres, tmp_path):  # noqa: F811 - pytest's way to ask for a fixture
    """A site whose machine is 305 seconds ahead."""
    (tmp_path / "clock").write_text("305")
    database = postgres.engine.url.render_as_string(hide_password=False)
    settings = {"DATABASE_URL": database, "CHAOS_CLOCK": str(tmp_path / "clock"), "LOG_FORMAT": "text"}
    with serving.site(odoo.url, Path(tmp_path), command=COMMAND, **settings) as site:
        yield site


def test_site_on_a_machine_with_a_wrong_clock_is_right_by_the_clock_of_its_database(shifted, postgres):  # noqa: F811
    start = clock.now().date() + timedelta(days=40)
    body = order(5, start, start + timedelta(days=2))
    assert requests.post(f"{shifted.url}/api/booking", json=body, timeout=20).status_code == 201
    with postgres.connection() as connection:
        (created,) = connection.exec_driver_sql("SELECT created_at FROM bookings").scalars()
    assert abs(created - clock.now()) < timedelta(seconds=30)
    event = b'{"event_type": "vehicle.updated", "vehicle_id": 5}'
    headers = dict(sign(serving.SECRET, "msg-of-a-right-clock", clock.now(), event))
    answer = requests.post(f"{shifted.url}/api/webhook/inventory", data=event, headers=headers, timeout=20)
    assert answer.status_code == 200
    serving.wait_until(lambda: "ahead of the database's" in shifted.log.read_text(), "a word in the log")
