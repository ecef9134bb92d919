"""What the tests of bookings start from: a shop in memory, a wanted booking, and a clock that can be moved."""

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from lco.db import Database
from lco.domain.booking import BookingRequest
from lco.odoo.errors import OutcomeUnknown
from tests.app.bookings.fakes import DAYS, MOWER, CountingStore, Shop
from tests.postgres import migrated_postgres, postgres  # noqa: F401 - fixtures


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """A migrated database to copy: migrating takes longer, and emptying is refused by the audit."""
    path = tmp_path_factory.mktemp("bookings") / "lco.sqlite3"
    store = Database(f"sqlite:///{path}")
    store.migrate()
    store.close()  # with the last connection its log is written into the file
    return path


@pytest.fixture
def store(migrated, tmp_path):
    copy = shutil.copy(migrated, tmp_path / "lco.sqlite3")
    store = CountingStore(f"sqlite:///{copy}")
    yield store
    store.close()


@pytest.fixture
def fragile_services(tmp_path):
    """A shop whose database may be broken."""
    store = CountingStore(f"sqlite:///{tmp_path}/lco.sqlite3")
    store.migrate()
    yield Shop(store)
    store.close()


@pytest.fixture
def services(store) -> Shop:
    return Shop(store)


@pytest.fixture
def wanted() -> BookingRequest:
    return BookingRequest(MOWER.id, DAYS, "Ada Lovelace", "ada@example.com", "+12185550142")


@pytest.fixture
def other(wanted) -> BookingRequest:
    """The same customer, one week later."""
    return replace(wanted, days=DAYS.shift(timedelta(days=7)))


@pytest.fixture
def left_open(services, wanted):
    """A booking whose outcome is not known; Odoo answers again."""
    services.odoo.answer = OutcomeUnknown()
    booking = services.place(wanted)
    services.odoo.answer = None
    return booking
