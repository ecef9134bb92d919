"""A customer changes, extends and cancels a rental on the site, and it stands in a real Odoo."""

import re
import uuid
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests import serving
from tests.odoo.days_ahead import ahead
from tests.odoo.test_shop import book

KEY = "key-of-self-service"
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def site(odoo, tmp_path_factory):
    """The site with an API key, so that it may change bookings."""
    port = serving.free_port()
    odoo.set_parameter("api_key", KEY)
    odoo.send_webhooks_to(f"http://127.0.0.1:{port}")
    folder = tmp_path_factory.mktemp("site")
    with serving.site(odoo.url, folder, port=port, ODOO_API_KEY=KEY) as server:
        yield server


@pytest.fixture
def customer() -> str:
    return f"{uuid.uuid4().hex[:8]}@example.com"


def test_change_and_cancellation_stand_in_odoo(visit, odoo, customer):
    page = visit(f"/equipment/6-x?date_from={ahead(60)}&date_to={ahead(64)}")
    book(page, customer)
    expect(page.locator("#booking-state")).to_have_text("Booked")
    booking = page.url
    page.goto(f"{booking}/change?date_from={ahead(62)}&date_to={ahead(64)}")
    expect(page.locator("#change-price")).to_contain_text("New price")
    page.get_by_role("button", name=re.compile("^Change to ")).click()
    expect(page.locator("#done")).to_contain_text("your booking is changed")
    (moved,) = odoo.bookings(customer)
    assert (moved["date_from"], moved["date_to"], moved["total_amount"]) == (str(ahead(62)), str(ahead(64)), 1000)
    page.get_by_role("link", name=re.compile("^Cancel")).first.click()
    page.get_by_label("Reason").fill("Rain")
    page.get_by_role("button", name="Cancel this booking").click()
    expect(page.locator("#booking")).to_have_attribute("data-state", "cancelled")
    (cancelled,) = odoo.bookings(customer)
    assert cancelled["state"] == "cancelled"


def test_machine_that_is_out_is_kept_longer(visit, odoo, customer):
    page = visit(f"/equipment/10-x?date_from={ahead(0)}&date_to={ahead(2)}")
    book(page, customer)
    expect(page.locator("#booking-state")).to_have_text("Booked")
    (made,) = odoo.bookings(customer)
    for button in ("confirm", "pick_up"):
        odoo.click(button, made["reference"])
    expect(page.locator("#booking")).to_have_attribute("data-stage", "out")
    page.goto(f"{page.url.partition('?')[0]}/change?date_to={ahead(3)}")
    page.get_by_role("button", name=re.compile("^Keep it until")).click()
    expect(page.locator("#done")).to_contain_text("your booking is changed")
    (kept,) = odoo.bookings(customer)
    assert (kept["state"], kept["date_to"]) == ("picked_up", str(ahead(3)))
