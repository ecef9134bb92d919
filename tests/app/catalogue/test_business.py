"""The business on the pages: the settings, and Odoo's storefront where they are empty."""

import json
import uuid
from collections.abc import Iterator

import pytest

from lco import clock
from lco.changes.topics import EventType
from lco.domain.storefront import Storefront
from lco.settings import Settings
from lco.webhooks.signature import sign
from tests.serving import wait_until
from tests.wire import OdooAtTheWire

WORDS = {
    "name": "Harbor Lifts",
    "tagline": "Lifts for every height",
    "accent": "#7a1f1f",
    "about_html": "<h1>Two sisters</h1><script>alert(1)</script><p onclick=x>with forty lifts</p>",
    "terms_html": "<p>Bring a licence</p>",
    "phone": "+1 207-555-0100",
    "email": "hello@lifts.example",
    "street": "1 Pier",
    "city": "Portland, ME",
    "map_url": "https://map.example/pier",
}


@pytest.fixture
def odoo(settings, requests_mock) -> Iterator[OdooAtTheWire]:
    odoo = OdooAtTheWire(settings.odoo_url, requests_mock, contract=2)
    odoo.control("settings", **WORDS)
    yield odoo
    odoo.close()


@pytest.fixture
def signed(client):
    """Send an event without a record, as Odoo signs it."""

    def send(event_type: str):
        body = json.dumps({"event_type": event_type, "version": 2}).encode()
        headers = sign("test-secret", f"msg_{uuid.uuid4().hex}", clock.now(), body)
        return client.post("/api/webhook/inventory", data=body, headers=headers)

    return send


@pytest.fixture
def services(app):
    return app.extensions["lco"]


def test_pages_show_the_storefront_of_odoo_once_it_is_read(client, odoo, services):
    assert "Harbor Lifts" not in client.get("/").text
    services.business.read()
    home, about, contact = (client.get(path).text for path in ("/", "/about", "/contact"))
    assert "Lifts for every height" in home
    for page in (home, about, contact):
        assert "Harbor Lifts" in page
        assert "(207) 555-0100" in page
        assert "1 Pier, Portland, ME" in page
    assert "<h3>Two sisters</h3>" in about
    assert "alert" not in about
    assert "onclick" not in about
    assert "Bring a licence" in about
    assert 'href="https://map.example/pier"' in contact
    assert "--forest:#7a1f1f" in client.get("/brand.css").text


def test_a_setting_wins_over_odoo(make_app, odoo):
    app = make_app(business_name="Ours", business_accent="#123456", business_about="We rent lifts.")
    app.extensions["lco"].business.read()
    page = app.test_client().get("/about").text
    assert "Ours" in page
    assert "Harbor Lifts" not in page
    assert "We rent lifts." in page
    assert "Two sisters" not in page
    assert app.extensions["lco"].business.known.accent == "#123456"


def test_a_colour_that_hides_white_text_is_left_out(odoo, services):
    odoo.control("settings", accent="#ffe000")
    services.business.read()
    assert services.business.known.accent == ""
    assert services.business.known.name == "Harbor Lifts"


def test_a_webhook_brings_the_new_texts_and_drops_cached_pages(signed, client, odoo, services):
    services.business.read()
    client.get("/about")
    odoo.control("settings", name="Harbor Lifts and Cranes")
    assert signed("storefront.updated").status_code == 200
    wait_until(lambda: "Harbor Lifts and Cranes" in client.get("/about").text, "the new name")


def test_a_webhook_about_the_calendar_has_it_read_again(signed, odoo, services):
    services.calendar.current()
    seen = services.changes.head()
    odoo.control("settings", lead_days=3)
    assert signed("calendar.updated").status_code == 200
    wait_until(lambda: services.calendar.known().lead_days == 3, "the new calendar")
    wait_until(
        lambda: any(one.kind == EventType.CALENDAR_CHANGED for one in services.changes.since(seen) or ()),
        "the change for open pages",
    )


def test_business_data_survives_a_restart_without_odoo(make_app, odoo):
    first = make_app()
    first.extensions["lco"].business.read()
    odoo.fails_with = 503
    again = make_app()
    again.extensions["lco"].business.read()
    assert again.extensions["lco"].business.known.name == "Harbor Lifts"


def test_version_1_has_no_storefront(settings, requests_mock, make_app):
    OdooAtTheWire(settings.odoo_url, requests_mock).close()
    services = make_app().extensions["lco"]
    services.business.read()
    assert services.business.known == settings.business()


def test_settings_left_at_their_default_give_way_and_others_do_not():
    settings = Settings(business_email="we@lifts.example")
    said = settings.business(Storefront(name="Harbor Lifts", email="hello@lifts.example"))
    assert (said.name, said.email, said.hours) == ("Harbor Lifts", "we@lifts.example", settings.business_hours)
