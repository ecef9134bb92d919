"""Largest contentful paint on a phone with a slow connection, at the first visit."""

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, sync_playwright

from bench import report
from tests import serving
from tests.browser import chromium

CONNECTION = {"latency": 400, "downloadThroughput": 400_000 / 8, "uploadThroughput": 400_000 / 8, "offline": False}
"""Slow 3G: milliseconds, and bytes a second."""
SLOWER = 4
ROUNDS = 5
SETTLED = 1.5
MACHINE = "/equipment/9-plate-compactor"
WATCH = """
window.seen = {lcp: 0, cls: 0};
new PerformanceObserver((list) => { for (const entry of list.getEntries()) seen.lcp = entry.startTime; })
  .observe({type: 'largest-contentful-paint', buffered: true});
new PerformanceObserver((list) => { for (const entry of list.getEntries()) seen.cls += entry.value; })
  .observe({type: 'layout-shift', buffered: true});
"""
READ = """
() => ({
  ...seen,
  fcp: performance.getEntriesByName('first-contentful-paint')[0].startTime,
  bytes: performance.getEntries().reduce((sum, entry) => sum + (entry.transferSize || 0), 0),
})
"""
Seen = dict[str, float]


@contextmanager
def visitor(browser: Browser) -> Iterator[Page]:
    """A phone with an empty cache, on the slow connection."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, device_scale_factor=2, is_mobile=True)
    page = context.new_page()
    page.add_init_script(WATCH)
    protocol = context.new_cdp_session(page)
    protocol.send("Network.enable")
    protocol.send("Network.emulateNetworkConditions", CONNECTION)
    protocol.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    yield page
    context.close()


def visit(browser: Browser, url: str) -> Seen:
    """One visit, until nothing has moved for a while."""
    with visitor(browser) as page:
        page.goto(url, wait_until="load")
        page.wait_for_timeout(SETTLED * 1000)
        return dict(page.evaluate(READ))


def addresses() -> dict[str, str]:
    start = date.today() + timedelta(days=40)  # noqa: DTZ011 - any day far enough ahead
    days = f"date_from={start}&date_to={start + timedelta(days=3)}"
    return {"home": "/", "list": "/equipment", "machine": MACHINE, "machine with dates": f"{MACHINE}?{days}"}


def report_visits(name: str, visits: list[Seen]) -> None:
    """Report the median of several visits, and the worst."""
    median = {key: statistics.median(each[key] for each in visits) for key in visits[0]}
    worst = max(each["lcp"] for each in visits)
    report.fact(
        name,
        f"LCP {median['lcp'] / 1000:.2f} s (worst {worst / 1000:.2f}), FCP {median['fcp'] / 1000:.2f} s, "
        f"CLS {median['cls']:.3f}, {median['bytes']:,.0f} bytes with pictures",
    )


def main() -> None:
    report.title(f"First visit on a phone: slow 3G, {SLOWER} times slower processor (promise: LCP 2.0 s at most)")
    with (
        serving.demo("http://127.0.0.1:9", "--contract", "2") as odoo,
        TemporaryDirectory() as folder,
        serving.site(odoo.url, Path(folder)) as site,
        sync_playwright() as playwright,
        chromium.launched(playwright) as browser,
    ):
        for name, path in addresses().items():
            visit(browser, site.url + path)
            report_visits(name, [visit(browser, site.url + path) for _ in range(ROUNDS)])
