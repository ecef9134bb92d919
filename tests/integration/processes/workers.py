"""A site of two workers that share a Redis, and the tests' connections to each of them."""

import json
import uuid
from datetime import timedelta
from http.client import HTTPConnection
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lco import clock
from lco.webhooks.signature import sign
from tests import serving, streams
from tests.factories import order

TOKEN = "a-token-of-the-staff"


class Answer(NamedTuple):
    status: int
    location: str
    text: str


class Worker:
    """A connection that stays open, so that one worker answers all its requests."""

    def __init__(self, site) -> None:
        self.connection = HTTPConnection("127.0.0.1", site.port, timeout=20)
        self.pid = json.loads(self.get("/healthz"))["process"]

    def get(self, path: str, headers: dict[str, str] | None = None) -> str:
        return self._ask("GET", path, None, headers or {}).text

    def send(self, path: str, body: dict[str, object], headers: dict[str, str]) -> "Answer":
        return self._ask("POST", path, json.dumps(body), {"Content-Type": "application/json", **headers})

    def send_webhook(self, event_type: str, endpoint: str = "inventory", **fields: object) -> None:
        """Send this worker a signed event, as Odoo would."""
        body = {"event_type": event_type, **fields}
        headers = sign(serving.SECRET, f"msg-{uuid.uuid4()}", clock.now(), json.dumps(body).encode())
        answer = self.send(f"/api/webhook/{endpoint}", body, dict(headers))
        assert answer.status == 200, answer.text

    def _ask(self, method, path, body, headers) -> "Answer":
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return Answer(answer.status, answer.headers.get("Location", ""), answer.read().decode())


def data(message: streams.Message) -> str:
    return message.get("data", "")


def new_price(odoo, worker: Worker, dollars: int) -> None:
    """Odoo has a new price for machine 5, and sends its webhook to this worker."""
    odoo.control("vehicles/5", rental_price_daily=dollars)
    worker.send_webhook("price.updated", vehicle_id=5, rental_price_daily=dollars, currency="USD")


def shows(dollars: int):
    """Whether a message holds the card of machine 5 at this price, or the event that it has it."""
    return lambda message: f"${dollars}" in data(message) or f'"rental_price_daily":{dollars}.' in data(message)


def says(text: str):
    """Whether a message holds `text`."""
    return lambda message: text in data(message)


def await_message(stream: streams.Stream, wanted) -> None:
    """Return once a message that is `wanted` has come, also before this call."""
    if not any(map(wanted, stream.seen)):
        stream.next(wanted)


def at_site(odoo_url, folder, redis_url, port=None, **more):
    settings = {"REDIS_URL": redis_url, "WEB_CONCURRENCY": "2", "TRUSTED_PROXIES": "1", "OPS_TOKEN": TOKEN}
    return serving.site(odoo_url, folder, port, **settings, **more)


def booking(number: int, vehicle_id: int = 9) -> dict[str, object]:
    """An order for other days than those of every other `number`."""
    start = clock.today(ZoneInfo("America/Chicago")) + timedelta(days=60 + 7 * number)
    return order(vehicle_id, start, start + timedelta(days=4))


def counts(text: str) -> dict[str, float]:
    """Prometheus' text format as a dictionary."""
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}
