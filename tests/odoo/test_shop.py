"""The whole shop: Chromium, the site under gunicorn, a real Odoo and PostgreSQL, over HTTP."""

import re
import uuid

import pytest
from playwright.sync_api import Page, expect

from tests import serving
from tests.odoo.days_ahead import ahead


def test_a_booking_made_on_the_site_is_in_odoo_and_shows_changes_by_staff(visit, odoo, customer):
    page = visit(form(6, 60))
    book(page, customer)
    expect(page.locator("#booking-state")).to_have_text("Booked")
    (made,) = odoo.bookings(customer)
    assert (made["state"], made["customer_name"], made["date_from"]) == ("draft", "Ann Larsen", str(ahead(60)))
    assert made["total_amount"] == 2000
    expect(page.locator("#booking")).to_contain_text(made["reference"])
    odoo.click("confirm", made["reference"])
    expect(page.locator("#booking-state")).to_have_text("Confirmed")
    odoo.click("cancel", made["reference"])
    expect(page.locator("#booking-state")).to_have_text("Canceled")


def test_a_price_changed_in_odoo_changes_on_the_open_list(visit, odoo):
    page = visit("/equipment")
    expect(page.locator("#card-3 .card-price")).not_to_contain_text("$199")
    odoo.change(3, rental_price_daily=199)
    expect(page.locator("#card-3 .card-price")).to_contain_text("$199")


def test_a_machine_that_goes_out_and_comes_back_changes_on_the_open_list(visit, odoo):
    page = visit("/equipment")
    odoo.rent_out(9, ahead(0), ahead(2))
    expect(page.locator("#card-9 .status")).to_contain_text("Rented out")
    out = [["vehicle_id", "=", 9], ["state", "=", "picked_up"]]
    (rental,) = odoo.call("fleet.rental.booking", "search", domain=out)
    odoo.call("fleet.rental.booking", "action_return", [rental])
    expect(page.locator("#card-9 .status")).not_to_contain_text("Rented out")


def test_a_machine_that_odoo_hides_leaves_the_shop_and_comes_back(visit, odoo):
    page = visit("/equipment")
    odoo.call("fleet.vehicle", "action_unpublish", [12])
    expect(page.locator("#card-12")).to_contain_text(re.compile("no longer", re.IGNORECASE))
    odoo.call("fleet.vehicle", "action_publish", [12])
    price = "#card-12 .card-price"
    serving.wait_until(lambda: visit("/equipment").locator(price).count(), "the machine to be back")


def test_of_two_customers_for_one_machine_one_gets_it_and_the_other_sees_a_message(visit, odoo, customer):
    first, second = visit(form(10, 70)), visit(form(10, 70))
    fill_in(first, customer)
    fill_in(second, f"second-{customer}")
    second.evaluate("sessionStorage.setItem('lcoPaused', 'true')")
    second.reload()
    fill_in(second, f"second-{customer}")
    press(first)
    expect(first.locator("#booking-state")).to_have_text("Booked")
    press(second)
    expect(second.get_by_role("heading", name="These dates have just been taken")).to_be_visible()
    assert len(odoo.bookings(customer)) == 1
    assert odoo.bookings(f"second-{customer}") == []


def test_pictures_of_odoo_are_shown_by_the_site(visit):
    page = visit("/equipment")
    picture = page.locator("#card-1 img")
    picture.scroll_into_view_if_needed()
    serving.wait_until(lambda: picture.evaluate("image => image.naturalWidth"), "the picture")


@pytest.fixture
def customer() -> str:
    return f"{uuid.uuid4().hex[:8]}@example.com"


def form(vehicle_id: int, first: int) -> str:
    """The page of a machine with four days chosen."""
    return f"/equipment/{vehicle_id}-x?date_from={ahead(first)}&date_to={ahead(first + 4)}"


def fill_in(page: Page, email: str) -> None:
    page.get_by_label("Your name").fill("Ann Larsen")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Phone").fill("218-555-0143")
    if (terms := page.get_by_label("I have read the rental terms")).count():
        terms.check()


def press(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Book ")).click()


def book(page: Page, email: str) -> None:
    fill_in(page, email)
    press(page)
    page.wait_for_url(re.compile("/bookings/"))
