import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest

from lco import clock, metrics
from lco import deadline as budget
from lco.caching import expiry as validity
from lco.caching.entries import Reading
from lco.caching.swr import USABLE, Freshness, Question
from lco.errors import OdooAway, OdooError
from lco.odoo.errors import VehicleUnknown
from tests.serving import wait_until

FRESH = timedelta(seconds=30)
PATIENCE = 5.0
LATER = FRESH + timedelta(seconds=1)


def test_a_fresh_answer_is_not_asked_for_again(freshness, source):
    assert [freshness.read(source.question()).value for _ in range(3)] == [1, 1, 1]
    assert source.loads == 1


def test_whoever_watches_learns_when_the_first_answer_ends(freshness, source):
    with validity.watched() as watch:
        assert watch.until == validity.ALWAYS
        soonest = freshness.read(source.question()).read_at + FRESH
        with clock.moved(timedelta(seconds=5)):
            freshness.read(Source("vehicle:8:details").question())
    assert watch.until == soonest


def test_an_answer_that_is_old_or_missing_has_ended_for_whoever_watches(freshness, source):
    freshness.read(source.question())
    source.error = OdooAway()
    freshness.forget("vehicle:7:")
    assert freshness.hints == 1
    missing = Source("vehicle:8:details")
    missing.error = OdooAway()
    for question in (source.question(), missing.question()):
        with validity.watched() as watch, suppress(OdooError):
            freshness.read(question)
        assert watch.until <= clock.now()


def test_an_old_answer_is_given_at_once_while_one_refresh_runs_for_50_readers(freshness, source):
    freshness.read(source.question())
    source.hold()
    with clock.moved(LATER):
        assert at_once(50, lambda: freshness.read(source.question()).value) == [1] * 50
        source.release()
        wait_until(lambda: freshness.read(source.question()).value == 2, "the refreshed answer", PATIENCE)
    assert source.loads == 2


def test_50_readers_of_something_unknown_cause_one_load_and_all_get_it(freshness, source):
    source.hold()
    with ThreadPoolExecutor(50) as threads:
        readers = [threads.submit(freshness.read, source.question()) for _ in range(50)]
        assert source.begun.wait(PATIENCE)
        source.release()
        assert {reader.result(PATIENCE).value for reader in readers} == {1}
    assert source.loads == 1


def test_a_failed_refresh_leaves_the_old_answer_for_a_day_and_says_so(freshness, source):
    freshness.read(source.question())
    source.error = OdooAway()
    with clock.moved(LATER):
        freshness.read(source.question())
        wait_until(lambda: freshness.read(source.question()).failed, "the failure to be known", PATIENCE)
    with clock.moved(USABLE - timedelta(minutes=1)):
        assert freshness.read(source.question()).value == 1
    with clock.moved(USABLE + timedelta(minutes=1)), pytest.raises(OdooAway):
        freshness.read(source.question())


def test_after_a_failure_the_next_reader_sets_another_refresh_going(freshness, source):
    freshness.read(source.question())
    source.error = OdooAway()
    freshness.forget("vehicle:7:")
    assert freshness.read(source.question()).failed
    source.error = None
    wait_until(lambda: not freshness.read(source.question()).failed, "the mended answer", PATIENCE)
    assert freshness.read(source.question()).value == 3


def test_what_is_unknown_and_cannot_be_loaded_is_an_error_each_time(freshness, source):
    source.error = VehicleUnknown(upstream_status=404)
    for _ in range(2):
        with pytest.raises(VehicleUnknown):
            freshness.read(source.question())
    source.error = None
    assert freshness.read(source.question()).value == 3


def test_an_unexpected_error_becomes_one_of_odoo_and_is_logged_and_counted(freshness, source, caplog):
    counted = metrics.background_failures.labels("refresh")
    before = counted._value.get()
    source.error = ZeroDivisionError()
    with pytest.raises(OdooError) as raised:
        freshness.read(source.question())
    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    assert counted._value.get() == before + 1
    assert "refreshing vehicle:7:details failed" in caplog.text


def test_an_unexpected_error_still_leaves_the_old_answer(freshness, source):
    freshness.read(source.question())
    source.error = ZeroDivisionError()
    freshness.forget("vehicle:7:")
    assert freshness.read(source.question()).value == 1


def test_after_forget_the_next_reader_waits_for_a_new_answer(freshness, source):
    freshness.read(source.question())
    freshness.forget("vehicle:7:")
    assert freshness.read(source.question()).value == 2
    assert freshness.read(source.question()).value == 2


def test_forget_touches_only_keys_with_its_beginning(freshness, source):
    other = Source("vehicle:70:details")
    freshness.read(source.question())
    freshness.read(other.question())
    freshness.forget("vehicle:7:")
    freshness.read(source.question())
    freshness.read(other.question())
    assert (source.loads, other.loads) == (2, 1)


def test_forget_during_a_refresh_asks_again_since_the_answer_may_be_older(freshness, source):
    source.hold()
    with ThreadPoolExecutor(1) as threads:
        reader = threads.submit(freshness.read, source.question())
        assert source.begun.wait(PATIENCE)
        freshness.forget("vehicle:7:")
        source.release()
        assert reader.result(PATIENCE).value == 2
    assert freshness.read(source.question()).value == 2
    assert source.loads == 2


def test_forget_during_a_background_refresh_makes_the_next_reader_wait_for_another(freshness, source):
    freshness.read(source.question())
    source.hold()
    with clock.moved(LATER):
        freshness.read(source.question())
        assert source.begun.wait(PATIENCE)
        freshness.forget("vehicle:7:")
        source.release()
        assert freshness.read(source.question()).value == 3


def test_with_wait_an_old_answer_is_waited_for_and_a_fresh_one_is_not(freshness, source):
    freshness.read(source.question())
    assert freshness.read(source.question(), wait=True).value == 1
    with clock.moved(LATER):
        assert freshness.read(source.question(), wait=True).value == 2


def test_with_wait_a_failure_still_gives_the_old_answer_and_counts_it(freshness, source):
    counted = metrics.stale_answers.labels("vehicle")
    before = counted._value.get()
    freshness.read(source.question())
    source.error = OdooError()
    with clock.moved(LATER):
        reading = freshness.read(source.question(), wait=True)
    assert (reading.value, reading.failed) == (1, True)
    assert counted._value.get() == before + 1


def test_with_wait_a_failed_attempt_is_made_again(freshness, source):
    freshness.read(source.question())
    source.error = OdooAway()
    freshness.forget("vehicle:7:")
    assert freshness.read(source.question()).failed
    source.error = None
    assert freshness.read(source.question(), wait=True).value == 3


def test_waiting_ends_with_the_budget_and_the_answer_comes_for_the_next_reader(freshness, source):
    source.hold()
    with within(timedelta(milliseconds=20)), pytest.raises(OdooAway):
        freshness.read(source.question())
    source.release()
    assert freshness.read(source.question()).value == 1
    assert source.loads == 1


def test_a_forgotten_answer_serves_when_the_new_one_does_not_come_within_the_budget(freshness, source):
    freshness.read(source.question())
    source.hold()
    freshness.forget("vehicle:7:")
    with within(timedelta(milliseconds=20)):
        assert freshness.read(source.question()).value == 1
    source.release()
    wait_until(lambda: freshness.read(source.question()).value == 2, "the new answer", PATIENCE)


def test_a_used_up_budget_waits_for_nothing_but_gives_what_is_known(freshness, source):
    freshness.read(source.question())
    with within(timedelta()):
        assert freshness.read(source.question()).value == 1


def test_the_time_of_reading_is_that_of_the_question(freshness, source):
    source.during = lambda: setattr(source, "asked_by", clock.now())
    before = clock.now()
    reading = freshness.read(source.question())
    assert before <= reading.read_at <= source.asked_by


def test_every_new_reading_is_handed_to_stored(freshness, source):
    stored = []
    question = source.question(stored=stored.append)
    first = freshness.read(question)
    freshness.read(question)
    assert stored == [first]
    freshness.forget("vehicle:7:")
    second = freshness.read(question)
    assert stored == [first, second]


def test_a_failure_in_stored_is_logged_and_the_next_reader_has_the_answer(freshness, source, caplog):
    def fail(_: Reading[int]) -> None:
        raise ZeroDivisionError

    with pytest.raises(OdooError):
        freshness.read(source.question(stored=fail))
    assert "ZeroDivisionError" in caplog.text
    assert freshness.read(source.question()).value == 1


def test_the_answers_least_recently_asked_for_give_way():
    freshness = Freshness(kept=2)
    first, second, third = (Source(f"key:{n}") for n in range(3))
    for source in (first, second, first, third, first, second):
        freshness.read(source.question())
    assert (first.loads, second.loads, third.loads) == (1, 2, 1)


def at_once(count, read):
    with ThreadPoolExecutor(count) as threads:
        readers = [threads.submit(read) for _ in range(count)]
        return [reader.result(PATIENCE) for reader in readers]


@contextmanager
def within(length):
    token = budget.start(length)
    try:
        yield
    finally:
        budget.stop(token)


class Source:
    """Where answers come from: 1, 2, 3, … in the order in which they are asked for."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.loads = 0
        self.error: Exception | None = None
        self.begun = threading.Event()
        self.during = lambda: None
        self._open = threading.Event()
        self._open.set()

    def question(self, **more) -> Question[int]:
        return Question(self.key, FRESH, self._load, **more)

    def hold(self) -> None:
        """From now on answers do not come until `release`."""
        self.begun.clear()
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    def _load(self) -> int:
        self.loads += 1
        answer = self.loads
        self.begun.set()
        assert self._open.wait(PATIENCE)
        self.during()
        if self.error:
            raise self.error
        return answer


@pytest.fixture
def freshness():
    return Freshness()


@pytest.fixture
def source():
    return Source("vehicle:7:details")
