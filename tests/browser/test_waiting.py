"""While something loads, the waiting part shows it, and nothing moves."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.test_task import START, fill_in

SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.shifted += shift.value;
}).observe({type: 'layout-shift', buffered: true});
"""


@pytest.fixture
def held(page):
    """Requests under an address that wait until the test releases them."""
    waiting = []

    def hold(pattern: str):
        def keep(route) -> None:
            waiting.append(route)

        page.route(re.compile(pattern), keep)
        return waiting

    return hold


def let_go(page, waiting) -> None:
    while waiting:
        waiting.pop().continue_()
    page.unroute_all(behavior="ignoreErrors")


def test_results_are_dimmed_until_the_new_ones_are_there(page, held):
    page.goto("/equipment")
    waiting = held(r"/equipment\?")
    page.locator("#filters-line").click()
    page.get_by_label("Search").fill("stihl")
    expect(page.locator("#results")).to_have_class(re.compile("htmx-request"))
    assert (
        float(page.locator("#results").evaluate("(e) => getComputedStyle(e.querySelector('.cards')).opacity")) < 1
        or float(page.locator("#results").evaluate("(e) => getComputedStyle(e).opacity")) < 1
    )
    let_go(page, waiting)
    expect(page.locator("#found")).to_contain_text("3 machines")
    expect(page.locator("#results")).not_to_have_class(re.compile("htmx-request"))


def test_the_booking_button_is_busy_and_cannot_be_pressed_again(page, held):
    start = START + timedelta(days=10)
    page.goto(f"/equipment/4-professional-string-trimmer?date_from={start}&date_to={start + timedelta(days=2)}")
    waiting = held(r"/bookings$")
    fill_in(page)
    page.get_by_role("button", name=re.compile("^Book ")).click()
    expect(page.locator("#send")).to_be_disabled()
    expect(page.locator("#send .busy")).to_be_visible()
    expect(page.locator("#send .idle")).not_to_be_visible()
    let_go(page, waiting)
    page.wait_for_url(re.compile("/bookings/"))


@pytest.mark.parametrize("path", ["/", "/equipment", "/equipment/6-bobcat-e35-mini-excavator"])
def test_nothing_jumps_while_a_page_loads_and_changes(page, odoo, path):
    page.add_init_script(SHIFTS)
    page.goto(path)
    page.wait_for_selector('#indicator[data-connection="live"]', state="attached")
    odoo.control("vehicles/6", availability_status="maintenance")
    expect(page.locator(".status").first).to_have_text(re.compile("In maintenance"))
    assert page.evaluate("window.shifted") == 0
