"""Debian's Chromium, driven by Playwright; it is never downloaded."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Playwright

PATH = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def launched(playwright: Playwright, *more: str) -> Iterator[Browser]:
    """A browser; `more` are arguments of its command."""
    browser = playwright.chromium.launch(executable_path=PATH, args=[*QUIET, *more])
    try:
        yield browser
    finally:
        browser.close()
