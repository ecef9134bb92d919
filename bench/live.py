"""From an answer to the fragment on an open stream: of webhooks, and of customers who set days free."""

import json
import time
import uuid
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from bench import report
from lco import clock
from lco.webhooks.signature import sign
from tests import serving, streams
from tests.factories import order

ROUNDS = 200
CANCELLATIONS = 40
MACHINE = 3
KEY = "bench"


def webhook(session: requests.Session, url: str, odoo: serving.Demo, number: int) -> None:
    """Send the site a new price, which Odoo then has too: else the site would correct it again."""
    odoo.control("vehicles/1", rental_price_daily=100 + number)
    payload = {
        "event_type": "price.updated",
        "vehicle_id": 1,
        "rental_price_daily": 100 + number,
        "currency": "USD",
    }
    body = json.dumps(payload).encode()
    headers = sign(serving.SECRET, f"bench-{uuid.uuid4()}", clock.now(), body)
    answer = session.post(f"{url}/api/webhook/inventory", data=body, headers=headers, timeout=10)
    answer.raise_for_status()


def measure_webhooks() -> None:
    report.title("Webhook to fragment on an open stream, loopback (promise: 20 ms from the answer, median)")
    with (
        serving.demo("http://127.0.0.1:9", "--no-webhooks") as odoo,
        TemporaryDirectory() as folder,
        serving.site(odoo.url, Path(folder)) as site,
    ):
        session = requests.Session()
        session.get(f"{site.url}/equipment", timeout=10)
        with streams.opened(f"{site.url}/live?r=rates:1") as stream:
            stream.next()
            answered, idle = [], []
            for number in range(ROUNDS):
                started = time.monotonic()
                session.get(f"{site.url}/healthz", timeout=10)
                idle.append(time.monotonic() - started)
                webhook(session, site.url, odoo, number)
                done = time.monotonic()
                price = f"${100 + number}"
                stream.next(lambda message, price=price: price in message.get("data", ""))
                answered.append(max(0.0, time.monotonic() - done))
        yardstick = sorted(idle)[ROUNDS // 2]
        report.times("yardstick: GET /healthz", idle)
        report.times("webhook answered to fragment received", answered, yardstick)


def set_free(site: serving.Server, number: int) -> float:
    """Seconds from the answer to a cancellation until the day is free on another visitor's page."""
    start = clock.now().date() + timedelta(days=40)
    headers = {"X-Forwarded-For": f"198.51.{number % 250}.{number // 250 + 1}"}

    def post(path: str, **body: object) -> requests.Response:
        answer = requests.post(f"{site.url}/api/booking{path}", json=body, headers=headers, timeout=20)
        answer.raise_for_status()
        return answer

    page = post("", **order(MACHINE, start, start + timedelta(days=4))).headers["Location"]
    secret = page.rpartition("/")[2]
    days = {"date_from": str(start), "date_to": str(start + timedelta(days=5))}
    version = post(f"/{secret}/quote", **days).json()["version"]
    day = f'calendar-{MACHINE}-{start}" aria-label="'
    with streams.opened(f"{site.url}/live?r=calendar:{MACHINE}:{start:%Y-%m}:old") as stream:
        stream.next(lambda message: "taken" in message.get("data", "").partition(day)[2].partition("</td>")[0])
        post(f"/{secret}/cancel", version=version)
        answered = time.monotonic()
        stream.next(lambda message: "available" in message.get("data", "").partition(day)[2].partition("</td>")[0])
        return max(0.0, time.monotonic() - answered)


def measure_freed_days() -> None:
    report.title("Cancellation to free days on another page, without webhooks (promise: 1 s from the answer)")
    with (
        serving.demo("http://127.0.0.1:9", "--no-webhooks", "--key", KEY) as odoo,
        TemporaryDirectory() as folder,
        serving.site(odoo.url, Path(folder), ODOO_API_KEY=KEY, TRUSTED_PROXIES="1", MAX_OPEN_DAYS="0") as site,
    ):
        requests.get(f"{site.url}/equipment", timeout=10)
        freed = [set_free(site, number) for number in range(CANCELLATIONS)]
        report.times("cancelled to free on an open page", freed)
        report.fact("the slowest", f"{max(freed) * 1000:.0f} ms")


def main() -> None:
    measure_webhooks()
    measure_freed_days()
