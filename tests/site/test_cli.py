import re
from dataclasses import replace

import pytest
import requests

from lco import create_app
from lco.errors import NotFound
from lco.store.errors import StoreAway

SITE = "http://127.0.0.1:8000"
TEST = '{"event_type": "test"}'


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


def test_a_refused_event_ends_with_code_1_and_says_why(run):
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


def test_a_site_that_cannot_be_reached_is_said_in_words(run, requests_mock):
    requests_mock.post("http://127.0.0.1:9/api/webhook/inventory", exc=requests.ConnectionError)
    done = run("send-webhook", "inventory", TEST, "--url", "http://127.0.0.1:9/")
    assert done.exit_code == 1
    assert "cannot be reached" in done.output


def test_only_the_two_endpoints_exist(run):
    assert run("send-webhook", "elsewhere", TEST).exit_code == 2


def test_migrate_makes_an_empty_database_usable(app, run):
    by_token = app.extensions["lco"].bookings.by_token
    with pytest.raises(StoreAway):
        by_token("whatever")
    done = run("migrate")
    assert done.exit_code == 0, done.output
    with pytest.raises(NotFound):
        by_token("whatever")


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
