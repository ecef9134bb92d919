"""The answer and the webhook of one booking take their locks in one order: two processes, PostgreSQL."""

import os
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from sqlalchemy import text

from tests import serving
from tests.integration.processes.workers import at_site, booking

BOOKINGS = int(os.environ.get("RACING_BOOKINGS", "40"))
"""500 shows the same with more certainty; it takes a minute."""
DEADLOCKS = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")


@pytest.fixture
def racing_site(redis_server, postgres, tmp_path):
    """Two workers whose Odoo sends the webhook of a booking while it answers."""
    port = serving.free_port()
    database = postgres.engine.url.render_as_string(hide_password=False)
    more = {"DATABASE_URL": database, "MAX_OPEN_DAYS": "0"}
    with (
        serving.demo(f"http://127.0.0.1:{port}") as odoo,
        at_site(odoo.url, tmp_path, redis_server.url.replace("/0", "/3"), port, **more) as site,
    ):
        odoo.control("settings", writes_a_minute=100_000, horizon_days=30_000)
        yield site


@pytest.mark.parametrize("at_once", [1, 8])
def test_bookings_and_their_webhooks_never_deadlock(racing_site, postgres, at_once):
    def book(number: int) -> int:
        headers = {
            "Idempotency-Key": uuid.uuid4().hex,
            "X-Forwarded-For": f"198.51.{number // 250}.{number % 250}",
        }
        body = booking(number % 60, 1 + number // 60) | {"customer_email": f"ada{number}@example.com"}
        return requests.post(f"{racing_site.url}/api/booking", json=body, headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(at_once) as threads:
        assert Counter(threads.map(book, range(BOOKINGS))) == {201: BOOKINGS}
    with postgres.session() as session:
        assert session.execute(DEADLOCKS).scalar_one() == 0
