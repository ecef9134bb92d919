"""An Odoo that accepts calls and never answers must not delay anything else (F11b)."""

import json
import signal
from datetime import timedelta

import pytest

from lco import clock, create_app
from lco.db.models import Delivery
from lco.domain.booking import State
from lco.domain.date_range import DAY
from lco.settings import Settings
from lco.webhooks.signature import sign
from tests import serving
from tests.factories import order

BOOK = "/api/fleet/booking"
SOON = 10.0
"""Seconds in which a kept webhook is applied, and what a person has settled is published."""


@pytest.fixture
def app(odoo, tmp_path):
    """The site in this process, so that its clock can be moved; its periodic work is not started."""
    app = create_app(
        Settings(
            odoo_url=odoo.url,
            odoo_webhook_secret=(serving.SECRET,),
            database_url=f"sqlite:///{tmp_path}/lco.sqlite3",
            cache_dir=tmp_path / "cache",
            mail_dir=tmp_path / "mail",
        )
    )
    app.extensions["lco"].db.migrate()
    yield app
    odoo.control("faults", mode="off")
    app.extensions["lco.scheduler"].stop()
    app.extensions["lco.hub"].close()


@pytest.fixture
def visitor(app):
    client = app.test_client()
    assert client.get("/equipment").status_code == 200
    return client


def keep(visitor, number: int) -> None:
    """Book while Odoo cannot be reached, each time as another customer for other days."""
    start = clock.now().date() + DAY * (60 + 7 * number)
    customer = {"customer_email": f"ada{number}@example.com"}
    answer = visitor.post("/api/booking", json=order(3, start, start + DAY, **customer))
    assert (answer.status_code, answer.json["state"]) == (202, "requested")


def webhook(visitor, delivery: str) -> None:
    body = json.dumps({"event_type": "vehicle.updated", "vehicle_id": 3}).encode()
    headers = sign(serving.SECRET, delivery, clock.now(), body)
    assert visitor.post("/api/webhook/inventory", data=body, headers=headers).status_code == 200


def test_kept_webhook_is_applied_and_settled_booking_is_published_meanwhile(app, odoo, visitor):
    services = app.extensions["lco"]
    odoo.stop(signal.SIGKILL)
    for number in (1, 2, 3):
        keep(visitor, number)
    odoo.start()
    webhook(visitor, "msg-kept")
    services.inbox.replay("msg-kept")  # due, as after a failure
    odoo.control("faults", mode="hang", seconds=300, path=BOOK)
    calls, head = odoo.calls(f"POST {BOOK}"), services.changes.head()
    with clock.moved(timedelta(seconds=30)):
        app.extensions["lco.scheduler"].start()
        serving.wait_until(lambda: odoo.calls(f"POST {BOOK}") > calls, "a call that hangs")
        services.bookings.admin.settle(3, State.DECLINED, "by telephone")
        serving.wait_until(lambda: result(services, "msg-kept") == "applied", "the kept webhook", SOON)
        serving.wait_until(
            lambda: "booking:3" in published_topics(services, head), "what a person has settled", SOON
        )
        assert services.bookings.admin.counts()[State.PLACING] == 1, "the call still hangs"


def result(services, delivery: str) -> str:
    with services.db.session() as session:
        return session.get_one(Delivery, delivery).result


def published_topics(services, head) -> set[str]:
    return {change.topic for change in services.changes.since(head)}
