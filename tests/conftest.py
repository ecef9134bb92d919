"""Fixtures for all tests: settings, the application, and a client that checks each HTML response."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from lco import clock
from lco.settings import Settings
from tests.html import CheckedClient
from tests.serving import wait_until
from tests.wire import OdooAtTheWire

# Ignored when a shell has started the tests in the background; then the servers of tests would ignore it, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

IN_CI = os.environ.get("CI") == "true"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI nothing may be missing, so a skipped test is a failed one."""
    outcome = yield
    report = outcome.get_result()
    # A real Odoo is fetched from elsewhere: where it cannot be had, its tests say so and are skipped, also in CI.
    if IN_CI and report.skipped and not item.get_closest_marker("odoo"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where everything must be there: {report.longrepr}"


@pytest.fixture(autouse=True)
def _refreshes_end_with_the_test():
    """A refresh in the background would ask the Odoo of the next test."""
    yield
    if swr := sys.modules.get("lco.caching.swr"):
        wait_until(swr.is_idle, "refreshes of the cache to end")


def let_background_work_end() -> None:
    from lco import background
    from lco.caching import swr

    wait_until(lambda: background.is_idle() and swr.is_idle(), "work in the background to end")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with an Odoo whose name shows that the test has not faked it."""
    return Settings(
        odoo_url="http://odoo-that-no-test-has-faked.test",
        odoo_webhook_secret=("test-secret",),
        site_url="http://localhost",
        database_url=f"sqlite:///{tmp_path}/lco.sqlite3",
        cache_dir=tmp_path / "cache",
        mail_dir=tmp_path / "mail",
    )


@pytest.fixture
def odoo(settings: Settings, requests_mock) -> Iterator[OdooAtTheWire]:
    """The demo Odoo, where the settings say that Odoo is."""
    odoo = OdooAtTheWire(settings.odoo_url, requests_mock)
    yield odoo
    let_background_work_end()  # while this Odoo still answers
    odoo.close()


@pytest.fixture
def make_app(settings: Settings) -> Iterator[Callable[..., Flask]]:
    """Make an application with some settings of its own; it asks Odoo only what the test makes it ask."""
    from lco import create_app  # the pure rules are tested without loading the whole site

    made = []

    def make(**changes: object) -> Flask:
        app = create_app(replace(settings, **changes))
        app.test_client_class = CheckedClient
        app.extensions["lco.scheduler"].stop()
        services = app.extensions["lco"]
        services.catalogue.sync.pause = services.availability.pause = timedelta(milliseconds=20)
        made.append(app)
        return app

    yield make
    let_background_work_end()
    for app in made:
        app.extensions["lco.hub"].close()


@pytest.fixture
def app(make_app) -> Flask:
    return make_app()


@pytest.fixture
def client(app: Flask) -> CheckedClient:
    return app.test_client()


@pytest.fixture
def advance_clock():
    """Moves the clock on for the rest of the test."""
    with ExitStack() as moves:
        yield lambda by: moves.enter_context(clock.moved(by))
