"""From a webhook's answer to the changed words in Chromium, beside two frames that change nothing."""

import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from playwright.sync_api import sync_playwright

from bench import live, report
from tests import serving
from tests.browser.chromium import launched

ROUNDS = 40
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# Resolves after the frame in which the words were painted: the callback runs before a frame, the task after it.
PAINTED = """(price) => new Promise((done) => {
  const look = () => document.getElementById('rates-1').textContent.includes(price)
    ? setTimeout(() => done(performance.timeOrigin + performance.now()))
    : requestAnimationFrame(look);
  requestAnimationFrame(look);
})"""


def main() -> None:
    report.title("Webhook answered to changed words on the screen, Chromium (promise: 150 ms)")
    with (
        serving.demo("http://127.0.0.1:9", "--no-webhooks") as odoo,
        TemporaryDirectory() as folder,
        serving.site(odoo.url, Path(folder)) as site,
        sync_playwright() as playwright,
        launched(playwright) as browser,
    ):
        page = browser.new_page()
        page.goto(f"{site.url}/equipment/1-professional-snow-blower")
        page.wait_for_selector('#indicator[data-connection="live"]')
        session = requests.Session()
        frames, taken = [], []
        for number in range(ROUNDS):
            price = f"${100 + number}"
            started = time.monotonic()
            page.evaluate(TWO_FRAMES)
            frames.append(time.monotonic() - started)
            page.evaluate(f"window.painted = ({PAINTED})({price!r}); 0")
            live.webhook(session, site.url, odoo, number)
            answered = time.time()
            taken.append(max(0.0, page.evaluate("window.painted") / 1000 - answered))
        report.times("yardstick: two frames", frames)
        report.times("webhook answered to painted", taken, statistics.median(frames))
