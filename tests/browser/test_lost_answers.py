"""A booking is made exactly once, although requests or answers are lost between browser and site."""

import os
import random
import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests import serving
from tests.browser.conftest import WATCH
from tests.browser.faulty_proxy import HOLD, FaultyProxy, some_faults
from tests.browser.test_task import START, fill_in

TRIES = int(os.environ.get("LOST_ANSWERS_TRIES", "8"))
TRIMMER = "/equipment/4-professional-string-trimmer"


@pytest.fixture
def site(ports, odoo, tmp_path):
    """A site that takes the client's address from the proxy, for more bookings than one client may make."""
    more = {"TRUSTED_PROXIES": "1", "MAX_OPEN_DAYS": "0"}
    with serving.site(odoo.url, tmp_path, ports[0], **more) as server:
        yield server


@pytest.fixture
def proxy(ports, site):
    with FaultyProxy(ports[0]) as proxy:
        yield proxy


@pytest.fixture
def customer(browser, proxy):
    """A page of a browser whose connections go through the proxy."""
    context = browser.new_context(base_url=proxy.url, viewport={"width": 390, "height": 844})
    context.add_init_script(WATCH)
    yield context.new_page()
    context.close()


def open_form(page, days=0):
    start = START + timedelta(days=days)
    page.goto(f"{TRIMMER}?date_from={start}&date_to={start + timedelta(days=1)}")
    fill_in(page)


def book(page):
    page.get_by_role("button", name=re.compile("^Book ")).click()


def booked_days(odoo):
    return [b["date_from"] for b in odoo.state()["bookings"] if b["vehicle_id"] == 4 and b["state"] != "cancelled"]


def test_every_loss_ends_in_exactly_one_booking(customer, proxy, odoo):
    before = len(booked_days(odoo))
    for number in range(TRIES):
        proxy.faults = some_faults(random.Random(number))
        open_form(customer, 2 * number)
        book(customer)
        customer.wait_for_url(re.compile("/bookings/"), timeout=30_000)
        odoo_has = booked_days(odoo)
        assert len(odoo_has) == before + number + 1, f"try {number}"


@pytest.mark.parametrize("fault", [1, 40])
def test_a_failed_request_shows_a_message_with_a_remedy_within_a_second(customer, proxy, fault):
    proxy.faults = [fault]
    open_form(customer)
    book(customer)
    expect(customer.locator("#sending")).to_contain_text("you won't be booked twice", timeout=5000)
    customer.wait_for_url(re.compile("/bookings/"), timeout=30_000)


def test_a_reload_while_the_outcome_is_unknown_goes_on_with_the_same_key(customer, proxy, odoo):
    before = len(booked_days(odoo))
    proxy.faults = [1, 1, 1]
    open_form(customer)
    book(customer)
    expect(customer.locator("#sending")).to_contain_text("won't be booked twice")
    customer.reload()
    customer.wait_for_url(re.compile("/bookings/"), timeout=30_000)
    assert len(booked_days(odoo)) == before + 1


def test_while_the_outcome_is_unknown_own_days_are_not_called_taken(customer, proxy):
    proxy.faults = [1, 1]
    open_form(customer)
    book(customer)
    expect(customer.locator("#sending")).to_contain_text("won't be booked twice")
    expect(customer.locator("#answer")).not_to_be_visible()
    customer.wait_for_url(re.compile("/bookings/"), timeout=30_000)


def test_back_after_booking_says_that_the_days_are_the_customers_own(customer):
    open_form(customer)
    book(customer)
    customer.wait_for_url(re.compile("/bookings/"))
    customer.go_back()
    expect(customer.get_by_role("heading", name="These days are yours")).to_be_visible()
    customer.get_by_role("link", name="See your booking").click()
    customer.wait_for_url(re.compile("/bookings/"))


def test_typed_text_survives_a_reload_and_can_be_cleared(customer):
    open_form(customer)
    customer.reload()
    expect(customer.get_by_label("Your name")).to_have_value("Ann Larsen")
    customer.get_by_role("button", name="Clear this form").click()
    expect(customer.get_by_label("Your name")).to_have_value("")
    customer.reload()
    expect(customer.get_by_label("Your name")).to_have_value("")


def test_other_dates_after_the_price_are_shown_and_not_booked(page, odoo):
    open_form(page)
    page.get_by_label("Return day").fill(str(START + timedelta(days=4)))
    expect(page.get_by_role("button", name=re.compile("^Book "))).to_contain_text("– ")
    expect(page.locator("#quote")).to_contain_text("(4 days)")
    expect(page.get_by_label("Your name")).to_have_value("Ann Larsen")
    book(page)
    page.wait_for_url(re.compile("/bookings/"))
    assert odoo.state()["bookings"][-1]["date_to"] == str(START + timedelta(days=4))


def test_without_a_network_filters_show_a_message(page, context):
    page.goto("/equipment")
    context.set_offline(True)
    page.locator("#filters-line").click()
    page.get_by_label("Search").fill("stihl")
    expect(page.locator("#announcement")).to_contain_text("couldn't reach the site")


def test_without_a_network_dates_and_calendar_show_a_message(page, context):
    page.goto(TRIMMER)
    context.set_offline(True)
    page.get_by_role("link", name="Next month").click()
    expect(page.locator("#announcement")).to_contain_text("couldn't reach the site")


def test_an_answer_that_is_held_for_a_minute_is_asked_for_again(customer, proxy):
    proxy.faults = [HOLD]
    open_form(customer)
    book(customer)
    customer.wait_for_url(re.compile("/bookings/"), timeout=60_000)
