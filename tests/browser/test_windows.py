"""Windows of one browser share four connections for streams."""

import re
from datetime import timedelta

import requests
from playwright.sync_api import expect

from tests.browser.test_task import START, fill_in
from tests.serving import wait_until

LIVE = ("data-connection", re.compile("live|shared"))


def open_streams(site) -> int:
    text = requests.get(f"{site.url}/metrics", timeout=60).text
    return int(float(re.search(r'^lco_streams\{kind="live"\} (\S+)', text, re.MULTILINE)[1]))


def test_a_window_opens_one_stream(page, site):
    page.goto("/equipment")
    expect(page.locator("#indicator")).to_have_attribute(*LIVE)
    page.wait_for_timeout(300)
    assert open_streams(site) == 1
    page.reload()
    expect(page.locator("#indicator")).to_have_attribute(*LIVE)
    wait_until(lambda: open_streams(site) == 1, "the stream of the former page to end")


def test_six_windows_hold_at_most_four_streams_and_each_is_right_within_30_s(context, site, odoo):
    windows = [context.new_page() for _ in range(6)]
    for window in windows:
        window.goto("/equipment", timeout=20_000)
    for window in windows[:3]:
        expect(window.locator("#indicator")).to_have_attribute("data-connection", "live")
    expect(windows[5].locator("#indicator")).to_contain_text("within 30 seconds")
    odoo.control("vehicles/4", availability_status="rented")
    most = 0
    for window in windows:
        expect(window.locator("#card-4")).to_contain_text("Rented out", timeout=30_000)
        most = max(most, open_streams(site))
    assert most <= 4


def test_a_sixth_window_books(context):
    windows = [context.new_page() for _ in range(6)]
    for window in windows:
        window.goto("/about", timeout=20_000)
    last = windows[5]
    last.goto(f"/equipment/7-professional-chainsaw?date_from={START}&date_to={START + timedelta(days=1)}")
    fill_in(last)
    last.get_by_role("button", name=re.compile("^Book ")).click()
    last.wait_for_url(re.compile("/bookings/"))
