"""Make the pictures of README and docs anew: `python -m tests.screenshots`, with Debian's chromium.

`python -m tests.screenshots DIRECTORY` writes pages at five widths, light, dark, and without scripts, to look at.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests import serving
from tests.browser import chromium

IMAGES = serving.ROOT / "docs/images"
QUALITY = 60
WIDTHS = (320, 390, 768, 1280, 1920)
MACHINE = "/equipment/9-plate-compactor"


def main() -> None:
    with running() as (url, browser):
        if len(sys.argv) > 1:
            look(url, browser, Path(sys.argv[1]))
        else:
            document(url, browser)


@contextmanager
def running() -> Iterator[tuple[str, Browser]]:
    """The demo and the site in front of it, on separate ports, and a browser."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        ports = serving.free_port(), serving.free_port()
        with (
            serving.demo(f"http://127.0.0.1:{ports[0]}", port=ports[1]) as odoo,
            serving.site(odoo.url, Path(folder), port=ports[0]) as site,
            chromium.launched(playwright) as browser,
        ):
            yield site.url, browser


def quote() -> str:
    """A machine's page with a price: eight days, from a Monday some weeks ahead."""
    ahead = date.today() + timedelta(days=40)  # noqa: DTZ011 - any day far enough ahead
    start = ahead - timedelta(days=ahead.weekday())
    return f"{MACHINE}?date_from={start}&date_to={start + timedelta(days=8)}"


def document(url: str, browser: Browser) -> None:
    """The pictures of README, each in the size in which it is shown, so that the files are small."""
    for name, path, size, scheme in (
        ("home", "/", (1280, 800), "light"),
        ("detail", quote(), (1200, 1180), "light"),
        ("phone-dark", "/equipment", (390, 780), "dark"),
    ):
        page = opened(browser, url + path, size, scheme)
        page.screenshot(path=IMAGES / f"{name}.jpg", type="jpeg", quality=QUALITY)
        page.context.close()


def look(url: str, browser: Browser, folder: Path) -> None:
    """Whole pages, as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {"home": "/", "list": "/equipment", "machine": MACHINE, "quote": quote(), "about": "/about"}
    for width in WIDTHS:
        for scheme, scripts in (("light", True), ("dark", True), ("light", False)):
            for name, path in pages.items():
                page = opened(browser, url + path, (width, 900), scheme, scripts=scripts)
                end = "" if scripts else "-no-scripts"
                page.screenshot(path=folder / f"{name}-{width}-{scheme}{end}.png", full_page=True)
                page.context.close()


def opened(browser: Browser, url: str, size: tuple[int, int], scheme: str, *, scripts: bool = True) -> Page:
    """The page once its pictures and fonts are loaded; nothing moves."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
        reduced_motion="reduce",
        java_script_enabled=scripts,
    )
    page = context.new_page()
    page.goto(url, wait_until="load")
    if scripts:
        page.evaluate("document.fonts.ready")
    return page


if __name__ == "__main__":
    main()
