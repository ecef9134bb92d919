import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from lco import clock, metrics
from lco.caching.memory import CachedValue
from lco.caching.swr import MAX_INVALIDATIONS, MAX_STALE, PLAIN, CacheQuery, StaleWhileRevalidateCache
from lco.deadline import deadline
from lco.errors import OdooError, OdooUnavailable
from lco.odoo.errors import VehicleUnknown
from tests.serving import PATIENCE, wait_until

FRESH = timedelta(seconds=30)
LATER = FRESH + timedelta(seconds=1)


def test_a_fresh_value_is_not_fetched_again(cache, source):
    assert [cache.get(source.query()).value for _ in range(3)] == [1, 1, 1]
    assert source.loads == 1


def test_an_old_value_is_served_at_once_while_one_refresh_runs_for_50_readers(cache, source):
    cache.get(source.query())
    source.hold()
    with clock.moved(LATER):
        assert at_once(50, lambda: cache.get(source.query()).value) == [1] * 50
        source.release()
        wait_until(lambda: cache.get(source.query()).value == 2, "the refreshed answer", PATIENCE)
    assert source.loads == 2


def test_50_readers_of_an_unknown_value_cause_one_load_and_all_get_it(cache, source):
    source.hold()
    with ThreadPoolExecutor(50) as threads:
        readers = [threads.submit(cache.get, source.query()) for _ in range(50)]
        assert source.begun.wait(PATIENCE)
        source.release()
        assert {reader.result(PATIENCE).value for reader in readers} == {1}
    assert source.loads == 1


def test_a_failed_refresh_leaves_the_old_value_for_a_day_and_marks_it(cache, source):
    cache.get(source.query())
    source.error = OdooUnavailable()
    with clock.moved(LATER):
        cache.get(source.query())
        wait_until(lambda: cache.get(source.query()).refresh_failed, "the failure to be known", PATIENCE)
    with clock.moved(MAX_STALE - timedelta(minutes=1)):
        assert cache.get(source.query()).value == 1
    with clock.moved(MAX_STALE + timedelta(minutes=1)), pytest.raises(OdooUnavailable):
        cache.get(source.query())


def test_after_a_failure_the_next_reader_starts_another_refresh(cache, source):
    cache.get(source.query())
    source.error = OdooUnavailable()
    cache.invalidate("vehicle:7:")
    assert cache.get(source.query()).refresh_failed
    source.error = None
    wait_until(lambda: not cache.get(source.query()).refresh_failed, "the mended answer", PATIENCE)
    assert cache.get(source.query()).value == 3


def test_an_unknown_value_that_cannot_be_loaded_is_an_error_each_time(cache, source):
    source.error = VehicleUnknown(upstream_status=404)
    for _ in range(2):
        with pytest.raises(VehicleUnknown):
            cache.get(source.query())
    source.error = None
    assert cache.get(source.query()).value == 3


def test_an_unexpected_error_becomes_one_of_odoo_and_is_logged_and_counted(cache, source, caplog):
    counted = metrics.background_failures.labels("refresh")
    before = counted._value.get()
    source.error = ZeroDivisionError()
    with pytest.raises(OdooError) as raised:
        cache.get(source.query())
    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    assert counted._value.get() == before + 1
    assert "refreshing vehicle:7:details failed" in caplog.text


def test_an_unexpected_error_still_leaves_the_old_value(cache, source):
    cache.get(source.query())
    source.error = ZeroDivisionError()
    cache.invalidate("vehicle:7:")
    assert cache.get(source.query()).value == 1


def test_after_an_invalidation_the_next_reader_waits_for_a_new_value(cache, source):
    cache.get(source.query())
    cache.invalidate("vehicle:7:")
    assert cache.get(source.query()).value == 2
    assert cache.get(source.query()).value == 2


def test_an_invalidation_concerns_only_keys_with_its_prefix(cache, source):
    other = Source("vehicle:70:details")
    cache.get(source.query())
    cache.get(other.query())
    cache.invalidate("vehicle:7:")
    cache.get(source.query())
    cache.get(other.query())
    assert (source.loads, other.loads) == (2, 1)


def test_an_invalidation_during_a_refresh_causes_another_one(cache, source):
    source.hold()
    with ThreadPoolExecutor(1) as threads:
        reader = threads.submit(cache.get, source.query())
        assert source.begun.wait(PATIENCE)
        cache.invalidate("vehicle:7:")
        source.release()
        assert reader.result(PATIENCE).value == 2
    assert cache.get(source.query()).value == 2
    assert source.loads == 2


def test_an_invalidation_during_a_background_refresh_makes_the_next_reader_wait(cache, source):
    cache.get(source.query())
    source.hold()
    with clock.moved(LATER):
        cache.get(source.query())
        assert source.begun.wait(PATIENCE)
        cache.invalidate("vehicle:7:")
        source.release()
        assert cache.get(source.query()).value == 3


def test_a_reader_that_needs_a_newer_value_waits_only_when_it_is_older(cache, source):
    cache.get(source.query())
    assert cache.get(source.query(), newer_than=clock.now() - FRESH).value == 1
    with clock.moved(LATER):
        assert cache.get(source.query(), newer_than=clock.now() - FRESH).value == 2


def test_a_reader_that_needs_a_newer_value_gets_the_old_one_after_a_failure(cache, source):
    counted = metrics.stale_answers.labels("vehicle")
    before = counted._value.get()
    cache.get(source.query())
    source.error = OdooError()
    with clock.moved(LATER):
        reading = cache.get(source.query(), newer_than=clock.now() - FRESH)
    assert (reading.value, reading.refresh_failed) == (1, True)
    assert counted._value.get() == before + 1


def test_a_reader_that_needs_a_newer_value_repeats_a_failed_attempt(cache, source):
    cache.get(source.query())
    source.error = OdooUnavailable()
    cache.invalidate("vehicle:7:")
    assert cache.get(source.query()).refresh_failed
    source.error = None
    assert cache.get(source.query(), newer_than=clock.now() - FRESH).value == 3


def test_waiting_ends_with_the_deadline_and_the_next_reader_gets_the_value(cache, source):
    source.hold()
    with deadline(timedelta(milliseconds=20)), pytest.raises(OdooUnavailable):
        cache.get(source.query())
    source.release()
    assert cache.get(source.query()).value == 1
    assert source.loads == 1


def test_an_invalid_value_is_served_when_the_new_one_is_not_there_by_the_deadline(cache, source):
    cache.get(source.query())
    source.hold()
    cache.invalidate("vehicle:7:")
    with deadline(timedelta(milliseconds=20)):
        assert cache.get(source.query()).value == 1
    source.release()
    wait_until(lambda: cache.get(source.query()).value == 2, "the new answer", PATIENCE)


def test_after_the_deadline_a_known_value_is_served(cache, source):
    cache.get(source.query())
    with deadline(timedelta()):
        assert cache.get(source.query()).value == 1


def test_a_value_counts_as_fetched_when_its_fetching_began(cache, source):
    source.during = lambda: setattr(source, "asked_by", clock.now())
    before = clock.now()
    reading = cache.get(source.query())
    assert before <= reading.fetched_at <= source.asked_by


def test_on_refresh_gets_every_new_value(cache, source):
    stored = []
    query = source.query(on_refresh=stored.append)
    first = cache.get(query)
    cache.get(query)
    assert stored == [first]
    cache.invalidate("vehicle:7:")
    second = cache.get(query)
    assert stored == [first, second]


def test_a_failure_in_on_refresh_is_logged_and_the_next_reader_gets_the_value(cache, source, caplog):
    def fail(_: CachedValue[int]) -> None:
        raise ZeroDivisionError

    with pytest.raises(OdooError):
        cache.get(source.query(on_refresh=fail))
    assert "ZeroDivisionError" in caplog.text
    assert cache.get(source.query()).value == 1


def test_a_value_is_valid_unless_it_was_fetched_before_the_invalidation(cache, source):
    cache.get(source.query())
    instant = clock.now()
    cache.invalidate("vehicle:7:")
    cache.get(source.query())
    cache.invalidate("vehicle:7:", before=instant)
    assert cache.get(source.query()).value == 2


def test_an_invalidation_from_the_future_counts_from_now(cache, source):
    cache.get(source.query())
    cache.invalidate("vehicle:7:", before=clock.now() + timedelta(hours=1))
    assert [cache.get(source.query()).value for _ in range(3)] == [2, 2, 2]


def test_after_very_many_invalidations_a_value_from_before_them_is_still_invalid(cache, source):
    cache.get(source.query())
    cache.invalidate("vehicle:7:")
    for number in range(MAX_INVALIDATIONS):
        cache.invalidate(f"free:{number}:")
    assert [cache.get(source.query()).value for _ in range(2)] == [2, 2]


def test_while_the_last_refresh_failed_an_invalid_value_is_served_without_waiting(cache, source):
    cache.get(source.query())
    source.error = OdooUnavailable()
    cache.invalidate("vehicle:7:")
    assert cache.get(source.query()).refresh_failed
    source.hold()
    cache.invalidate("vehicle:7:")
    assert at_once(5, lambda: cache.get(source.query()).value) == [1] * 5
    source.release()


def test_while_odoo_is_slow_only_the_first_reader_waits_for_a_valid_value(source):
    cache = StaleWhileRevalidateCache()
    cache.stale_wait = 0.02
    other = Source("vehicle:8:details")
    for each in (source, other):
        cache.get(each.query())
        each.hold()
    cache.invalidate("vehicle:7:")
    assert cache.get(source.query()).refresh_failed
    cache.stale_wait = PATIENCE
    cache.invalidate("vehicle:8:")
    assert cache.get(other.query()).refresh_failed, "its kind is known to be slow"
    for each in (source, other):
        each.release()
    wait_until(lambda: cache.get(other.query()).value == 2, "the refresh that was slow", PATIENCE)
    cache.invalidate("vehicle:8:")
    assert cache.get(other.query()).value == 3, "Odoo is quick again"


def test_reader_who_can_use_no_invalid_value_waits_for_a_slow_one(source):
    cache = StaleWhileRevalidateCache()
    cache.stale_wait = 0.02
    cache.get(source.query())
    source.hold()
    cache.invalidate("vehicle:7:")
    with ThreadPoolExecutor() as reader:
        read = reader.submit(lambda: cache.get_valid(source.query()))
        assert source.begun.wait(PATIENCE)
        assert cache.get(source.query()).value == 1
        source.release()
        assert read.result(PATIENCE) == 2


def test_reader_who_can_use_no_invalid_value_waits_once_while_odoo_is_away(cache, source):
    cache.get(source.query())
    source.error = OdooUnavailable()
    cache.invalidate("vehicle:7:")
    with pytest.raises(OdooUnavailable):
        cache.get_valid(source.query())
    source.hold()
    for _ in range(5):
        with pytest.raises(OdooUnavailable):
            cache.get_valid(source.query())
    source.release()
    source.error = None
    wait_until(lambda: not cache.get(source.query()).refresh_failed, "Odoo's return", PATIENCE)
    assert cache.get_valid(source.query()) > 1


def test_a_value_from_the_future_is_refreshed(cache, source):
    with clock.moved(timedelta(hours=1)):
        cache.get(source.query())
    assert cache.get(source.query()).value == 1
    wait_until(lambda: cache.get(source.query()).value == 2, "the refreshed value", PATIENCE)


def test_a_persisted_value_stays_usable_without_end(cache, source):
    query = source.query(persist=PLAIN)
    cache.get(query)
    source.error = OdooUnavailable()
    with clock.moved(timedelta(days=30)):
        assert [cache.get(query).value for _ in range(2)] == [1, 1]


def test_a_persisted_value_of_yesterday_is_served_only_when_there_is_no_newer_one(cache, source):
    query = source.query(persist=PLAIN)
    cache.get(query)
    with clock.moved(MAX_STALE + timedelta(minutes=1)):
        assert cache.get(query).value == 2


def at_once(count, read):
    with ThreadPoolExecutor(count) as threads:
        readers = [threads.submit(read) for _ in range(count)]
        return [reader.result(PATIENCE) for reader in readers]


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

    def query(self, **more) -> CacheQuery[int]:
        return CacheQuery(self.key, FRESH, self._load, **more)

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
def cache():
    return StaleWhileRevalidateCache()


@pytest.fixture
def source():
    return Source("vehicle:7:details")
