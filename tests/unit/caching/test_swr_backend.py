"""What of the last good answers outlives the process."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from lco import clock, metrics
from lco.caching.swr import FOREVER, PLAIN, StaleWhileRevalidateCache
from lco.errors import OdooUnavailable
from tests.serving import wait_until
from tests.unit.caching.sources import LATER, Shelf, Source

PATIENCE = 5.0


def test_the_shelf_keeps_an_answer_over_a_restart(source):
    backend = Shelf()
    StaleWhileRevalidateCache(backend).get(source.query(persist=PLAIN))
    source.error = OdooUnavailable()
    assert StaleWhileRevalidateCache(backend).get(source.query(persist=PLAIN)).value == 1
    assert set(backend.timeouts) == {FOREVER}


def test_50_readers_after_a_restart_all_get_what_lies_on_the_shelf(source):
    backend = Shelf()
    StaleWhileRevalidateCache(backend).get(source.query(persist=PLAIN))
    source.error = OdooUnavailable()
    restarted = StaleWhileRevalidateCache(backend)
    with ThreadPoolExecutor(50) as threads:
        readers = [threads.submit(restarted.get, source.query(persist=PLAIN)) for _ in range(50)]
        assert [reader.result(PATIENCE).value for reader in readers] == [1] * 50


def test_only_what_is_to_be_kept_lies_on_the_shelf(source):
    backend = Shelf()
    StaleWhileRevalidateCache(backend).get(source.query())
    assert backend.content == {}


def test_an_old_answer_from_the_shelf_is_shown_and_refreshed(source):
    backend = Shelf()
    StaleWhileRevalidateCache(backend).get(source.query(persist=PLAIN))
    restarted = StaleWhileRevalidateCache(backend)
    with clock.moved(LATER):
        assert restarted.get(source.query(persist=PLAIN)).value == 1
        wait_until(lambda: restarted.get(source.query(persist=PLAIN)).value == 2, "the refreshed one", PATIENCE)
    assert json.loads(backend.content["vehicle:7:details"])["value"] == 2


def test_with_wait_an_answer_from_the_shelf_is_asked_again_once_however_fresh_it_is(source):
    backend = Shelf()
    StaleWhileRevalidateCache(backend).get(source.query(persist=PLAIN))
    restarted = StaleWhileRevalidateCache(backend)
    assert restarted.get(source.query(persist=PLAIN)).value == 1
    start = clock.now()
    assert [restarted.get(source.query(persist=PLAIN), newer_than=start).value for _ in range(2)] == [2, 2]


def test_something_else_on_the_shelf_is_not_taken_for_an_answer(source):
    backend = Shelf()
    backend.content["vehicle:7:details"] = "an older version wrote this"
    assert StaleWhileRevalidateCache(backend).get(source.query(persist=PLAIN)).value == 1


def test_a_broken_shelf_is_counted_and_does_no_harm(source, caplog):
    counts = [metrics.cache_failures.labels(operation) for operation in ("get", "set")]
    before = [count._value.get() for count in counts]
    assert StaleWhileRevalidateCache(BrokenShelf()).get(source.query(persist=PLAIN)).value == 1
    assert [count._value.get() for count in counts] == [number + 1 for number in before]
    assert "the cache could not be read" in caplog.text
    assert "the cache could not be written" in caplog.text


class BrokenShelf:
    def get(self, key):
        raise OSError("the disk is gone")

    def set(self, key, value, timeout=None):
        raise OSError("the disk is full")


@pytest.fixture
def source():
    return Source()
