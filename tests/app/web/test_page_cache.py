"""Which pages of the site are cached, and what invalidates them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from prometheus_client import REGISTRY

from lco import clock
from lco.availability.service import MAX_AGE
from lco.catalogue.sync import LIST_MAX_AGE
from lco.domain.date_range import DAY
from lco.domain.money import Money
from lco.domain.vehicle import Rates
from lco.web import page_cache
from tests import serving

SAW = "/equipment/2-cat-299d3-skid-steer"
QUOTE = "POST /api/fleet/availability"
LIST = "GET /api/fleet/vehicles"


@pytest.fixture(autouse=True)
def _odoo(odoo):
    return odoo


@pytest.fixture
def rendered():
    """The number of cacheable pages rendered since the test began."""

    def count() -> float:
        return REGISTRY.get_sample_value("lco_pages_total", {"source": "rendered"}) or 0

    before = count()
    return lambda: count() - before


@pytest.fixture
def services(app):
    return app.extensions["lco"]


@pytest.fixture
def dates(settings):
    start = clock.today(settings.timezone) + timedelta(days=90)
    return f"date_from={start}&date_to={start + DAY * 4}"


@pytest.mark.parametrize(
    "path", ["/", "/equipment", "/equipment?q=saw", SAW, "/about", "/contact", "/sitemap.xml"]
)
def test_the_second_visitor_costs_no_rendering_and_gets_the_same(client, rendered, path):
    client.get(path)  # reads the longer rates, which the list does not have
    first = client.get(path)
    before = rendered()
    second = client.get(f"{path}{'&' if '?' in path else '?'}utm_source=mail")
    assert rendered() == before
    assert second.data == first.data
    assert second.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]
    assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert rendered() == before


def test_a_list_with_dates_is_kept_too(client, rendered, services, dates):
    client.get(f"/equipment?{dates}")  # reads limits and longer rates, which the list does not have
    serving.wait_until(
        lambda: all(one.minimum_days for one in services.catalogue.vehicles().vehicles), "the limits"
    )
    client.get(f"/equipment?{dates}")
    before = rendered()
    client.get(f"/equipment?{dates}")
    assert rendered() == before


def test_a_change_shows_at_once(client, services, odoo):
    client.get("/equipment")
    assert odoo.app.test_client().post("/demo/vehicles/1", json={"rental_price_daily": 777}).status_code == 200
    services.catalogue.sync.price_changed(1, Rates(daily=Money(Decimal(777), "USD")))
    assert "$777" in client.get("/equipment").text


def test_any_entry_of_the_log_makes_pages_new(client, services, rendered):
    client.get("/equipment")
    services.changes.append("odoo", "odoo.away")
    client.get("/equipment")
    assert rendered() == 2


def test_a_hint_that_days_were_taken_makes_the_page_new(client, services, rendered):
    client.get(SAW)
    services.availability.invalidate(2)
    client.get(SAW)
    assert rendered() == 2


def test_midnight_makes_every_page_new(client, settings, rendered, advance_clock):
    now = clock.now().astimezone(settings.timezone)
    advance_clock(now.replace(hour=23, minute=59, second=0) - now)
    client.get("/about")
    client.get("/about")
    assert rendered() == 1
    advance_clock(timedelta(seconds=60))
    client.get("/about")
    assert rendered() == 2


@pytest.mark.parametrize(("path", "fresh", "query"), [("/equipment", LIST_MAX_AGE, LIST), (SAW, MAX_AGE, QUOTE)])
def test_a_page_is_cached_for_a_second_and_odoo_is_asked_when_its_answer_is_old(
    client, odoo, rendered, advance_clock, path, fresh, query
):
    client.get(path)
    client.get(path)
    before, asked = rendered(), odoo.asked.count(query)
    advance_clock(page_cache.TTL)
    client.get(path)
    assert (rendered(), odoo.asked.count(query)) == (before + 1, asked)
    advance_clock(fresh)
    client.get(path)
    serving.wait_until(lambda: odoo.asked.count(query) > asked, "Odoo to be asked again")


def test_a_page_without_odoos_answer_is_cached_for_a_second(client, odoo, rendered, advance_clock, dates):
    client.get("/equipment")
    odoo.fails_with = 500
    for _ in range(2):
        assert "cannot say which" in client.get(f"/equipment?{dates}").text
    assert rendered() == 2
    odoo.fails_with = None
    advance_clock(page_cache.TTL)
    client.get(f"/equipment?{dates}")
    assert rendered() == 3


@pytest.mark.parametrize(
    "path",
    [
        "/equipment?max_price=cheap",
        "/equipment?date_from=2020-01-01&date_to=2020-01-02",
        f"{SAW}?date_from=2020-01-01&date_to=2020-01-02",
        f"{SAW}?date_from=2030-01-01&date_to=",
        "/equipment/2-another-name",
        "/equipment/999-nothing",
        f"{SAW}?month=2020-01",
    ],
)
def test_error_pages_are_not_cached(client, rendered, path):
    for _ in range(2):
        client.get(path)
    assert rendered() == 2


def test_a_page_with_a_form_is_not_cached(client, rendered, dates):
    first, second = (client.get(f"{SAW}?{dates}") for _ in range(2))
    assert rendered() == 2
    assert first.text != second.text
    assert second.headers["Cache-Control"] == "private, no-store"


def test_an_empty_month_is_this_month(client, rendered):
    client.get(SAW)  # learns limits and longer rates
    before = rendered()
    assert client.get(f"{SAW}?month=").data == client.get(SAW).data
    assert rendered() == before + 1
