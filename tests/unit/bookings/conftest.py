"""What the tests of bookings start from: a shop in memory, a wanted booking, and a clock that can be moved."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lco import clock
from lco.bookings.booking import BookingRequest
from lco.store.models import Base
from tests.postgres import migrated_postgres, postgres  # noqa: F401 - fixtures
from tests.unit.bookings.world import DAYS, MOWER, CountingStore, Shop


@pytest.fixture(scope="session")
def one_store(tmp_path_factory):
    """One database for all tests: emptying it is quicker than making another."""
    store = CountingStore(f"sqlite:///{tmp_path_factory.mktemp('bookings')}/lco.sqlite3")
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def store(one_store):
    with one_store.session() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())
    return one_store


@pytest.fixture
def fragile_shop(tmp_path):
    """A shop whose database may be broken."""
    store = CountingStore(f"sqlite:///{tmp_path}/lco.sqlite3")
    store.migrate()
    yield Shop(store)
    store.close()


@pytest.fixture
def shop(store) -> Shop:
    return Shop(store)


@pytest.fixture
def wanted() -> BookingRequest:
    return BookingRequest(MOWER.id, DAYS, "Ada Lovelace", "ada@example.com", "+12185550142")


@pytest.fixture
def other(wanted) -> BookingRequest:
    """The same customer, one week later."""
    return replace(wanted, days=DAYS.moved(timedelta(days=7)))


@pytest.fixture
def later():
    """Moves the clock for the rest of the test."""
    moves = []

    def move(by: timedelta) -> None:
        moves.append(clock.moved(by))
        moves[-1].__enter__()

    yield move
    for moved in reversed(moves):
        moved.__exit__(None, None, None)
