"""From webhooks to fragments and JSON on streams, through each server that the site may run on."""

import json
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import requests

from lco import clock
from lco.webhooks.signature import sign, sign_plain
from tests import serving, streams

SERVERS = {
    "sockets taken from gunicorn": serving.GUNICORN,
    "threads of gunicorn": serving.THREADS,
    "the development server": serving.DEVELOPMENT,
}


@pytest.fixture(scope="module", params=SERVERS.values(), ids=SERVERS)
def site(request, ports, odoo, tmp_path_factory):
    folder = Path(tmp_path_factory.mktemp("site"))
    with serving.site(odoo.url, folder, port=ports[0], command=request.param) as server:
        yield server


@pytest.fixture
def send_webhook(site):
    """Send a signed event to the site, as Odoo would."""

    def send(
        event_type: str, delivery: str | None = None, endpoint: str = "inventory", **fields: object
    ) -> requests.Response:
        body = json.dumps({"event_type": event_type, **fields}).encode()
        headers = sign(serving.SECRET, delivery or f"msg-{uuid.uuid4()}", clock.now(), body)
        return requests.post(f"{site.url}/api/webhook/{endpoint}", data=body, headers=headers, timeout=60)

    requests.get(f"{site.url}/equipment", timeout=60).raise_for_status()
    return send


def data(message: streams.Message) -> str:
    return message.get("data", "")


def test_a_webhook_reaches_pages_and_api_clients(site, odoo, send_webhook):
    with (
        streams.opened(f"{site.url}/live?r=card:5&r=card:6") as page,
        streams.opened(f"{site.url}/api/events") as api_client,
    ):
        assert page.next()["event"] == "connected"
        page.next(lambda message: "card-6" in data(message))  # the present state; from now on, only what changes
        assert json.loads(data(api_client.next()))["type"] == "connected"
        answer = send_webhook("price.updated", vehicle_id=5, rental_price_daily=81, currency="USD")
        assert answer.json() == {"success": True, "received": True}
        fragment = page.next(lambda message: "$81" in data(message))
        assert '<hx-partial id="card-5"' in data(fragment)
        assert "card-6" not in data(fragment)
        event = json.loads(data(api_client.next(lambda message: "price.updated" in data(message))))
        assert (event["vehicle_id"], event["rental_price_daily"]) == (5, 81)


def test_the_first_bytes_come_at_once(site):
    with streams.opened(f"{site.url}/live?r=odoo") as page:
        assert page.next(patience=2)["event"] == "connected"


def test_a_broken_stream_goes_on_where_it_ended(site, odoo, send_webhook):
    with streams.opened(f"{site.url}/live?r=rates:7&r=rates:8") as page:
        odoo.control("vehicles/7", rental_price_daily=91)
        page.next(lambda message: "$91" in data(message))
        last_id = page.last_id
    odoo.control("vehicles/7", rental_price_daily=92)
    serving.wait_until(lambda: "$92" in requests.get(f"{site.url}/equipment", timeout=5).text, "the new price")
    with streams.opened(f"{site.url}/live?r=rates:7&r=rates:8", {"Last-Event-ID": last_id}) as page:
        caught_up = page.next(lambda message: "hx-partial" in data(message))
    assert "$92" in data(caught_up)
    assert "rates-8" not in data(caught_up)


def test_an_id_from_before_a_restart_gets_the_present_state_of_everything(site, send_webhook):
    with streams.opened(f"{site.url}/live?r=rates:7&r=rates:8", {"Last-Event-ID": "1000-0"}) as page:
        caught_up = page.next(lambda message: "hx-partial" in data(message))
    assert "rates-7" in data(caught_up)
    assert "rates-8" in data(caught_up)


def test_events_missed_by_an_api_client_are_sent_again(site, send_webhook):
    with streams.opened(f"{site.url}/api/events") as api_client:
        first = api_client.next()
    send_webhook("vehicle.maintenance", vehicle_id=12, in_maintenance=True)
    with streams.opened(f"{site.url}/api/events", {"Last-Event-ID": first["id"]}) as api_client:
        api_client.next(lambda message: "maintenance.status" in data(message))


def test_public_streams_carry_nothing_personal(site, send_webhook):
    with streams.opened(f"{site.url}/api/events") as api_client:
        send_webhook(
            "booking.created",
            endpoint="booking",
            booking_ref="BK-20261201-AAAAAAAA",
            vehicle_id=3,
            customer_email="secret@example.com",
            customer_name="Secret Name",
            date_from="2026-12-01",
            date_to="2026-12-04",
        )
        send_webhook(
            "booking.cancelled",
            endpoint="booking",
            booking_ref="BK-20261201-AAAAAAAA",
            cancellation_reason="Secret reason",
        )
        api_client.next(lambda message: "booking.cancelled" in data(message))
        assert "ecret" not in json.dumps(api_client.seen)


def test_each_delivery_counts_once(site, send_webhook):
    delivery = f"msg-{uuid.uuid4()}"
    with streams.opened(f"{site.url}/api/events") as api_client:
        for _ in range(3):
            assert send_webhook("booking.confirmed", delivery, "booking", booking_ref="BK-1").status_code == 200
        send_webhook("booking.confirmed", endpoint="booking", booking_ref="BK-2")
        api_client.next(lambda message: "BK-2" in data(message))
        assert sum("BK-1" in data(message) for message in api_client.seen) == 1


def test_an_unsigned_event_is_refused(site):
    url = f"{site.url}/api/webhook/inventory"
    body = b'{"event_type": "vehicle.removed", "vehicle_id": 1}'
    old = sign(serving.SECRET, "old", clock.now().replace(year=2020), body)
    for headers in ({}, {"X-Webhook-Signature": "0" * 64}, sign("wrong", "id", clock.now(), body), old):
        assert requests.post(url, data=body, headers=headers, timeout=60).status_code == 401
    assert (
        requests.post(
            url, data=b"x" * 70_000, headers=sign_plain(serving.SECRET, b"x" * 70_000), timeout=60
        ).status_code
        == 413
    )
    assert requests.post(url, data=b"[]", headers=sign_plain(serving.SECRET, b"[]"), timeout=60).status_code == 400


@pytest.mark.parametrize(
    ("form", "status", "words"), [("standard", "rented", "now rented out"), ("plain", "sold", ": sold")]
)
def test_an_operator_can_check_the_chain_by_hand(site, form, status, words):
    event = json.dumps(
        {"event_type": "vehicle.availability_changed", "vehicle_id": 1, "availability_status": status}
    )
    command = [
        str(Path(sys.executable).with_name("flask")),
        "--app",
        "wsgi",
        "lco",
        "send-webhook",
        "inventory",
        event,
    ]
    with streams.opened(f"{site.url}/live?r=status:1") as page:
        done = subprocess.run(
            [*command, "--url", site.url, "--form", form],
            check=False,
            cwd=serving.ROOT,
            env={**site.environ, "PATH": "/usr/bin"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        page.next(lambda message: words in data(message))
