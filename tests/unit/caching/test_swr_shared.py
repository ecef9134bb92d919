"""Several processes with one backend: each `StaleWhileRevalidateCache` here stands for one of them."""

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest

from lco import clock
from lco.caching.swr import PLAIN, StaleWhileRevalidateCache
from lco.errors import OdooUnavailable
from tests.serving import PATIENCE
from tests.unit.caching.sources import FRESH, LATER, CountingLoader, MemoryBackend


@pytest.fixture
def backend():
    return MemoryBackend()


@pytest.fixture
def process(backend):
    mutexes = defaultdict(threading.Lock)
    return lambda: StaleWhileRevalidateCache(backend, mutex=lambda key: mutexes[key])


@pytest.fixture
def loader():
    return CountingLoader()


@pytest.mark.parametrize("keep", [PLAIN, None])
def test_a_value_that_one_process_fetched_serves_all_while_it_is_fresh(process, loader, backend, keep):
    processes = [process() for _ in range(3)]
    assert [one.get(loader.query(persist=keep)).value for one in processes] == [1, 1, 1]
    assert backend.timeouts == [0 if keep else int(FRESH.total_seconds())]
    with clock.moved(LATER):
        assert [
            one.get(loader.query(persist=keep), newer_than=clock.now() - FRESH).value for one in processes
        ] == [2, 2, 2]


def test_many_readers_of_many_processes_cause_one_load(process, loader):
    processes = [process() for _ in range(4)]
    with ThreadPoolExecutor(40) as threads:
        readers = [threads.submit(processes[n % 4].get, loader.query(persist=PLAIN)) for n in range(40)]
        assert {reader.result(PATIENCE).value for reader in readers} == {1}
    assert loader.loads == 1


def test_a_value_of_another_process_is_marked(process, loader):
    one, other = process(), process()
    readings = []
    one.get(loader.query(persist=None, on_refresh=readings.append))
    other.get(loader.query(persist=None, on_refresh=readings.append))
    assert [reading.from_peer for reading in readings] == [False, True]


def test_a_value_from_before_the_invalidation_is_not_taken_from_a_peer(process, loader):
    one, other = process(), process()
    assert [each.get(loader.query(persist=PLAIN)).value for each in (one, other)] == [1, 1]
    one.invalidate("vehicle:7:")
    assert one.get(loader.query(persist=PLAIN)).value == 2
    other.invalidate("vehicle:7:")
    assert other.get(loader.query(persist=PLAIN)).value == 3


def test_a_value_from_after_the_invalidation_is_taken_from_a_peer(process, loader):
    one, other = process(), process()
    assert [each.get(loader.query(persist=PLAIN)).value for each in (one, other)] == [1, 1]
    instant = clock.now()
    one.invalidate("vehicle:7:")
    assert one.get(loader.query(persist=PLAIN)).value == 2
    other.invalidate("vehicle:7:", instant)
    assert other.get(loader.query(persist=PLAIN)).value == 2
    assert loader.loads == 2


def test_a_value_newer_than_the_invalidation_stays(process, loader):
    one, other = process(), process()
    reading = one.get(loader.query(persist=PLAIN))
    other.get(loader.query(persist=PLAIN))
    other.invalidate("vehicle:7:", reading.fetched_at)
    assert other.get(loader.query(persist=PLAIN)).value == 1


def test_an_invalidation_counts_for_a_value_that_only_the_backend_has(process, loader):
    one, other = process(), process()
    one.get(loader.query(persist=PLAIN))
    other.invalidate("vehicle:7:")
    assert other.get(loader.query(persist=PLAIN)).value == 2


def test_a_value_from_before_the_start_is_not_taken_from_a_peer(process, loader):
    process().get(loader.query(persist=None))
    assert process().get(loader.query(persist=None)).value == 2


def test_a_fresh_value_is_fetched_again_for_a_reader_that_needs_a_newer_one(process, loader):
    one = process()
    one.get(loader.query(persist=PLAIN))
    assert one.get(loader.query(persist=PLAIN)).value == 1
    assert one.get(loader.query(persist=PLAIN), newer_than=clock.now()).value == 2


def test_on_refresh_runs_before_peers_can_see_the_value(process, loader, backend):
    disk_cache = []
    process().get(loader.query(persist=PLAIN, on_refresh=lambda _: disk_cache.extend(backend.content)))
    assert disk_cache == []
    assert list(backend.content) == ["vehicle:7:details"]


def test_a_process_that_fails_leaves_the_lock_to_the_next(process, loader):
    one, other = process(), process()
    loader.error = OdooUnavailable()
    with pytest.raises(OdooUnavailable):
        one.get(loader.query(persist=PLAIN))
    loader.error = None
    assert other.get(loader.query(persist=PLAIN)).value == 2
