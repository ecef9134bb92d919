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


def test_a_fresh_value_is_not_fetched_again(cache, loader):
    assert [cache.get(loader.query()).value for _ in range(3)] == [1, 1, 1]
    assert loader.loads == 1


def test_an_old_value_is_served_at_once_while_one_refresh_runs_for_50_readers(cache, loader):
    cache.get(loader.query())
    loader.hold()
    with clock.moved(LATER):
        assert at_once(50, lambda: cache.get(loader.query()).value) == [1] * 50
        loader.release()
        wait_until(lambda: cache.get(loader.query()).value == 2, "the refreshed answer", PATIENCE)
    assert loader.loads == 2


def test_50_readers_of_an_unknown_value_cause_one_load_and_all_get_it(cache, loader):
    loader.hold()
    with ThreadPoolExecutor(50) as threads:
        readers = [threads.submit(cache.get, loader.query()) for _ in range(50)]
        assert loader.begun.wait(PATIENCE)
        loader.release()
        assert {reader.result(PATIENCE).value for reader in readers} == {1}
    assert loader.loads == 1


def test_a_failed_refresh_leaves_the_old_value_for_a_day_and_marks_it(cache, loader):
    cache.get(loader.query())
    loader.error = OdooUnavailable()
    with clock.moved(LATER):
        cache.get(loader.query())
        wait_until(lambda: cache.get(loader.query()).refresh_failed, "the failure to be known", PATIENCE)
    with clock.moved(MAX_STALE - timedelta(minutes=1)):
        assert cache.get(loader.query()).value == 1
    with clock.moved(MAX_STALE + timedelta(minutes=1)), pytest.raises(OdooUnavailable):
        cache.get(loader.query())


def test_after_a_failure_the_next_reader_starts_another_refresh(cache, loader):
    cache.get(loader.query())
    loader.error = OdooUnavailable()
    cache.invalidate("vehicle:7:")
    assert cache.get(loader.query()).refresh_failed
    loader.error = None
    wait_until(lambda: not cache.get(loader.query()).refresh_failed, "the mended answer", PATIENCE)
    assert cache.get(loader.query()).value == 3


def test_an_unknown_value_that_cannot_be_loaded_is_an_error_each_time(cache, loader):
    loader.error = VehicleUnknown(upstream_status=404)
    for _ in range(2):
        with pytest.raises(VehicleUnknown):
            cache.get(loader.query())
    loader.error = None
    assert cache.get(loader.query()).value == 3


def test_an_unexpected_error_becomes_one_of_odoo_and_is_logged_and_counted(cache, loader, caplog):
    counted = metrics.background_failures.labels("refresh")
    before = counted._value.get()
    loader.error = ZeroDivisionError()
    with pytest.raises(OdooError) as raised:
        cache.get(loader.query())
    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    assert counted._value.get() == before + 1
    assert "refreshing vehicle:7:details failed" in caplog.text


def test_an_unexpected_error_still_leaves_the_old_value(cache, loader):
    cache.get(loader.query())
    loader.error = ZeroDivisionError()
    cache.invalidate("vehicle:7:")
    assert cache.get(loader.query()).value == 1


def test_after_an_invalidation_the_next_reader_waits_for_a_new_value(cache, loader):
    cache.get(loader.query())
    cache.invalidate("vehicle:7:")
    assert cache.get(loader.query()).value == 2
    assert cache.get(loader.query()).value == 2


def test_an_invalidation_concerns_only_keys_with_its_prefix(cache, loader):
    other = ControlledLoader("vehicle:70:details")
    cache.get(loader.query())
    cache.get(other.query())
    cache.invalidate("vehicle:7:")
    cache.get(loader.query())
    cache.get(other.query())
    assert (loader.loads, other.loads) == (2, 1)


def test_an_invalidation_during_a_refresh_causes_another_one(cache, loader):
    loader.hold()
    with ThreadPoolExecutor(1) as threads:
        reader = threads.submit(cache.get, loader.query())
        assert loader.begun.wait(PATIENCE)
        cache.invalidate("vehicle:7:")
        loader.release()
        assert reader.result(PATIENCE).value == 2
    assert cache.get(loader.query()).value == 2
    assert loader.loads == 2


def test_an_invalidation_during_a_background_refresh_makes_the_next_reader_wait(cache, loader):
    cache.get(loader.query())
    loader.hold()
    with clock.moved(LATER):
        cache.get(loader.query())
        assert loader.begun.wait(PATIENCE)
        cache.invalidate("vehicle:7:")
        loader.release()
        assert cache.get(loader.query()).value == 3


def test_a_reader_that_needs_a_newer_value_waits_only_when_it_is_older(cache, loader):
    cache.get(loader.query())
    assert cache.get(loader.query(), newer_than=clock.now() - FRESH).value == 1
    with clock.moved(LATER):
        assert cache.get(loader.query(), newer_than=clock.now() - FRESH).value == 2


def test_a_reader_that_needs_a_newer_value_gets_the_old_one_after_a_failure(cache, loader):
    counted = metrics.stale_answers.labels("vehicle")
    before = counted._value.get()
    cache.get(loader.query())
    loader.error = OdooError()
    with clock.moved(LATER):
        reading = cache.get(loader.query(), newer_than=clock.now() - FRESH)
    assert (reading.value, reading.refresh_failed) == (1, True)
    assert counted._value.get() == before + 1


def test_a_reader_that_needs_a_newer_value_repeats_a_failed_attempt(cache, loader):
    cache.get(loader.query())
    loader.error = OdooUnavailable()
    cache.invalidate("vehicle:7:")
    assert cache.get(loader.query()).refresh_failed
    loader.error = None
    assert cache.get(loader.query(), newer_than=clock.now() - FRESH).value == 3


def test_waiting_ends_with_the_deadline_and_the_next_reader_gets_the_value(cache, loader):
    loader.hold()
    with deadline(timedelta(milliseconds=20)), pytest.raises(OdooUnavailable):
        cache.get(loader.query())
    loader.release()
    assert cache.get(loader.query()).value == 1
    assert loader.loads == 1


def test_an_invalid_value_is_served_when_the_new_one_is_not_there_by_the_deadline(cache, loader):
    cache.get(loader.query())
    loader.hold()
    cache.invalidate("vehicle:7:")
    with deadline(timedelta(milliseconds=20)):
        assert cache.get(loader.query()).value == 1
    loader.release()
    wait_until(lambda: cache.get(loader.query()).value == 2, "the new answer", PATIENCE)


def test_after_the_deadline_a_known_value_is_served(cache, loader):
    cache.get(loader.query())
    with deadline(timedelta()):
        assert cache.get(loader.query()).value == 1


def test_a_value_counts_as_fetched_when_its_fetching_began(cache, loader):
    loader.during = lambda: setattr(loader, "asked_by", clock.now())
    before = clock.now()
    reading = cache.get(loader.query())
    assert before <= reading.fetched_at <= loader.asked_by


def test_on_refresh_gets_every_new_value(cache, loader):
    stored = []
    query = loader.query(on_refresh=stored.append)
    first = cache.get(query)
    cache.get(query)
    assert stored == [first]
    cache.invalidate("vehicle:7:")
    second = cache.get(query)
    assert stored == [first, second]


def test_a_failure_in_on_refresh_is_logged_and_the_next_reader_gets_the_value(cache, loader, caplog):
    def fail(_: CachedValue[int]) -> None:
        raise ZeroDivisionError

    with pytest.raises(OdooError):
        cache.get(loader.query(on_refresh=fail))
    assert "ZeroDivisionError" in caplog.text
    assert cache.get(loader.query()).value == 1


def test_a_value_is_valid_unless_it_was_fetched_before_the_invalidation(cache, loader):
    cache.get(loader.query())
    instant = clock.now()
    cache.invalidate("vehicle:7:")
    cache.get(loader.query())
    cache.invalidate("vehicle:7:", before=instant)
    assert cache.get(loader.query()).value == 2


def test_an_invalidation_from_the_future_counts_from_now(cache, loader):
    cache.get(loader.query())
    cache.invalidate("vehicle:7:", before=clock.now() + timedelta(hours=1))
    assert [cache.get(loader.query()).value for _ in range(3)] == [2, 2, 2]


def test_after_very_many_invalidations_a_value_from_before_them_is_still_invalid(cache, loader):
    cache.get(loader.query())
    cache.invalidate("vehicle:7:")
    for number in range(MAX_INVALIDATIONS):
        cache.invalidate(f"free:{number}:")
    assert [cache.get(loader.query()).value for _ in range(2)] == [2, 2]


def test_while_the_last_refresh_failed_an_invalid_value_is_served_without_waiting(cache, loader):
    cache.get(loader.query())
    loader.error = OdooUnavailable()
    cache.invalidate("vehicle:7:")
    assert cache.get(loader.query()).refresh_failed
    loader.hold()
    cache.invalidate("vehicle:7:")
    assert at_once(5, lambda: cache.get(loader.query()).value) == [1] * 5
    loader.release()


def test_while_odoo_is_slow_only_the_first_reader_waits_for_a_valid_value(loader):
    cache = StaleWhileRevalidateCache()
    cache.stale_wait = 0.02
    other = ControlledLoader("vehicle:8:details")
    for each in (loader, other):
        cache.get(each.query())
        each.hold()
    cache.invalidate("vehicle:7:")
    assert cache.get(loader.query()).refresh_failed
    cache.stale_wait = PATIENCE
    cache.invalidate("vehicle:8:")
    assert cache.get(other.query()).refresh_failed, "its kind is known to be slow"
    for each in (loader, other):
        each.release()
    wait_until(lambda: cache.get(other.query()).value == 2, "the refresh that was slow", PATIENCE)
    cache.invalidate("vehicle:8:")
    assert cache.get(other.query()).value == 3, "Odoo is quick again"


def test_reader_who_can_use_no_invalid_value_waits_for_a_slow_one(loader):
    cache = StaleWhileRevalidateCache()
    cache.stale_wait = 0.02
    cache.get(loader.query())
    loader.hold()
    cache.invalidate("vehicle:7:")
    with ThreadPoolExecutor() as reader:
        read = reader.submit(lambda: cache.get_valid(loader.query()))
        assert loader.begun.wait(PATIENCE)
        assert cache.get(loader.query()).value == 1
        loader.release()
        assert read.result(PATIENCE) == 2


def test_reader_who_can_use_no_invalid_value_waits_once_while_odoo_is_away(cache, loader):
    cache.get(loader.query())
    loader.error = OdooUnavailable()
    cache.invalidate("vehicle:7:")
    with pytest.raises(OdooUnavailable):
        cache.get_valid(loader.query())
    loader.hold()
    for _ in range(5):
        with pytest.raises(OdooUnavailable):
            cache.get_valid(loader.query())
    loader.release()
    loader.error = None
    wait_until(lambda: not cache.get(loader.query()).refresh_failed, "Odoo's return", PATIENCE)
    assert cache.get_valid(loader.query()) > 1


def test_a_value_from_the_future_is_refreshed(cache, loader):
    with clock.moved(timedelta(hours=1)):
        cache.get(loader.query())
    assert cache.get(loader.query()).value == 1
    wait_until(lambda: cache.get(loader.query()).value == 2, "the refreshed value", PATIENCE)


def test_a_persisted_value_stays_usable_without_end(cache, loader):
    query = loader.query(persist=PLAIN)
    cache.get(query)
    loader.error = OdooUnavailable()
    with clock.moved(timedelta(days=30)):
        assert [cache.get(query).value for _ in range(2)] == [1, 1]


def test_a_persisted_value_of_yesterday_is_served_only_when_there_is_no_newer_one(cache, loader):
    query = loader.query(persist=PLAIN)
    cache.get(query)
    with clock.moved(MAX_STALE + timedelta(minutes=1)):
        assert cache.get(query).value == 2


def at_once(count, read):
    with ThreadPoolExecutor(count) as threads:
        readers = [threads.submit(read) for _ in range(count)]
        return [reader.result(PATIENCE) for reader in readers]


class ControlledLoader:
    """Loads 1, 2, 3, … in the order of its calls; it can be held and made to fail."""

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
def loader():
    return ControlledLoader("vehicle:7:details")
