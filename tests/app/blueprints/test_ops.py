"""The page for the people of the business: whom it opens for, what it tells, and that it renews itself."""

import re
from datetime import timedelta

import pytest
import requests

from lco import clock
from lco.blueprints import ops
from lco.domain.booking import BookingRequest
from lco.domain.date_range import DAY, DateRange
from lco.webhooks import schemas

TOKEN = "a-token-of-the-staff"
URL = f"/ops?token={TOKEN}"


@pytest.fixture
def app(make_app):
    app = make_app(ops_token=TOKEN)
    app.extensions["lco"].db.migrate()
    return app


@pytest.fixture
def services(app, odoo):
    services = app.extensions["lco"]
    services.catalogue.vehicles()
    return services


@pytest.fixture
def wanted(settings):
    start = clock.today(settings.timezone) + timedelta(days=90)
    return BookingRequest(3, DateRange(start, start + DAY * 4), "Ada Lovelace", "ada@example.com", "+12185550142")


def facts(page) -> str:
    """The page's words, each definition on a line of its own."""
    return re.sub(r"</dt>\s*<dd>", ": ", page.text)


def test_the_token_opens_the_page_as_header_or_in_the_address(client, services):
    assert client.get(URL).status_code == 200
    assert client.get("/ops", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "\u00fc", "%00"])
def test_without_the_right_token_there_is_no_such_page(client, token):
    assert client.get("/ops", query_string={"token": token}).status_code == 404
    assert client.get("/ops", headers={"Authorization": f"Basic {TOKEN}"}).status_code == 404


def test_without_a_setting_there_is_no_such_page(make_app):
    app = make_app(ops_token="")
    assert app.test_client().get("/ops?token=").status_code == 404


def test_it_is_kept_by_nobody_and_found_by_nobody(client, services):
    page = client.get(URL)
    assert page.headers["Cache-Control"] == "private, no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Robots-Tag"] == "noindex"


def test_it_renews_itself_from_its_own_address(client, services):
    page = client.get(URL)
    assert f'hx-get="/ops?token={TOKEN}" hx-trigger="every 5s"' in page.text
    part = client.get(URL, headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith('<div id="ops"')
    assert "HX-Request" in part.headers["Vary"]


def test_all_is_well_reads_so(client, services):
    page = facts(client.get(URL))
    assert "No booking needs a person." in page
    assert "Last read well: just now" in page
    assert "Last webhook: none yet" in page
    assert "Mails waiting" in page


def test_a_booking_that_needs_a_person_is_shown_with_whom_to_call(client, services, odoo, wanted):
    odoo.fails_with = requests.ReadTimeout()
    services.bookings.place(wanted, "key", lambda: None)
    odoo.fails_with = None
    assert "No booking needs a person." in client.get(URL).text
    with clock.moved(timedelta(hours=3)):
        page = facts(client.get(URL))
    assert "1 booking needs a person." in page
    assert "Booking 1: checking, requested 3 hours ago: Commercial Zero-Turn Mower" in page
    assert 'href="tel:+12185550142"' in page
    assert "Checking: 1" in page


def test_webhooks_are_told_by_what_became_of_them(client, services):
    before = ops.site_status(services, None).deliveries
    removed = schemas.parse_event("inventory", b'{"event_type": "vehicle.removed", "vehicle_id": 7}')
    services.inbox.receive(removed, "msg_1")
    client.post("/api/webhook/inventory", data=b"{}")
    with clock.moved(timedelta(minutes=5)):
        page = facts(client.get(URL))
    assert "Last webhook: 5 minutes ago" in page
    assert "Webhooks waiting to be applied: 0" in page
    refused = ops.site_status(services, None).deliveries.refused
    assert refused["unauthorized"] == before.refused.get("unauthorized", 0) + 1


def test_mails_are_counted_by_whoever_keeps_them(services):
    class Counts:
        waiting, failed = 2, 1

    counted = ops.site_status(services, Counts).mails
    assert (counted.waiting, counted.failed) == (2, 1)
    assert ops.site_status(services, None).mails is None


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=119), "1 hour ago"),
        (timedelta(days=2, hours=3), "2 days ago"),
    ],
)
def test_ages_are_told_in_words(age, words):
    assert ops.ago(age) == words
