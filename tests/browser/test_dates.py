"""A range of days in two taps, with the finger, with keys, and without scripts."""

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.shared_site  # no test here books


def first_of_next(day: date, months: int = 1) -> date:
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


@pytest.fixture
def month() -> date:
    """The first day of a month in which no machine of the demo is taken."""
    return first_of_next(date.today(), 5)  # noqa: DTZ011 - any month far enough ahead


def day(page: Page, chosen: date, calendar: str = "calendar-9"):
    return page.locator(f"#{calendar}-{chosen.isoformat()}")


def compactor(month: date, **days: date) -> str:
    query = "".join(f"&{name}={value.isoformat()}" for name, value in days.items())
    return f"/equipment/9-plate-compactor?month={month:%Y-%m}{query}"


def test_two_taps_choose_the_days_and_show_their_price(page, month):
    page.goto(compactor(month))
    start, end = month.replace(day=7), month.replace(day=10)
    day(page, start).click()
    expect(page.locator("#calendar-9-progress")).to_contain_text("Now choose the return day")
    expect(day(page, start)).to_be_focused()
    day(page, end).click()
    expect(page.locator("#quote .total")).to_contain_text("$")
    expect(page).to_have_url(re.compile(f"date_from={start}&date_to={end}"))
    expect(day(page, end)).to_be_focused()
    for chosen, role in ((start, "first"), (start + timedelta(days=1), "inside"), (end, "return")):
        expect(day(page, chosen).locator("xpath=..")).to_have_class(re.compile(role))
    expect(page.locator("#date_from")).to_have_value(start.isoformat())
    expect(page.locator("#date_to")).to_have_value(end.isoformat())


def test_the_first_tap_makes_no_entry_in_the_history(page, month):
    page.goto(compactor(month))
    entries = page.evaluate("history.length")
    day(page, month.replace(day=7)).click()
    expect(page.locator("#calendar-9-progress")).to_contain_text("Now choose")
    assert page.evaluate("history.length") == entries
    day(page, month.replace(day=9)).click()
    expect(page.locator("#quote")).to_be_visible()
    assert page.evaluate("history.length") == entries + 1


def test_typed_text_is_kept_when_other_days_are_chosen(page, month):
    page.goto(compactor(month, date_from=month.replace(day=7), date_to=month.replace(day=9)))
    page.fill("#customer_name", "Ann Larsen")
    day(page, month.replace(day=14)).click()
    expect(page.locator("#calendar-9-progress")).to_contain_text("Now choose")
    expect(page.locator("#customer_name")).to_have_value("Ann Larsen")
    day(page, month.replace(day=16)).click()
    expect(page.locator("#date_to")).to_have_value(month.replace(day=16).isoformat())
    expect(page.locator("#customer_name")).to_have_value("Ann Larsen")


def test_the_calendar_follows_typed_days(page, month):
    page.goto(compactor(month))
    start, end = month.replace(day=20), month.replace(day=23)
    page.fill("#date_from", start.isoformat())
    page.fill("#date_to", end.isoformat())
    page.locator("#dates button").click()
    expect(day(page, start).locator("xpath=..")).to_have_class(re.compile("first"))
    expect(page.locator("#calendar-9-progress")).to_contain_text("(3 days)")


def test_keys_move_through_the_days_as_in_a_grid(page, month):
    page.goto(compactor(month))
    start = month.replace(day=10)
    day(page, start).focus()
    assert page.locator("#calendar-9 td > [tabindex='0']").count() == 1
    keys = {"ArrowRight": 1, "ArrowDown": 8, "ArrowLeft": 7, "ArrowUp": 0}
    for key, moved in keys.items():
        page.keyboard.press(key)
        expect(day(page, start + timedelta(days=moved))).to_be_focused()
    page.keyboard.press("PageDown")
    expect(day(page, first_of_next(month).replace(day=10))).to_be_focused()
    page.keyboard.press("PageUp")
    expect(day(page, start)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#calendar-9-progress")).to_contain_text("Now choose")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    expect(page.locator("#quote")).to_be_visible()


def test_links_alone_choose_the_days(plain_page, month):
    plain_page.goto(compactor(month))
    day(plain_page, month.replace(day=7)).click()
    assert "Now choose the return day" in plain_page.locator("#calendar-9-progress").inner_text()
    assert plain_page.locator(".problems").count() == 0
    day(plain_page, month.replace(day=10)).click()
    assert "$" in plain_page.locator("#quote .total").inner_text()


def test_the_list_and_the_home_page_have_the_same_calendar(page, month):
    page.goto(f"/equipment?month={month:%Y-%m}")
    day(page, month.replace(day=7), "calendar-dates").click()
    expect(page.locator("#calendar-dates-progress")).to_contain_text("Now choose")
    day(page, month.replace(day=10), "calendar-dates").click()
    expect(page.locator("#found")).to_contain_text("available")
    expect(page).to_have_url(re.compile(f"date_from={month.replace(day=7)}"))
    page.goto("/")
    page.locator("#calendar-dates-next").click()
    following = first_of_next(date.today())  # noqa: DTZ011
    day(page, following.replace(day=12), "calendar-dates").click()
    expect(page.locator("#calendar-dates-progress")).to_contain_text("Now choose")
    day(page, following.replace(day=15), "calendar-dates").click()
    expect(page).to_have_url(re.compile("/equipment[?]"))
    expect(page.locator("#found")).to_contain_text("available")
