import csv
import io
import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
import requests

from lco import clock, create_app
from lco.bookings import admin
from lco.db.errors import DatabaseUnavailable
from lco.domain.booking import BookingRequest
from lco.domain.date_range import DAY, DateRange
from lco.errors import NotFound
from lco.webhooks import schemas

SITE = "http://127.0.0.1:8000"
TEST = '{"event_type": "test"}'
CREATED = schemas.parse_event(
    "booking",
    b'{"event_type": "booking.created", "booking_ref": "BK-1", "customer_email": "ada@example.com"}',
)


@pytest.mark.parametrize(
    ("form", "sent"),
    [
        ("both", {"X-Webhook-Signature", "webhook-id", "webhook-timestamp", "webhook-signature"}),
        ("standard", {"webhook-id", "webhook-timestamp", "webhook-signature"}),
        ("plain", {"X-Webhook-Signature"}),
    ],
)
@pytest.mark.parametrize("endpoint", ["booking", "inventory"])
def test_an_event_is_sent_as_odoo_would_and_accepted(run, site, endpoint, form, sent):
    done = run("send-webhook", endpoint, TEST, "--form", form)
    assert done.exit_code == 0, done.output
    assert done.output.startswith("200 ")
    assert '"received":true' in done.output.replace(" ", "")
    assert {name for name in site.last_request.headers if "webhook" in name.lower()} == sent
    assert site.last_request.path == f"/api/webhook/{endpoint}"


def test_a_refused_event_ends_with_code_1_and_prints_the_reason(run):
    done = run("send-webhook", "inventory", '{"event_type": "vehicle.removed", "vehicle_id": "abc"}')
    assert done.exit_code == 1
    assert done.output.startswith("400 ")
    assert "vehicle_id" in done.output


def test_an_event_signed_with_a_secret_that_the_site_does_not_know_is_refused(settings, site):
    elsewhere = create_app(replace(settings, odoo_webhook_secret=("another",)))
    done = elsewhere.test_cli_runner().invoke(args=["lco", "send-webhook", "inventory", TEST])
    assert done.exit_code == 1
    assert done.output.startswith("401 ")


def test_without_any_secret_nothing_is_sent(settings, site):
    secretless = create_app(replace(settings, odoo_webhook_secret=()))
    done = secretless.test_cli_runner().invoke(args=["lco", "send-webhook", "inventory", TEST])
    assert done.exit_code == 1
    assert "ODOO_WEBHOOK_SECRET" in done.output
    assert not site.called


def test_an_unreachable_site_is_reported_in_a_message(run, requests_mock):
    requests_mock.post("http://127.0.0.1:9/api/webhook/inventory", exc=requests.ConnectionError)
    done = run("send-webhook", "inventory", TEST, "--url", "http://127.0.0.1:9/")
    assert done.exit_code == 1
    assert "cannot be reached" in done.output


def test_only_the_two_endpoints_exist(run):
    assert run("send-webhook", "elsewhere", TEST).exit_code == 2


def test_migrate_makes_an_empty_database_usable(app, run):
    by_token = app.extensions["lco"].bookings.service.by_token
    with pytest.raises(DatabaseUnavailable):
        by_token("any-token")
    done = run("migrate")
    assert done.exit_code == 0, done.output
    with pytest.raises(NotFound):
        by_token("any-token")


def test_deliveries_are_listed_without_their_bodies(run, inbox):
    inbox.receive(CREATED, "msg_1")
    done = run("webhooks")
    assert done.output.startswith("0 waiting, 0 failed\nmsg_1  ")
    assert "booking.created  booking:BK-1  applied  1 try" in done.output
    assert "ada@example.com" not in done.output
    assert "msg_1" not in run("webhooks", "--unapplied").output


def test_a_delivery_is_replayed_by_the_serving_process(run, inbox):
    inbox.receive(CREATED, "msg_1")
    assert run("webhooks", "--replay", "msg_1").exit_code == 0
    assert "msg_1" in run("webhooks", "--unapplied").output
    inbox.retry_due()
    assert "msg_1" not in run("webhooks", "--unapplied").output


def test_an_unknown_delivery_is_reported(run, inbox):
    done = run("webhooks", "--replay", "msg_9")
    assert done.exit_code == 1
    assert "msg_9" in done.output


def test_bookings_that_need_a_person_are_listed_with_name_and_phone(run, left_open):
    assert "0 need a person" in run("bookings").output
    assert "Ada Lovelace" in run("bookings", "--all").output
    with clock.moved(timedelta(hours=3)):
        done = run("bookings")
    assert done.output.startswith("1 checking\n1 need a person\n1  checking  requested ")
    for fact in ("vehicle 3", "Ada Lovelace, ada@example.com, +12185550142", "1 tries"):
        assert fact in done.output


def test_a_booking_settled_by_hand_is_in_the_audit(run, left_open):
    done = run("settle", str(left_open.id), "booked", "--reference", "BK-55")
    assert done.exit_code == 0, done.output
    assert "booked" in done.output
    steps = list(csv.DictReader(io.StringIO(run("audit").output)))
    assert [(step["before"], step["after"], step["actor"]) for step in steps] == [
        ("", "requested", "customer"),
        ("requested", "placing", "customer"),
        ("placing", "checking", "site"),
        ("checking", "booked", "person"),
    ]
    as_lines = [json.loads(line) for line in run("audit", "--form", "jsonl").output.splitlines()]
    assert [line["after"] for line in as_lines] == [step["after"] for step in steps]
    assert run("audit", "--booking", "99").output.count("\n") == 1, "nothing but the names of the columns"


def test_an_audit_of_many_pages_is_exported_whole(run, left_open, monkeypatch):
    monkeypatch.setattr(admin, "AT_ONCE", 2)
    assert run("audit").output.count("\n") == 1 + 3


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [("booked", "Give the reference"), ("confirmed", "cannot become confirmed"), ("cancelled", "cannot become")],
)
def test_impossible_steps_are_refused_with_a_sentence(run, left_open, verdict, sentence):
    done = run("settle", str(left_open.id), verdict)
    assert done.exit_code == 1
    assert sentence in done.output


def test_an_unknown_booking_is_reported(run, left_open):
    done = run("settle", "99", "declined")
    assert done.exit_code == 1
    assert "no booking 99" in done.output


@pytest.fixture
def inbox(app, odoo):
    services = app.extensions["lco"]
    services.db.migrate()
    return services.inbox


@pytest.fixture
def left_open(app, odoo, settings):
    """A booking whose outcome at Odoo is not known."""
    services = app.extensions["lco"]
    services.db.migrate()
    services.catalogue.vehicles()
    start = clock.today(settings.timezone) + timedelta(days=90)
    booking_request = BookingRequest(
        3, DateRange(start, start + DAY * 4), "Ada Lovelace", "ada@example.com", "+12185550142"
    )
    odoo.fails_with = requests.ReadTimeout()
    booking = services.bookings.service.place(booking_request, "key", lambda: None)
    odoo.fails_with = None
    return booking


@pytest.fixture
def run(app):
    return lambda *arguments: app.test_cli_runner().invoke(args=["lco", *arguments])


@pytest.fixture(autouse=True)
def site(requests_mock, client):
    """The site at its usual address, answered by the application itself."""

    def answer(request, context):
        reply = client.post(request.path, data=request.body, headers=dict(request.headers))
        context.status_code = reply.status_code
        return reply.text

    return requests_mock.post(re.compile(re.escape(SITE)), text=answer)
