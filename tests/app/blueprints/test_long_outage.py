"""Odoo is away from Friday to Monday: responses to visitors, also from a site started meanwhile (F13)."""

import re
from datetime import timedelta

import pytest
import requests

from lco import clock
from lco.domain.date_range import DAY
from tests.factories import order

AWAY = timedelta(hours=72)
MACHINE = 3


@pytest.fixture
def pages(client) -> list[str]:
    """Every kind of page with data from Odoo, each loaded once while Odoo answers."""
    own = re.search(rf'href="(/equipment/{MACHINE}-[^"?#]+)', client.get("/equipment").text)
    found = ["/", "/equipment", own[1], "/about", "/sitemap.xml", "/api/fleet/vehicles"]
    assert {client.get(page).status_code for page in found} == {200}
    return found


@pytest.fixture
def body(settings):
    start = clock.today(settings.timezone) + timedelta(days=90)
    return order(MACHINE, start, start + DAY * 4)


@pytest.fixture(params=["the same process", "another version that was started meanwhile"])
def visitor(request, odoo, pages, client, make_app, advance_clock, monkeypatch):
    """A client of the site after three days."""
    odoo.fails_with = requests.ConnectTimeout()
    advance_clock(AWAY)
    if request.param == "the same process":
        return client
    monkeypatch.setattr("lco.caching.swr.version", lambda: "another")
    return make_app().test_client()


def test_after_72_hours_without_odoo_every_page_is_200_and_shows_its_age(visitor, pages):
    read_at = (clock.now() - AWAY).date()
    for page in pages:
        assert visitor.get(page).status_code == 200, page
    for page in (pages[1], pages[2]):
        age = re.search(r'What you see is from <time datetime="([0-9-]+)', visitor.get(page).text)
        assert age, page
        assert abs(clock.now().date().fromisoformat(age[1]) - read_at) <= timedelta(days=1)


def test_after_72_hours_without_odoo_a_booking_is_kept(visitor, body, odoo):
    answer = visitor.post("/api/booking", json=body, headers={"Idempotency-Key": "long"})
    assert (answer.status_code, answer.json["state"]) == (202, "requested")
    assert "Request saved" in visitor.get(answer.json["booking_url"]).text


def test_after_72_hours_without_odoo_no_page_promises_days(visitor, pages, body):
    page = visitor.get(f"{pages[2]}?date_from={body['date_from']}&date_to={body['date_to']}")
    assert page.status_code == 200
    assert "Free for your dates" not in page.text
