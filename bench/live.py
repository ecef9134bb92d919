"""From a webhook's answer to the fragment on an open stream, beside the round trip of an idle request."""

import json
import time
import uuid
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from bench import report
from lco import clock
from lco.webhooks.signature import sign
from tests import serving, streams

ROUNDS = 200


def webhook(session: requests.Session, url: str, odoo: serving.Demo, number: int) -> None:
    """Tell the site of a new price, which Odoo then has too: else the site would put it right again."""
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


def main() -> None:
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
