"""Windows of one browser share four connections for streams."""

import re

import requests
from playwright.sync_api import expect

from tests.serving import wait_until

LIVE = ("data-connection", re.compile("live|shared"))


def open_streams(site) -> int:
    text = requests.get(f"{site.url}/metrics", timeout=10).text
    return int(float(re.search(r'^lco_streams\{kind="live"\} (\S+)', text, re.MULTILINE)[1]))


def test_a_window_opens_one_stream(page, site):
    page.goto("/equipment")
    expect(page.locator("#indicator")).to_have_attribute(*LIVE)
    page.wait_for_timeout(300)
    assert open_streams(site) == 1
    page.reload()
    expect(page.locator("#indicator")).to_have_attribute(*LIVE)
    wait_until(lambda: open_streams(site) == 1, "the stream of the former page to end")
