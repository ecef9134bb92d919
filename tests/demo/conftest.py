"""A demo Odoo inside the test's own process, and a receiver that keeps the webhooks sent to it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, Request, request
from flask.testing import FlaskClient

from lco import clock
from lco.demo.app import DemoSettings, create_demo
from lco.demo.server import running
from lco.demo.webhooks import Patience

ZONE = ZoneInfo("America/Chicago")
QUICK = Patience(first_pause=0.01, longest_pause=0.02, tries=4)


class Receiver:
    """Records the requests; answers with the codes in `answers`, repeating the last one."""

    def __init__(self) -> None:
        self.answers = [200]
        self.received: list[Request] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    @property
    def events(self) -> list[dict]:
        return [json.loads(received.get_data()) for received in self.received]

    def events_of(self, event_type: str) -> list[dict]:
        return [event for event in self.events if event["event_type"] == event_type]

    def app(self) -> Flask:
        app = Flask("receiver")

        @app.post("/api/webhook/<kind>")
        def webhook(kind):
            self.may_answer.wait(5)
            request.get_data()
            self.received.append(request._get_current_object())
            return "", self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

        return app


@pytest.fixture
def contract() -> int:
    """The version of the contract that the demo implements; a file about the other one has a separate fixture."""
    return 2


@pytest.fixture
def make_demo(contract) -> Iterator[Callable[..., Flask]]:
    with ExitStack() as stack:

        def make(**settings) -> Flask:
            usual = {"webhooks": False, "zone": ZONE, "patience": QUICK, "contract": contract}
            app = create_demo(DemoSettings(**{**usual, **settings}))
            stack.callback(app.extensions["webhooks"].close)
            return app

        yield make


@pytest.fixture(scope="session")
def demo_for_all() -> Iterator[Flask]:
    app = create_demo(DemoSettings(webhooks=False, zone=ZONE))
    yield app
    app.extensions["webhooks"].close()


@pytest.fixture
def odoo(demo_for_all, contract) -> FlaskClient:
    """A demo Odoo at its start: put back there, since making a new one takes longer than most tests."""
    client = demo_for_all.test_client()
    assert client.post("/demo/reset").status_code == 200
    assert client.post("/demo/settings", json={"contract": contract}).status_code == 200
    return client


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def sending_odoo(make_demo, receiver) -> Iterator[FlaskClient]:
    """A demo Odoo whose webhooks reach `receiver`."""
    with running(receiver.app()) as site:
        yield make_demo(webhooks=True, site=site).test_client()


@pytest.fixture
def day() -> Callable[[int], str]:
    """The day that many days from today, as the API writes it."""
    return lambda ahead: (clock.today(ZONE) + timedelta(days=ahead)).isoformat()


@pytest.fixture
def request_for(day) -> Callable[..., dict]:
    """The body of a booking request."""

    def body(vehicle_id: int, first: int, last: int, **fields) -> dict:
        customer = {
            "customer_name": "Ada",
            "customer_email": "ada@example.com",
            "customer_phone": "+1 312 555 0100",
        }
        return {"vehicle_id": vehicle_id, "date_from": day(first), "date_to": day(last), **customer, **fields}

    return body


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Waits for a condition; fails when it has not come true within three seconds."""

    def wait_for(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 3
        while not condition():
            assert time.monotonic() < deadline, "the condition never came true"
            time.sleep(0.005)

    return wait_for
