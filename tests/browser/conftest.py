"""A demo Odoo, the site and a Chromium, in which any violation of the content security policy fails the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, expect, sync_playwright

from tests import serving
from tests.browser import chromium

expect.set_options(timeout=30_000)  # the machine may be busy

WATCH = """
addEventListener('securitypolicyviolation', (event) => {
  console.error('CSP: ' + event.violatedDirective + ' ' + event.blockedURI);
});
"""


def pytest_collection_modifyitems(items) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    if chromium.PATH is None:
        pytest.skip("Chromium is not installed; Debian's package is called chromium")
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with chromium.launched(playwright) as browser:
        yield browser


@pytest.fixture
def ports() -> tuple[int, int]:
    return serving.free_port(), serving.free_port()


@pytest.fixture
def odoo(request, ports):
    if request.node.get_closest_marker("shared_site"):
        yield request.getfixturevalue("shared_odoo")
        return
    with serving.demo(f"http://127.0.0.1:{ports[0]}", port=ports[1]) as server:
        yield server


@pytest.fixture
def site(request, ports, odoo, tmp_path):
    """New for every test, unless its module shares one: what one customer books is not free for the next."""
    if request.node.get_closest_marker("shared_site"):
        yield request.getfixturevalue("shared_site")
        return
    with serving.site(odoo.url, tmp_path, port=ports[0]) as server:
        yield server


@pytest.fixture(scope="module")
def shared_ports() -> tuple[int, int]:
    return serving.free_port(), serving.free_port()


@pytest.fixture(scope="module")
def shared_odoo(shared_ports):
    """One for all tests of a module with the marker `shared_site`."""
    with serving.demo(f"http://127.0.0.1:{shared_ports[0]}", port=shared_ports[1]) as server:
        yield server


@pytest.fixture(scope="module")
def shared_site(shared_ports, shared_odoo, tmp_path_factory):
    """One for all tests of a module with the marker `shared_site`: they do not disturb each other."""
    with serving.site(shared_odoo.url, tmp_path_factory.mktemp("site"), port=shared_ports[0]) as server:
        yield server


@pytest.fixture
def context(browser: Browser, site) -> Iterator[BrowserContext]:
    """A visitor with scripts, on a phone."""
    context = browser.new_context(base_url=site.url, viewport={"width": 390, "height": 844})
    context.set_default_timeout(30_000)
    context.add_init_script(WATCH)
    yield context
    context.close()


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def page(context: BrowserContext, complaints: list[str]) -> Iterator[Page]:
    page = watched(context.new_page(), complaints)
    yield page
    assert not complaints


@pytest.fixture
def plain_page(browser: Browser, site, complaints: list[str]) -> Iterator[Page]:
    """A visitor without scripts."""
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    yield watched(context.new_page(), complaints)
    context.close()
    assert not complaints


def watched(page: Page, complaints: list[str]) -> Page:
    """The page, whose violations and uncaught errors are written into `complaints`."""
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" and "CSP" in said.text else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)) if not _is_skipped_motion(error) else None)
    return page


def _is_skipped_motion(error: Error) -> bool:
    """Whether Chromium has left out the motion from one page to the next, as it does on a busy machine."""
    return str(error).startswith("Transition was aborted because of invalid state. ViewTransition opt-in disabled")
