"""The content of an error report, read at the point where it is sent."""

import json
import logging
from dataclasses import replace
from datetime import timedelta

import pytest
import sentry_sdk
from sentry_sdk.transport import Transport

from lco import clock
from lco.errors import OdooUnavailable
from lco.web import error_reports

TYPED = {
    "customer_name": "Ann Larsen",
    "customer_email": "ann@example.com",
    "customer_phone": "218-555-0143",
    "message": "my gate code is 4711",
    "vehicle_id": "1",
    "date_from": "2030-01-11",
    "date_to": "2030-01-15",
}
SECRETS = {
    "odoo_api_key": "key-of-odoo-1",
    "odoo_webhook_secret": ("webhook-secret-of-24-chars",),
    "ops_token": "operator-token-1234567",
    "smtp_url": "smtp://user:smtp-password@127.0.0.1:2525",
}
PRIVATE = [
    *("Ann Larsen", "ann@example.com", "218-555-0143", "gate code", "secret-link-of-a-booking"),
    *("key-of-odoo-1", "webhook-secret", "operator-token", "smtp-password", "idempotency-key-1", "203.0.113.5"),
]


class Sink(Transport):
    """Keeps what would be sent."""

    def __init__(self):
        super().__init__()
        self.sent = []

    def capture_envelope(self, envelope):
        self.sent.append(envelope.serialize().decode())


@pytest.fixture
def reports(settings):
    sink = Sink()
    known = replace(settings, sentry_dsn="http://key@127.0.0.1:1/1", **SECRETS)
    error_reports.register(known, transport=sink)
    yield sink.sent
    sentry_sdk.init()


class Unforeseen(Exception):
    """Has all its values in its message, like many errors of libraries."""


REQUESTS = {
    "pages": ("GET", "/about", {}),
    "equipment": ("GET", "/equipment?q=Ann Larsen", {}),
    "bookings": ("POST", "/bookings", {"data": TYPED}),
    "one booking": ("GET", "/bookings/secret-link-of-a-booking", {}),
    "api": ("POST", "/api/booking", {"json": TYPED, "headers": {"Idempotency-Key": '"idempotency-key-1"'}}),
    "fleet": ("POST", "/api/fleet/availability", {"json": {"vehicle_id": 1, "note": "Ann Larsen"}}),
    "webhooks": ("POST", "/api/webhook/booking", {"json": {"event_type": "booking.created", **TYPED}}),
    "live": ("GET", "/live?r=booking:secret-link-of-a-booking", {}),
    "ops": ("GET", "/ops?token=operator-token-1234567", {}),
    "health": ("GET", "/readyz", {}),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_no_report_holds_a_person_or_a_secret(make_app, reports, name):
    app = make_app(**SECRETS)

    def fail():
        from flask import request

        sent = [request.full_path, request.get_data(as_text=True), dict(request.headers), request.form.to_dict()]
        raise Unforeseen(f"while answering {sent} with {SECRETS}")

    app.before_request_funcs[None].append(fail)
    method, path, options = REQUESTS[name]
    headers = {"X-Forwarded-For": "203.0.113.5", **options.pop("headers", {})}
    app.test_client().open(path, method=method, headers=headers, **options)
    (report,) = reports
    assert [word for word in PRIVATE if word in report] == []
    assert "Unforeseen" in report
    assert '"vars"' not in report


def test_a_report_names_the_route_and_the_id_of_the_request(make_app, reports):
    app = make_app()
    app.before_request_funcs[None].append(lambda: 1 / 0)
    app.test_client().get("/bookings/secret-link-of-a-booking", headers={"X-Request-Id": "request-17"})
    event = json.loads(reports[0].splitlines()[-1])
    assert event["request"]["url"] == event["transaction"] == "/bookings/<token>"
    assert event["tags"]["request_id"] == "request-17"


def test_a_lasting_outage_is_reported_at_most_twice_a_minute(reports):
    log = logging.getLogger("lco.test")
    for second in range(0, 60, 2):
        with clock.moved(timedelta(seconds=second)):
            log.error("bookings cannot be read", exc_info=OdooUnavailable())
            log.error("webhooks cannot be read", exc_info=OdooUnavailable())
    assert len(reports) <= 2
