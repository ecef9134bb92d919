"""Dates typed with the keyboard, and the key Enter in the form."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_task import START, fill_in

TRIMMER = "/equipment/4-professional-string-trimmer"
CHAINSAW = "/equipment/7-professional-chainsaw"


def type_date(page: Page, field: str, day) -> None:
    """Type a date digit by digit, as the field of Chromium in English takes it."""
    page.locator(field).focus()
    page.keyboard.type(f"{day:%m%d%Y}", delay=100)


def test_typed_dates_ask_once_for_each_date_and_are_no_problem(page):
    page.goto(f"{TRIMMER}?date_from={START}&date_to={START + timedelta(days=1)}")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/bookings/dates" in request.url else None)
    end = START + timedelta(days=12)
    type_date(page, "#date_to", end)
    expect(page.locator("#quote")).to_contain_text("(12 days)")
    assert len(asked) == 1
    assert page.locator(".problems").count() == 0
    assert str(end) in page.url


def test_typed_dates_of_the_list_make_no_entries_for_years_that_are_no_years(page):
    page.goto("/equipment")
    entries = page.evaluate("history.length")
    if not page.locator("#date_from").is_visible():
        page.locator("summary").first.click()
    type_date(page, "#date_from", START)
    type_date(page, "#date_to", START + timedelta(days=3))
    expect(page).to_have_url(re.compile(f"date_to={START + timedelta(days=3)}"))
    assert page.evaluate("history.length") <= entries + 2
    assert page.locator(".problems").count() == 0


@pytest.mark.parametrize("visitor", ["page", "plain_page"])
def test_enter_in_a_field_books(visitor, request, odoo):
    page = request.getfixturevalue(visitor)
    page.goto(f"{CHAINSAW}?date_from={START}&date_to={START + timedelta(days=1)}")
    fill_in(page)
    page.locator("#customer_phone").press("Enter")
    page.wait_for_url(re.compile("/bookings/(?!dates)"))
    assert odoo.calls("POST /api/fleet/booking") == 1
