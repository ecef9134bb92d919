"""Gauges at /metrics: how long requests take, what waits, and how old the data from Odoo is."""

from datetime import timedelta

import pytest
import requests

from lco import clock
from lco.version import version
from lco.webhooks import schemas
from tests.factories import order

CREATED = schemas.parse_event("booking", b'{"event_type": "booking.created", "booking_ref": "BK-1"}')


@pytest.fixture
def services(app, odoo):
    services = app.extensions["lco"]
    services.db.migrate()
    services.catalogue.vehicles()
    return services


@pytest.fixture
def sample(client):
    """The value of one line of /metrics; None when there is no such line."""

    def sample(name: str) -> float | None:
        lines = dict(line.rsplit(" ", 1) for line in client.get("/metrics").text.splitlines() if line[0] != "#")
        return float(lines[name]) if name in lines else None

    return sample


def test_requests_are_timed_by_route_and_class_of_status(client, services, sample):
    name = 'lco_request_seconds_count{{route="{}",status="{}"}}'
    before = sample(name.format("/api/fleet/vehicle/<int:vehicle_id>", "4xx")) or 0
    errors = sample(name.format("-", "4xx")) or 0
    client.get("/api/fleet/vehicle/987654321")
    client.get("/no/such/address")
    assert sample(name.format("/api/fleet/vehicle/<int:vehicle_id>", "4xx")) == before + 1
    assert sample(name.format("-", "4xx")) == errors + 1
    assert "987654321" not in client.get("/metrics").text


def test_server_errors_are_counted(app, client, services, sample, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    name = 'lco_request_seconds_count{route="/about",status="5xx"}'
    before = sample(name) or 0
    monkeypatch.setattr("flask.app.Flask.dispatch_request", broken)
    assert client.get("/about").status_code == 500
    monkeypatch.undo()
    assert sample(name) == before + 1


def test_build_is_named(services, sample):
    assert sample(f'lco_build_info{{version="{version()}"}}') == 1


def test_open_breaker_is_seen(services, odoo, sample):
    assert sample("lco_circuit_breaker_open") == 0
    for _ in range(5):
        services.odoo.transport.breaker.failed()
    assert sample("lco_circuit_breaker_open") == 1


def test_booking_that_needs_a_person_is_seen(client, services, odoo, settings, sample):
    start = clock.today(settings.timezone) + timedelta(days=60)
    odoo.fails_with = requests.ReadTimeout()
    client.post("/api/booking", json=order(3, start, start + timedelta(days=3)))
    odoo.fails_with = None
    assert sample("lco_bookings_needing_person") == 0
    assert sample('lco_bookings_now{state="checking"}') == 1
    assert sample('lco_mails_now{state="waiting"}') == 1
    with clock.moved(timedelta(hours=3)):
        assert sample("lco_bookings_needing_person") == 1


def test_ages_of_the_last_webhook_and_the_last_reading_are_reported(services, sample):
    now = clock.now().timestamp()
    assert abs(sample("lco_last_odoo_read_timestamp_seconds") - now) < 60
    assert sample("lco_last_webhook_timestamp_seconds") == 0
    services.inbox.receive(CREATED, "msg_1")
    assert abs(sample("lco_last_webhook_timestamp_seconds") - now) < 60
    assert sample('lco_webhooks_now{state="waiting"}') == 0


def test_database_that_is_away_does_not_hide_the_other_metrics(make_app, odoo):
    client = make_app(database_url="postgresql+psycopg://lco@127.0.0.1:9/lco").test_client()
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert "lco_circuit_breaker_open" in answer.text
    assert 'lco_background_failures_total{what="metrics"}' in answer.text
