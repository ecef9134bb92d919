"""The focus stays after every swap, leads to the answer, and is never wholly covered (WCAG 2.2, 2.4.11)."""

import re
import signal
from datetime import timedelta

import pytest
import requests
from playwright.sync_api import Page, expect

from tests import serving
from tests.browser.conftest import watched
from tests.browser.test_task import START, fill_in, take

CHAINSAW = "/equipment/7-professional-chainsaw"
pytestmark = pytest.mark.shared_site  # each test uses other days

MACHINES = 12
"""Added to those of the demo, so that the list has two pages."""

COVERED = """
() => {
  const element = document.activeElement, box = element.getBoundingClientRect();
  const xs = [0.1, 0.5, 0.9].map((part) => box.left + box.width * part);
  const ys = [0.1, 0.5, 0.9].map((part) => box.top + box.height * part);
  const top = (x, y) => document.elementFromPoint(x, y);
  const seen = (x, y) => element.contains(top(x, y)) || top(x, y)?.contains(element);
  if (element === document.body || xs.some((x) => ys.some((y) => seen(x, y)))) return '';
  return element.outerHTML.slice(0, 150);
}
"""


@pytest.fixture(scope="module", autouse=True)
def _rollers(shared_odoo):
    """So many machines that the list has a second page."""
    for number in range(MACHINES):
        shared_odoo.control("vehicles", name=f"Roller {number}", rental_price_daily=80, category="Landscaping")


def chainsaw(days: int) -> str:
    start = START + timedelta(days=days)
    return f"{CHAINSAW}?date_from={start}&date_to={start + timedelta(days=2)}"


def test_next_page_of_the_list_leads_to_its_heading(page: Page):
    page.goto("/equipment")
    page.locator("#page-next").click()
    expect(page.locator("#found")).to_be_focused()
    expect(page.locator(".pager")).to_contain_text("Page 2 of 2")
    expect(page).to_have_url(re.compile(r"/equipment\?page=2$"))


def test_last_month_keeps_the_focus_on_its_link(page: Page):
    page.goto("/equipment/9-plate-compactor")
    turn = page.locator("#calendar-9-next")
    for _ in range(12):
        shown = page.locator("#calendar-9 caption").first.inner_text()
        turn.press("Enter")
        expect(page.locator("#calendar-9 caption").first).not_to_have_text(shown)
    expect(turn).to_have_attribute("aria-disabled", "true")
    expect(turn).to_be_focused()


def test_price_asked_by_the_button_keeps_the_focus_on_it(page: Page):
    page.goto(CHAINSAW)
    page.locator("#date_from").fill(str(START))
    page.locator("#date_to").fill(str(START + timedelta(days=2)))
    page.locator("#ask").press("Enter")
    expect(page.locator("#quote .total")).to_contain_text("$")
    expect(page.locator("#ask")).to_have_text(re.compile("Update dates"))
    expect(page.locator("#ask")).to_be_focused()


def test_alternative_leads_to_its_answer_and_has_an_address(page: Page, odoo):
    take(odoo, 7, START + timedelta(days=20), 2)
    page.goto(chainsaw(20))
    other = page.locator("#quote .choice").first
    start = other.get_attribute("value")[:10]
    other.press("Enter")
    expect(page.locator("#answer")).to_be_focused()
    expect(page).to_have_url(re.compile(f"date_from={start}"))
    expect(page.locator(f"#calendar-7-{start}").locator("xpath=..")).to_have_class(re.compile("first"))


def test_form_is_shown_for_taken_days_only_once_something_is_typed(page: Page, odoo):
    take(odoo, 7, START + timedelta(days=30), 2)
    page.goto(chainsaw(30))
    expect(page.locator("#quote")).to_contain_text("Not available")
    expect(page.locator("#booking-form")).not_to_be_visible()
    page.goto(chainsaw(34))
    fill_in(page)
    take(odoo, 7, START + timedelta(days=34), 2)
    expect(page.locator("#quote")).to_contain_text("Not available")
    expect(page.get_by_label("Your name")).to_have_value("Ann Larsen")
    expect(page.locator(".taken-now")).to_be_visible()
    expect(page.locator(".book-bar")).not_to_be_visible()


def test_field_in_use_does_not_move_when_the_days_are_taken(page: Page, odoo):
    page.emulate_media(reduced_motion="reduce")  # no smooth scrolling
    page.goto(chainsaw(40))
    page.wait_for_selector('#indicator[data-connection="live"]', state="attached")
    name = page.get_by_label("Your name")
    name.press_sequentially("Ann")
    before = name.bounding_box()["y"]
    take(odoo, 7, START + timedelta(days=40), 1)
    expect(page.locator("#quote .choice").first).to_be_visible()
    assert abs(name.bounding_box()["y"] - before) < 2


def test_bar_on_a_phone_has_the_price_and_leads_to_the_form(page: Page):
    page.goto(chainsaw(50))
    bar = page.locator(".book-bar")
    expect(bar).to_contain_text("$")
    expect(bar).to_be_in_viewport()
    bar.get_by_role("link", name="Book").click()
    expect(page.get_by_label("Your name")).to_be_focused()
    expect(bar).not_to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(bar).not_to_be_visible()


def test_machine_that_is_removed_while_its_form_is_open_shows_a_message(page: Page, site, odoo):
    added = odoo.control("vehicles", name="Auger", rental_price_daily=70, category="Landscaping")
    number = added["vehicle"]["id"]
    start = START + timedelta(days=3)
    address = f"{site.url}/equipment/{number}"
    serving.wait_until(lambda: requests.get(address, timeout=60).ok, "the machine in the shop")
    page.goto(f"/equipment/{number}?date_from={start}&date_to={start + timedelta(days=2)}")
    page.wait_for_selector('#indicator[data-connection="live"]', state="attached")
    page.get_by_label("Your name").fill("Ann Larsen")
    requests.delete(f"{odoo.url}/demo/vehicles/{number}", timeout=60).raise_for_status()
    expect(page.locator("#quote")).to_contain_text("We no longer rent out this machine")
    expect(page.locator("#status-" + str(number))).to_have_text("No longer offered")
    expect(page.get_by_label("Your name")).to_have_value("Ann Larsen")
    expect(page.get_by_role("button", name=re.compile("^Book "))).not_to_be_visible()


def test_focus_is_never_wholly_covered_in_an_outage_on_a_small_phone(browser, site, odoo, complaints):
    context = browser.new_context(
        base_url=site.url, viewport={"width": 320, "height": 640}, reduced_motion="reduce"
    )
    page = watched(context.new_page(), complaints)
    page.goto(chainsaw(60))
    odoo.stop(signal.SIGKILL)
    site.stop()
    site.start()
    expect(page.locator("#odoo")).to_contain_text("not answering")
    covered = []
    for _ in range(2):
        page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        for _ in range(80):
            page.keyboard.press("Tab")
            covered.append(page.evaluate(COVERED))
    context.close()
    assert [one for one in covered if one] == []
    assert not complaints
