"""Open pages update by themselves, announce it once, can be paused, and miss nothing."""

import re
import signal
from datetime import timedelta
from itertools import pairwise

import requests
from playwright.sync_api import Page, expect

from tests.browser.network_proxy import NetworkProxy
from tests.browser.test_task import START, fill_in, take
from tests.serving import wait_until

LIVE = '#indicator[data-connection="live"]'
WATCH_FLASHES = """
() => {
  window.flashes = [];
  new MutationObserver((changes) => changes.forEach(({ target }) => {
    flashes.push([target.id, target.dataset.changed ? getComputedStyle(target).animationName : ""]);
  })).observe(document, { subtree: true, attributeFilter: ["data-changed"] });
}
"""
"""Lists flashes by element and animation, whose empty name is the end: the next answer has the same text."""


def opened(page: Page, path: str) -> Page:
    page.goto(path)
    page.wait_for_selector(LIVE, state="attached")
    return page


def test_status_and_price_change_on_an_open_list(page, odoo):
    opened(page, "/equipment")
    odoo.control("vehicles/3", availability_status="rented")
    expect(page.locator("#card-3 .status")).to_have_text("Rented out")
    odoo.control("vehicles/3", rental_price_daily=199)
    expect(page.locator("#card-3 .card-price")).to_contain_text("$199")
    expect(page.locator("#announcement")).to_contain_text("Zero-Turn Mower")


def test_status_price_and_maintenance_change_on_an_open_detail_page(page, odoo):
    opened(page, "/equipment/3-commercial-zero-turn-mower")
    odoo.control("vehicles/3", rental_price_daily=201, rental_price_weekly=801)
    expect(page.locator("#rates-3")).to_contain_text("$201")
    expect(page.locator("#rates-3")).to_contain_text("$801")
    odoo.control("vehicles/3", in_maintenance=True)
    expect(page.locator("#status-3")).to_contain_text("In maintenance")


def test_taken_days_appear_in_an_open_calendar(page, odoo):
    month = START.replace(day=1)
    opened(page, f"/equipment/3-commercial-zero-turn-mower?month={month:%Y-%m}")
    taken = page.locator('#calendar-3 [data-state="taken"], #calendar-3 .taken')
    before = taken.count()
    take(odoo, 3, month + timedelta(days=9), 3)
    expect(taken).to_have_count(before + 3)


def test_a_new_machine_is_offered_and_moves_nothing(page, odoo):
    opened(page, "/equipment")
    cards = page.locator(".card").count()
    odoo.control("vehicles", name="Trench Digger", rental_price_daily=210, category="Heavy Equipment")
    expect(page.locator("#news")).to_contain_text("1 new machine")
    assert page.locator(".card").count() == cards
    page.locator("#news").get_by_role("link").click()
    expect(page.locator(".card")).to_have_count(cards + 1)


def test_a_removed_machine_is_shown_as_removed_on_list_and_detail(page, context, odoo):
    opened(page, "/equipment")
    detail = opened(context.new_page(), "/equipment/10-wood-chipper")
    requests.delete(f"{odoo.url}/demo/vehicles/10", timeout=60).raise_for_status()
    expect(page.locator("#card-10")).to_contain_text("no longer offered")
    expect(detail.locator("#status-10")).to_contain_text("No longer offered")


def test_dates_taken_by_another_show_a_message_while_the_form_is_open(page, odoo):
    start = START + timedelta(days=30)
    opened(page, f"/equipment/7-professional-chainsaw?date_from={start}&date_to={start + timedelta(days=2)}")
    fill_in(page)
    page.get_by_label("Your name").focus()
    take(odoo, 7, start, 1)
    expect(page.locator("#quote")).to_contain_text("Not available for these dates")
    expect(page.locator("#quote .choice").first).to_be_visible()
    expect(page.get_by_label("Your name")).to_have_value("Ann Larsen")
    expect(page.get_by_label("Your name")).to_be_focused()


def test_a_bookings_page_shows_the_decision_of_staff(page, odoo):
    start = START + timedelta(days=50)
    page.goto(f"/equipment/8-core-aerator?date_from={start}&date_to={start + timedelta(days=2)}")
    fill_in(page)
    page.get_by_role("button", name=re.compile("^Book ")).click()
    page.wait_for_url(re.compile("/bookings/"))
    page.wait_for_selector(LIVE, state="attached")
    reference = odoo.state()["bookings"][-1]["booking_ref"]
    odoo.control(f"bookings/{reference}/confirm")
    expect(page.locator("#booking-state")).to_have_text("Confirmed")
    expect(page.locator("#booking")).to_contain_text("Bring a photo ID")
    expect(page.get_by_role("link", name="Add to your calendar")).to_be_visible()
    expect(page.locator(".after")).to_contain_text("We email this link and every change to ann@example.com")
    odoo.control(f"bookings/{reference}/cancel")
    expect(page.locator("#booking-state")).to_have_text("Canceled")
    expect(page.get_by_role("link", name="Add to your calendar")).not_to_be_visible()
    expect(page.get_by_role("link", name="See other equipment for")).to_be_visible()
    page.get_by_role("link", name="Choose other dates").click()
    expect(page.locator("#calendar-8")).to_be_visible()


def test_a_cut_connection_comes_back_and_nothing_is_missed(page, site, odoo):
    with NetworkProxy(site.port) as line:
        opened(page, f"{line.url}/equipment")
        line.cut()
        expect(page.locator("#indicator")).to_have_attribute("data-connection", "reconnecting")
        odoo.control("vehicles/5", availability_status="rented")
        odoo.control("vehicles/9", rental_price_daily=77)
        line.mend()
        shows_what_was_missed(page)


def shows_what_was_missed(page: Page) -> None:
    expect(page.locator("#card-5 .status")).to_have_text("Rented out", timeout=30_000)
    expect(page.locator("#card-9 .card-price")).to_contain_text("$77")
    page.wait_for_selector(LIVE, state="attached")


def test_a_restarted_site_is_found_again_and_shows_the_present(page, site, odoo):
    opened(page, "/equipment")
    site.stop(signal.SIGKILL)
    expect(page.locator("#indicator")).to_have_attribute("data-connection", "reconnecting")
    odoo.control("vehicles/5", availability_status="sold")
    site.start()
    expect(page.locator("#card-5 .status")).to_have_text("Sold", timeout=30_000)


def test_pause_stops_changes_and_resume_brings_the_missed_ones(page, odoo):
    opened(page, "/equipment")
    page.get_by_role("button", name="Pause live updates").click()
    expect(page.locator("#indicator")).to_have_attribute("data-connection", "paused")
    odoo.control("vehicles/12", rental_price_daily=66)
    page.reload()
    expect(page.get_by_role("button", name="Resume live updates")).to_be_visible()
    odoo.control("vehicles/12", rental_price_daily=67)
    expect(page.locator("#indicator")).to_have_attribute("data-connection", "paused")
    page.get_by_role("button", name="Resume live updates").click()
    expect(page.locator("#card-12 .card-price")).to_contain_text("$67")


def test_silence_is_noticed_by_the_watchdog(page, odoo):
    """A connection that is open but silent: the stream's bytes never come."""
    page.route(re.compile(r"/live\?"), lambda route: None)
    page.add_init_script(
        "new MutationObserver(() => { const stream = document.getElementById('stream'); "
        "if (stream) stream.dataset.silence = 700; }).observe(document, {childList: true, subtree: true})"
    )

    def is_stream(request) -> bool:
        return "/live?" in request.url

    with page.expect_request(is_stream):
        page.goto("/equipment")
    expect(page.locator("#indicator")).to_have_attribute("data-connection", "reconnecting")
    for _ in range(2):
        with page.expect_request(is_stream):
            pass


def test_filtered_results_are_live_too(page, odoo):
    opened(page, "/equipment")
    if page.locator("#filters-line").is_visible():
        page.locator("#filters-line").click()
    page.get_by_label("Search").fill("stump")
    page.get_by_role("button", name=re.compile("^Show [0-9]")).click()
    expect(page.locator(".card")).to_have_count(1)
    page.wait_for_selector(LIVE, state="attached")
    odoo.control("vehicles/15", rental_price_daily=444)
    expect(page.locator("#card-15 .card-price")).to_contain_text("$444")


def test_change_flashes_where_motion_is_wanted_and_nothing_else_does(page, odoo):
    def names(count: int) -> list[str]:
        """Those of all flashes so far, once there are `count`."""
        wait_until(lambda: page.evaluate("flashes.filter(([, name]) => name).length") >= count, "the flash")
        flashes = page.evaluate("flashes")
        assert {element for element, _ in flashes} == {"card-3"}
        return [name for _, name in flashes]

    opened(page, "/equipment")
    page.evaluate(WATCH_FLASHES)
    odoo.control("vehicles/3", rental_price_daily=199)
    assert names(1)[0] == "changed"
    odoo.control("vehicles/3", rental_price_daily=198)
    found = names(2)
    assert set(found) <= {"changed", "changed-again", ""}
    assert all(name != following for name, following in pairwise(found)), "each begins anew"
    page.emulate_media(reduced_motion="reduce")
    page.evaluate("flashes.length = 0")
    odoo.control("vehicles/3", rental_price_daily=197)
    assert set(names(1)) <= {"none", ""}
