"""What the tests of bookings start from: services in memory, a booking request, and a clock that can be moved."""

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from lco.db import Database
from lco.domain.booking import BookingRequest
from lco.odoo.errors import OutcomeUnknown
from tests.app.bookings.fakes import DAYS, MOWER, BookingServices, CountingDatabase
from tests.postgres import migrated_postgres, postgres  # noqa: F401 - fixtures


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """A migrated database to copy: migrating takes longer, and emptying is refused by the audit."""
    path = tmp_path_factory.mktemp("bookings") / "lco.sqlite3"
    db = Database(f"sqlite:///{path}")
    db.migrate()
    db.close()  # with the last connection its log is written into the file
    return path


@pytest.fixture
def db(migrated, tmp_path):
    copy = shutil.copy(migrated, tmp_path / "lco.sqlite3")
    db = CountingDatabase(f"sqlite:///{copy}")
    yield db
    db.close()


@pytest.fixture
def fragile_services(tmp_path):
    """Services whose database may be broken."""
    db = CountingDatabase(f"sqlite:///{tmp_path}/lco.sqlite3")
    db.migrate()
    yield BookingServices(db)
    db.close()


@pytest.fixture
def services(db) -> BookingServices:
    return BookingServices(db)


@pytest.fixture
def booking_request() -> BookingRequest:
    return BookingRequest(MOWER.id, DAYS, "Ada Lovelace", "ada@example.com", "+12185550142")


@pytest.fixture
def other(booking_request) -> BookingRequest:
    """The same customer, one week later."""
    return replace(booking_request, days=DAYS.shift(timedelta(days=7)))


@pytest.fixture
def left_open(services, booking_request):
    """A booking whose outcome is not known; Odoo answers again."""
    services.odoo.answer = OutcomeUnknown()
    booking = services.place(booking_request)
    services.odoo.answer = None
    return booking
