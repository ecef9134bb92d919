"""Values that persist after the process."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from lco import clock, metrics
from lco.caching.swr import FOREVER, PLAIN, StaleWhileRevalidateCache
from lco.errors import OdooUnavailable
from tests.serving import PATIENCE, wait_until
from tests.unit.caching.sources import LATER, CountingLoader, MemoryBackend


def test_the_backend_keeps_a_value_over_a_restart(loader):
    backend = MemoryBackend()
    StaleWhileRevalidateCache(backend).get(loader.query(persist=PLAIN))
    loader.error = OdooUnavailable()
    assert StaleWhileRevalidateCache(backend).get(loader.query(persist=PLAIN)).value == 1
    assert set(backend.timeouts) == {FOREVER}


def test_50_readers_after_a_restart_all_get_the_stored_value(loader):
    backend = MemoryBackend()
    StaleWhileRevalidateCache(backend).get(loader.query(persist=PLAIN))
    loader.error = OdooUnavailable()
    restarted = StaleWhileRevalidateCache(backend)
    with ThreadPoolExecutor(50) as threads:
        readers = [threads.submit(restarted.get, loader.query(persist=PLAIN)) for _ in range(50)]
        assert [reader.result(PATIENCE).value for reader in readers] == [1] * 50


def test_only_persisted_values_are_stored(loader):
    backend = MemoryBackend()
    StaleWhileRevalidateCache(backend).get(loader.query())
    assert backend.content == {}


def test_an_old_stored_value_is_served_and_refreshed(loader):
    backend = MemoryBackend()
    StaleWhileRevalidateCache(backend).get(loader.query(persist=PLAIN))
    restarted = StaleWhileRevalidateCache(backend)
    with clock.moved(LATER):
        assert restarted.get(loader.query(persist=PLAIN)).value == 1
        wait_until(lambda: restarted.get(loader.query(persist=PLAIN)).value == 2, "the refreshed one", PATIENCE)
    assert json.loads(backend.content["vehicle:7:details"])["value"] == 2


def test_a_stored_value_is_fetched_again_once_for_a_reader_that_needs_a_newer_one(loader):
    backend = MemoryBackend()
    StaleWhileRevalidateCache(backend).get(loader.query(persist=PLAIN))
    restarted = StaleWhileRevalidateCache(backend)
    assert restarted.get(loader.query(persist=PLAIN)).value == 1
    start = clock.now()
    assert [restarted.get(loader.query(persist=PLAIN), newer_than=start).value for _ in range(2)] == [2, 2]


def test_a_stored_value_of_another_form_is_ignored(loader):
    backend = MemoryBackend()
    backend.content["vehicle:7:details"] = "an older version wrote this"
    assert StaleWhileRevalidateCache(backend).get(loader.query(persist=PLAIN)).value == 1


def test_a_broken_backend_is_counted_and_does_no_harm(loader, caplog):
    counts = [metrics.cache_failures.labels(operation) for operation in ("get", "set")]
    before = [count._value.get() for count in counts]
    assert StaleWhileRevalidateCache(BrokenBackend()).get(loader.query(persist=PLAIN)).value == 1
    assert [count._value.get() for count in counts] == [number + 1 for number in before]
    assert "the cache could not be read" in caplog.text
    assert "the cache could not be written" in caplog.text


class BrokenBackend:
    def get(self, key):
        raise OSError("the disk is gone")

    def set(self, key, value, timeout=None):
        raise OSError("the disk is full")


@pytest.fixture
def loader():
    return CountingLoader()
