"""A real Odoo for these tests, and the site in front of it; skipped, with the reason, where Odoo cannot be had."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests import serving
from tests.browser import chromium
from tests.odoo import module_database
from tests.odoo.odoo_package import NoOdoo
from tests.odoo.odoo_screenshots import log_in
from tests.odoo.odoo_server import real_odoo

CLERK = "clerk"


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.odoo)


@pytest.fixture(scope="session")
def odoo_installed() -> str:
    """The database with our module in it."""
    try:
        return module_database.prepare()
    except NoOdoo as reason:
        pytest.skip(f"no real Odoo on this machine: {reason}")


@pytest.fixture(scope="module")
def odoo(odoo_installed):
    with real_odoo() as server:
        yield server


@pytest.fixture(scope="module")
def site(odoo, tmp_path_factory):
    """The site, which reads that Odoo and gets its webhooks."""
    port = serving.free_port()
    odoo.send_webhooks_to(f"http://127.0.0.1:{port}")
    with serving.site(odoo.url, tmp_path_factory.mktemp("site"), port=port) as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if chromium.PATH is None:
        pytest.skip("Chromium is not installed; Debian's package is called chromium")
    with sync_playwright() as playwright, chromium.launched(playwright) as browser:
        yield browser


@pytest.fixture
def visit(browser, site):
    """Open a page of the site for a new visitor, and wait until it is live."""
    contexts = []

    def opened(path: str) -> Page:
        context = browser.new_context(base_url=site.url)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(path)
        page.wait_for_selector('#indicator[data-connection="live"]', state="attached")
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def office(browser, odoo) -> Iterator[Page]:
    """Odoo, opened by a user who may handle bookings and no more."""
    named = [["module", "=", module_database.MODULE], ["name", "=", "group_user"]]
    (group,) = odoo.call("ir.model.data", "search_read", domain=named, fields=["res_id"])
    user = {"name": CLERK, "login": CLERK, "password": CLERK, "group_ids": [(6, 0, [group["res_id"]])]}
    odoo.call("res.users", "create", vals_list=[user])
    yield from desk(browser, odoo, CLERK)


@pytest.fixture(scope="module")
def back_office(browser, odoo) -> Iterator[Page]:
    """Odoo, open at the administrator's desk."""
    yield from desk(browser, odoo, "admin")


def desk(browser, odoo, login: str) -> Iterator[Page]:
    context = browser.new_context(base_url=odoo.url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(60_000)  # Odoo puts its scripts together for the first one who comes
    page = context.new_page()
    log_in(page, login)
    context.set_default_timeout(20_000)
    yield page
    context.close()
