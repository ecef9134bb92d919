"""Of many processes one makes each offer, on PostgreSQL, where transactions run side by side."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from lco import clock
from lco.domain.date_range import DAY, DateRange
from lco.domain.wish import Ending, WishState
from lco.wishes.repository import WishRepository
from tests.postgres import migrated_postgres, postgres  # noqa: F401 - fixtures

START = clock.now().date() + timedelta(days=30)
DAYS = DateRange(START, START + DAY * 4)
PROCESSES = 8


@pytest.fixture
def waiting(postgres) -> list[int]:  # noqa: F811 - pytest's way to ask for a fixture
    """Wishes for days that overlap, each of another customer."""
    with postgres.connection() as connection:
        wishes = WishRepository(connection)
        for number in range(PROCESSES):
            days = DAYS.shift(DAY * (number % 3))
            wishes.add(f"t{number}", 7, "Mower", days, f"c{number}@example.com", clock.now())
            wishes.confirm(wishes.by_token(f"t{number}"))
        return [one.first for one in wishes.queue(7, START)]


def test_overlapping_days_are_offered_to_one_customer_by_one_process(postgres, waiting):  # noqa: F811
    assert len(waiting) == 3

    def offer(number: int) -> bool:
        with postgres.connection() as connection:
            wishes = WishRepository(connection)
            wish = wishes.by_id(waiting[number % len(waiting)])
            wishes.lock(f"machine {wish.vehicle_id}")
            if any(wish.days.overlaps(days) for days in wishes.turns(7, START)):
                return False
            return wishes.offer(wish, clock.now(), clock.now() + timedelta(hours=2))

    with ThreadPoolExecutor(PROCESSES) as threads:
        assert list(threads.map(offer, range(PROCESSES * 3))).count(True) == 1


def test_turn_that_is_over_is_given_to_one_process(postgres, waiting):  # noqa: F811
    with postgres.connection() as connection:
        wishes = WishRepository(connection)
        wishes.offer(wishes.by_id(waiting[0]), clock.now(), clock.now() - DAY)

    def over(_number: int) -> list[int]:
        with postgres.connection() as connection:
            return WishRepository(connection).over_turns(clock.now())

    with ThreadPoolExecutor(PROCESSES) as threads:
        assert [found for found in threads.map(over, range(PROCESSES)) if found] == [[7]]


def test_wish_ends_without_its_address_and_is_counted_as_wanted(postgres, waiting):  # noqa: F811
    with postgres.connection() as connection:
        wishes = WishRepository(connection)
        wishes.end(wishes.by_id(waiting[0]), Ending.STOPPED)
        assert wishes.by_id(waiting[0]).email == ""
        assert wishes.by_id(waiting[0]).state is WishState.ENDED
        assert sum(number for _, _, number in wishes.wanted(START)) == PROCESSES
        assert wishes.vehicles() == [7]
