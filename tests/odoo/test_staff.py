"""What staff do in Odoo's own pages, in Chromium, and what customers see of it."""

import re

import pytest
import requests
from playwright.sync_api import Page, expect

from tests import serving
from tests.factories import order
from tests.odoo.days_ahead import ahead
from tests.odoo.odoo_screenshots import VIEWS, address

EMAIL = "customer-of-the-clerk@example.com"
FOR_CLERKS = [name for name in VIEWS if name.startswith(("booking", "equipment"))]


@pytest.fixture
def booked(site):
    """Book a machine on the site; gives Odoo's reference and the address of the customer's page."""

    def book(first: int) -> tuple[str, str]:
        body = order(10, ahead(first), ahead(first + 3), customer_email=EMAIL)
        answer = requests.post(f"{site.url}/api/booking", json=body, timeout=30)
        assert answer.status_code == 201, answer.text
        return answer.json()["booking_ref"], answer.headers["Location"]

    return book


@pytest.fixture(scope="module")
def out_today(odoo) -> None:
    """A machine that is out now, since calendars show the present month."""
    odoo.rent_out(12, ahead(0), ahead(3))


def test_a_booking_goes_out_and_comes_back_by_the_buttons_of_its_form(office, odoo, booked, visit):
    reference, page = booked(40)
    customer = visit(page)
    open_form(office, odoo, reference)
    press(office, "action_confirm")
    expect(customer.locator("#booking-state")).to_have_text("Confirmed")
    press(office, "action_pick_up")
    office.get_by_role("button", name="Take back").click()
    press(office, "action_take_back")
    expect(office.locator(".o_statusbar_status .o_arrow_button_current")).to_have_text("Returned")
    assert [made["state"] for made in odoo.bookings(EMAIL)] == ["returned"]


def test_a_booking_that_staff_cancel_is_cancelled_for_its_customer(office, odoo, booked, visit):
    reference, page = booked(50)
    customer = visit(page)
    open_form(office, odoo, reference)
    office.get_by_role("button", name="Cancel").click()
    office.locator(".modal div[name=reason] input").fill("The trailer broke")
    press(office, "action_cancel")
    expect(customer.locator("#booking-state")).to_have_text("Canceled")
    expect(customer.locator("main")).to_contain_text("The trailer broke")


@pytest.mark.parametrize("name", FOR_CLERKS)
def test_every_view_shows_its_records_to_staff(office, name, out_today):
    action, shown = VIEWS[name]
    office.goto(address(action))
    office.locator(shown).first.wait_for()
    expect(office.locator(".o_error_dialog")).to_have_count(0)


def test_a_clerk_sees_neither_webhooks_nor_settings(office):
    office.goto(address("fleet_rental_booking_action"))
    menu = office.locator(".o_menu_sections")
    expect(menu).to_contain_text("Equipment")
    expect(menu).not_to_contain_text("Configuration")


def test_a_webhook_that_failed_is_found_in_the_list_and_sent_again_from_there(back_office, odoo, site):
    odoo.send_webhooks_to(site.url, secret="not the one that they share")
    odoo.change(7, rental_price_daily=46)
    refused = serving.wait_until(lambda: odoo.deliveries(answer="401 UNAUTHORIZED"), "the site's no")[0]
    odoo.send_webhooks_to(site.url)
    back_office.goto(address("fleet_rental_event_action"))
    row = back_office.locator(".o_data_row", has_text=re.compile("401")).first
    row.locator(".o_list_record_selector input").check()
    press(back_office, "action_send_again")
    serving.wait_until(lambda: odoo.deliveries(id=refused["id"])[0]["state"] == "delivered", "the second sending")


def test_the_button_in_settings_saves_the_input_and_shows_the_answer_of_the_site(back_office, odoo, site):
    odoo.send_webhooks_to(site.url, secret="not the one that they share")
    back_office.goto(address("res_config_settings_action"))
    back_office.locator("div[name=rental_webhook_secret] input").fill(serving.SECRET)
    press(back_office, "action_send_test_webhooks")
    expect(back_office.locator(".o_notification").last).to_contain_text("booking: 200 OK, inventory: 200 OK")


def open_form(office: Page, odoo, reference: str) -> None:
    office.goto(address(f"fleet_rental_booking_action/{odoo.booking_id(reference)}"))


def press(page: Page, button: str) -> None:
    page.locator(f"button[name={button}]:visible").first.click()
