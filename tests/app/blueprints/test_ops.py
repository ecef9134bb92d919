"""The page for staff: who may open it, what it shows, and how it updates itself."""

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
URL = "/ops"


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
def booking_request(settings):
    start = clock.today(settings.timezone) + timedelta(days=90)
    return BookingRequest(3, DateRange(start, start + DAY * 4), "Ada Lovelace", "ada@example.com", "+12185550142")


def facts(page) -> str:
    """The page's text, each definition on a separate line."""
    return re.sub(r"</dt>\s*<dd>", ": ", page.text)


@pytest.fixture
def client(app):
    """A client that has signed in."""
    client = app.test_client()
    assert client.post("/ops/login", data={"token": TOKEN}).status_code == 303
    return client


@pytest.fixture
def visitor(app):
    return app.test_client()


def test_signing_in_sets_a_cookie_hidden_from_scripts_and_other_sites(visitor, services):
    assert visitor.get("/ops").status_code == 401
    signed_in = visitor.post("/ops/login", data={"token": TOKEN})
    assert (signed_in.status_code, signed_in.headers["Location"]) == (303, "/ops")
    cookie = signed_in.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/ops" in cookie
    assert TOKEN not in cookie
    assert visitor.get("/ops").status_code == 200


def test_the_cookie_of_a_site_with_https_is_secure(make_app):
    client = make_app(ops_token=TOKEN, site_url="https://rent.example").test_client()
    assert "Secure" in client.post("/ops/login", data={"token": TOKEN}).headers["Set-Cookie"]


def test_signing_out_ends_it(client, services):
    assert client.post("/ops/logout").status_code == 303
    assert client.get("/ops").status_code == 401


def test_a_new_token_ends_all_sign_ins(client, make_app):
    cookie = client.get_cookie("lco_ops", path="/ops")
    other = make_app(ops_token="another-token-of-staff").test_client()
    other.set_cookie("lco_ops", cookie.value, path="/ops")
    assert other.get("/ops").status_code == 401


def test_a_script_sends_the_token_as_header(visitor, services):
    assert visitor.get("/ops", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "\u00fc", "%00"])
def test_a_wrong_token_opens_nothing(visitor, token):
    answer = visitor.post("/ops/login", data={"token": token})
    assert answer.status_code == 422
    assert "Set-Cookie" not in answer.headers
    assert visitor.get("/ops", headers={"Authorization": f"Basic {TOKEN}"}).status_code == 401
    assert visitor.get("/ops", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_a_token_in_the_address_opens_nothing(visitor):
    assert visitor.get("/ops", query_string={"token": TOKEN}).status_code == 401


def test_the_twenty_first_wrong_token_in_an_hour_is_429(visitor):
    answers = [visitor.post("/ops/login", data={"token": "wrong"}).status_code for _ in range(21)]
    assert answers == [422] * 20 + [429]


def test_without_a_setting_there_is_no_such_page(make_app):
    client = make_app(ops_token="").test_client()
    assert client.get("/ops").status_code == 404
    assert client.post("/ops/login", data={"token": ""}).status_code == 404


def test_no_cache_and_no_search_engine_keeps_the_page(client, services):
    page = client.get(URL)
    assert page.headers["Cache-Control"] == "private, no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Robots-Tag"] == "noindex"


def test_it_renews_itself_from_its_own_address(client, services):
    page = client.get(URL)
    assert 'hx-get="/ops" hx-trigger="every 5s"' in page.text
    part = client.get(URL, headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith('<div id="ops"')
    assert "HX-Request" in part.headers["Vary"]


def test_a_healthy_site_is_shown_as_such(client, services):
    page = facts(client.get(URL))
    assert "No booking needs a person." in page
    assert "Last read well: just now" in page
    assert "Last webhook: none yet" in page
    assert "Mails waiting" in page


def test_a_booking_that_needs_a_person_is_shown_with_name_and_phone(client, services, odoo, booking_request):
    odoo.fails_with = requests.ReadTimeout()
    services.bookings.service.place(booking_request, "key", lambda: None)
    odoo.fails_with = None
    assert "No booking needs a person." in client.get(URL).text
    with clock.moved(timedelta(hours=3)):
        page = facts(client.get(URL))
    assert "1 booking needs a person." in page
    assert "Booking 1: checking, requested 3 hours ago: Commercial Zero-Turn Mower" in page
    assert 'href="tel:+12185550142"' in page
    assert "Checking: 1" in page


def test_webhooks_are_shown_by_their_outcome(client, services):
    before = ops.site_status(services).deliveries
    removed = schemas.parse_event("inventory", b'{"event_type": "vehicle.removed", "vehicle_id": 7}')
    services.inbox.receive(removed, "msg_1")
    client.post("/api/webhook/inventory", data=b"{}")
    with clock.moved(timedelta(minutes=5)):
        page = facts(client.get(URL))
    assert "Last webhook: 5 minutes ago" in page
    assert "Webhooks waiting to be applied: 0" in page
    refused = ops.site_status(services).deliveries.refused
    assert refused["unauthorized"] == before.refused.get("unauthorized", 0) + 1


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=119), "1 hour ago"),
        (timedelta(days=2, hours=3), "2 days ago"),
    ],
)
def test_ages_are_shown_in_words(age, words):
    assert ops.ago(age) == words


def test_a_proxy_that_is_not_trusted_is_shown(client, services):
    assert "TRUSTED_PROXIES is 0" not in client.get("/ops").text
    client.get("/about", headers={"X-Forwarded-For": "203.0.113.5"})
    assert "TRUSTED_PROXIES is 0" in client.get("/ops").text
