"""The whole task, from the front page to a booking, with scripts and without."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from lco import clock

START = clock.today(ZoneInfo("America/Chicago")) + timedelta(days=60)


@pytest.fixture(params=["with scripts", "without scripts"])
def visitor(request) -> Page:
    return request.getfixturevalue("page" if request.param == "with scripts" else "plain_page")


def choose_dates(page: Page, days: int, start=START) -> None:
    """Two taps, after turning to the month of the first day."""
    for day in (start, start + timedelta(days=days)):
        link = page.locator(f"#calendar-dates-{day}")
        while not link.is_visible():
            heading = page.locator("#calendar-dates caption").first
            shown = heading.inner_text()
            page.locator("#calendar-dates-next").click()
            expect(heading).not_to_have_text(shown)
        link.click()
        expect(page.locator("#calendar-dates-progress")).not_to_contain_text("Choose your first day")


def fill_in(page: Page, name: str = "Ann Larsen") -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Email").fill("ann@example.com")
    page.get_by_label("Phone").fill("218-555-0143")
    page.get_by_label("I have read the rental terms").check()


def test_from_the_front_page_to_a_booking(visitor, odoo):
    visitor.goto("/")
    choose_dates(visitor, 4)
    visitor.wait_for_url(re.compile(r"/equipment\?.*date_from="))
    visitor.get_by_role("link", name="Bobcat E35 Mini Excavator").click()
    expect(visitor.get_by_role("heading", name="Available for your dates")).to_be_visible()
    expect(visitor.locator("#quote")).to_contain_text("$2,000")
    fill_in(visitor)
    visitor.get_by_role("button", name=re.compile("^Book ")).click()
    visitor.wait_for_url(re.compile("/bookings/"))
    expect(visitor.locator("#booking-state")).to_have_text("Booked")
    reference = odoo.state()["bookings"][-1]
    assert reference["customer_email"] == "ann@example.com"
    expect(visitor.locator("#booking")).to_contain_text(reference["booking_ref"])


def test_mistakes_show_an_error_and_keep_the_input(visitor, odoo):
    visitor.goto(f"/equipment/6-bobcat-e35-mini-excavator?date_from={START}&date_to={START + timedelta(days=2)}")
    fill_in(visitor)
    visitor.get_by_label("Email").fill("not an address")
    visitor.get_by_role("button", name=re.compile("^Book ")).click()
    expect(visitor.get_by_role("heading", name="There is a problem")).to_be_visible()
    expect(visitor.get_by_label("Your name")).to_have_value("Ann Larsen")
    expect(visitor.get_by_label("Email")).to_have_value("not an address")
    expect(visitor).to_have_title(re.compile("^Error: "))
    assert odoo.calls("POST /api/fleet/booking") == 0


def test_a_lost_race_keeps_everything_and_offers_other_days(visitor, odoo):
    start = START + timedelta(days=20)
    visitor.add_init_script("sessionStorage.setItem('lcoPaused', 'true')")  # else the open page is updated in time
    visitor.goto(f"/equipment/6-bobcat-e35-mini-excavator?date_from={start}&date_to={start + timedelta(days=3)}")
    fill_in(visitor)
    take(odoo, 6, start, 3)
    visitor.get_by_role("button", name=re.compile("^Book ")).click()
    expect(visitor.get_by_role("heading", name="These dates have just been taken")).to_be_visible()
    expect(visitor.get_by_label("Your name")).to_have_value("Ann Larsen")
    visitor.locator("#quote .choice").first.click()
    expect(visitor.get_by_role("heading", name="Available for your dates")).to_be_visible()
    expect(visitor.get_by_label("Your name")).to_have_value("Ann Larsen")
    visitor.get_by_role("button", name=re.compile("^Book ")).click()
    visitor.wait_for_url(re.compile("/bookings/"))
    expect(visitor.locator("#booking-state")).to_have_text("Booked")


def test_filters_find_and_the_address_can_be_shared(visitor):
    visitor.goto("/equipment")
    if visitor.locator("#filters-line").is_visible():
        visitor.locator("#filters-line").click()
    visitor.get_by_label("Search").fill("stihl")
    visitor.get_by_role("button", name=re.compile("^Show [0-9]")).click()
    expect(visitor.locator("#found")).to_contain_text("3 machines")
    assert "q=stihl" in visitor.url
    visitor.reload()
    expect(visitor.locator("#found")).to_contain_text("3 machines")


def test_the_calendar_turns(visitor):
    visitor.goto("/equipment/1-professional-snow-blower")
    before = visitor.locator(".calendar caption").first.inner_text()
    visitor.get_by_role("link", name="Next month").click()
    expect(visitor.locator(".calendar caption").first).not_to_have_text(before)


def test_pressing_twice_books_once(page, odoo):
    start = START + timedelta(days=40)
    page.goto(f"/equipment/4-professional-string-trimmer?date_from={start}&date_to={start + timedelta(days=1)}")
    fill_in(page)
    page.locator("#booking-form").evaluate("(form) => { form.requestSubmit(); form.requestSubmit(); }")
    page.wait_for_url(re.compile("/bookings/"))
    assert odoo.calls("POST /api/fleet/booking") == 1


def take(odoo, vehicle_id: int, start, days: int) -> None:
    """Book for another customer at Odoo itself."""
    import requests

    order = {
        "vehicle_id": vehicle_id,
        "customer_name": "Another Customer",
        "customer_email": "else@example.com",
        "customer_phone": "+12185550199",
        "date_from": str(start),
        "date_to": str(start + timedelta(days=days)),
    }
    answer = requests.post(f"{odoo.url}/api/fleet/booking", json=order, timeout=60)
    assert answer.status_code == 201, answer.text
