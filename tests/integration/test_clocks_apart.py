"""Servers whose clocks differ, on one PostgreSQL: its clock counts for all (F14)."""

from contextlib import ExitStack
from datetime import timedelta

import pytest
import requests

from bench.chaos.parts import COMMAND
from lco import clock
from lco.mail.outbox import Counts, Outbox
from lco.webhooks.signature import sign
from tests import serving
from tests.factories import order
from tests.integration.conftest import odoo, ports  # noqa: F401 - fixtures
from tests.integration.mail import smtp_server
from tests.integration.mail.smtp_server import Post
from tests.postgres import migrated_postgres, postgres  # noqa: F401 - fixtures


@pytest.fixture
def site_ahead(odoo, postgres, tmp_path):  # noqa: F811 - pytest's way to ask for a fixture
    """Starts a site whose machine is so many seconds ahead; all sites of a test have one database."""
    with ExitStack() as sites:

        def start(seconds: int, **settings: str) -> serving.Server:
            folder = tmp_path / f"ahead-{seconds}"
            folder.mkdir()
            (folder / "clock").write_text(str(seconds))
            settings |= {"DATABASE_URL": postgres.engine.url.render_as_string(hide_password=False)}
            settings |= {"CHAOS_CLOCK": str(folder / "clock"), "LOG_FORMAT": "text"}
            return sites.enter_context(serving.site(odoo.url, folder, command=COMMAND, **settings))

        yield start


def book(site: serving.Server, days_ahead: int) -> None:
    start = clock.now().date() + timedelta(days=days_ahead)
    body = order(5, start, start + timedelta(days=2), customer_email=f"c{days_ahead}@example.com")
    assert requests.post(f"{site.url}/api/booking", json=body, timeout=20).status_code == 201


def test_site_on_a_machine_with_a_wrong_clock_is_right_by_the_clock_of_its_database(site_ahead, postgres):  # noqa: F811
    shifted = site_ahead(305)
    book(shifted, 40)
    with postgres.connection() as connection:
        (created,) = connection.exec_driver_sql("SELECT created_at FROM bookings").scalars()
    assert abs(created - clock.now()) < timedelta(seconds=30)
    event = b'{"event_type": "vehicle.updated", "vehicle_id": 5}'
    headers = dict(sign(serving.SECRET, "msg-of-a-right-clock", clock.now(), event))
    answer = requests.post(f"{shifted.url}/api/webhook/inventory", data=event, headers=headers, timeout=20)
    assert answer.status_code == 200
    serving.wait_until(lambda: "ahead of the database's" in shifted.log.read_text(), "a word in the log")


def test_mail_under_way_is_not_sent_again_by_a_machine_whose_clock_is_ahead(site_ahead, postgres):  # noqa: F811
    post, port = Post(), serving.free_port()
    post.is_slow_at = "DATA"
    post.held.clear()
    settings = {"SMTP_URL": f"smtp://127.0.0.1:{port}", "MAIL_FROM": "shop@example.com"}
    with smtp_server.serving(post, port):
        book(site_ahead(0, **settings), 40)
        serving.wait_until(lambda: post.recipients() == ["c40@example.com"], "the first mail to be under way")
        book(site_ahead(305, **settings), 50)
        serving.wait_until(lambda: "c50@example.com" in post.recipients(), "a mail of the other machine")
        post.held.set()
        serving.wait_until(lambda: Outbox(postgres).counts() == Counts(0, 0), "all mails to be sent")
        assert post.recipients() == ["c40@example.com", "c50@example.com"]
