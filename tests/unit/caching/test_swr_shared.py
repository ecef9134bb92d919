"""Several processes on one shelf: each `Freshness` here stands for one of them."""

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest

from lco import clock
from lco.caching.swr import USABLE, Freshness
from lco.errors import OdooAway
from tests.unit.caching.sources import FRESH, LATER, Shelf, Source

PATIENCE = 5.0


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def process(shelf):
    turns = defaultdict(threading.Lock)
    return lambda: Freshness(shelf, turn=lambda key: turns[key])


@pytest.fixture
def source():
    return Source()


@pytest.mark.parametrize("keep", [True, False])
def test_what_one_has_read_serves_all_for_as_long_as_it_is_fresh(process, source, shelf, keep):
    processes = [process() for _ in range(3)]
    assert [one.read(source.question(keep=keep)).value for one in processes] == [1, 1, 1]
    assert shelf.timeouts == [int((USABLE if keep else FRESH).total_seconds())]
    with clock.moved(LATER):
        assert [one.read(source.question(keep=keep), wait=True).value for one in processes] == [2, 2, 2]


def test_many_readers_of_many_processes_cause_one_load(process, source):
    processes = [process() for _ in range(4)]
    with ThreadPoolExecutor(40) as threads:
        readers = [threads.submit(processes[n % 4].read, source.question(keep=True)) for n in range(40)]
        assert {reader.result(PATIENCE).value for reader in readers} == {1}
    assert source.loads == 1


def test_who_borrows_knows_that_it_did(process, source):
    one, other = process(), process()
    told = []
    one.read(source.question(keep=False, stored=told.append))
    other.read(source.question(keep=False, stored=told.append))
    assert [reading.borrowed for reading in told] == [False, True]


def test_what_was_read_before_the_hint_is_not_borrowed(process, source):
    one, other = process(), process()
    assert [each.read(source.question(keep=True)).value for each in (one, other)] == [1, 1]
    one.forget("vehicle:7:")
    assert one.read(source.question(keep=True)).value == 2
    other.forget("vehicle:7:")
    assert other.read(source.question(keep=True)).value == 3


def test_what_was_read_after_the_instant_of_the_hint_is_borrowed(process, source):
    one, other = process(), process()
    assert [each.read(source.question(keep=True)).value for each in (one, other)] == [1, 1]
    instant = clock.now()
    one.forget("vehicle:7:")
    assert one.read(source.question(keep=True)).value == 2
    other.forget("vehicle:7:", instant)
    assert other.read(source.question(keep=True)).value == 2
    assert source.loads == 2


def test_who_has_something_newer_than_the_hint_keeps_it(process, source):
    one, other = process(), process()
    reading = one.read(source.question(keep=True))
    other.read(source.question(keep=True))
    other.forget("vehicle:7:", reading.read_at)
    assert other.read(source.question(keep=True)).value == 1


def test_a_hint_about_something_that_only_lies_on_the_shelf_is_kept_in_mind(process, source):
    one, other = process(), process()
    one.read(source.question(keep=True))
    other.forget("vehicle:7:")
    assert other.read(source.question(keep=True)).value == 2


def test_a_process_does_not_borrow_what_was_read_before_it_began_unless_it_is_kept(process, source):
    process().read(source.question(keep=False))
    assert process().read(source.question(keep=False)).value == 2


def test_in_doubt_only_those_who_wait_have_it_asked_again(process, source):
    one = process()
    one.read(source.question(keep=True))
    one.doubt("vehicle:7:details")
    assert one.read(source.question(keep=True)).value == 1
    assert one.read(source.question(keep=True), wait=True).value == 2


def test_a_reading_is_announced_before_others_can_borrow_it(process, source, shelf):
    on_shelf = []
    process().read(source.question(keep=True, stored=lambda _: on_shelf.extend(shelf.content)))
    assert on_shelf == []
    assert list(shelf.content) == ["vehicle:7:details"]


def test_who_fails_leaves_the_turn_to_the_next(process, source):
    one, other = process(), process()
    source.error = OdooAway()
    with pytest.raises(OdooAway):
        one.read(source.question(keep=True))
    source.error = None
    assert other.read(source.question(keep=True)).value == 2
