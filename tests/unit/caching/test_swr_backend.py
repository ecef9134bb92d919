"""What of the last good answers outlives the process."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from lco import clock, metrics
from lco.caching.swr import USABLE, Freshness
from lco.errors import OdooAway
from tests.serving import wait_until
from tests.unit.caching.sources import LATER, Shelf, Source

PATIENCE = 5.0


def test_the_shelf_keeps_an_answer_over_a_restart(source):
    shelf = Shelf()
    Freshness(shelf).read(source.question(keep=True))
    source.error = OdooAway()
    assert Freshness(shelf).read(source.question(keep=True)).value == 1
    assert set(shelf.timeouts) == {int(USABLE.total_seconds())}


def test_50_readers_after_a_restart_all_get_what_lies_on_the_shelf(source):
    shelf = Shelf()
    Freshness(shelf).read(source.question(keep=True))
    source.error = OdooAway()
    restarted = Freshness(shelf)
    with ThreadPoolExecutor(50) as threads:
        readers = [threads.submit(restarted.read, source.question(keep=True)) for _ in range(50)]
        assert [reader.result(PATIENCE).value for reader in readers] == [1] * 50


def test_only_what_is_to_be_kept_lies_on_the_shelf(source):
    shelf = Shelf()
    Freshness(shelf).read(source.question())
    assert shelf.content == {}


def test_an_old_answer_from_the_shelf_is_shown_and_refreshed(source):
    shelf = Shelf()
    Freshness(shelf).read(source.question(keep=True))
    restarted = Freshness(shelf)
    with clock.moved(LATER):
        assert restarted.read(source.question(keep=True)).value == 1
        wait_until(lambda: restarted.read(source.question(keep=True)).value == 2, "the refreshed one", PATIENCE)
    assert shelf.content["vehicle:7:details"].value == 2


def test_with_wait_an_answer_from_the_shelf_is_asked_again_once_however_fresh_it_is(source):
    shelf = Shelf()
    Freshness(shelf).read(source.question(keep=True))
    restarted = Freshness(shelf)
    assert restarted.read(source.question(keep=True)).value == 1
    assert [restarted.read(source.question(keep=True), wait=True).value for _ in range(2)] == [2, 2]


def test_something_else_on_the_shelf_is_not_taken_for_an_answer(source):
    shelf = Shelf()
    shelf.content["vehicle:7:details"] = "an older version wrote this"
    assert Freshness(shelf).read(source.question(keep=True)).value == 1


def test_a_broken_shelf_is_counted_and_does_no_harm(source, caplog):
    counts = [metrics.cache_failures.labels(operation) for operation in ("get", "set")]
    before = [count._value.get() for count in counts]
    assert Freshness(BrokenShelf()).read(source.question(keep=True)).value == 1
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
