from lco import metrics
from lco.catalogue.removed import Removed


def test_ids_are_remembered_and_forgotten_again():
    removed = Removed()
    removed.add(7)
    removed.add(8)
    removed.discard(8)
    assert 7 in removed
    assert 8 not in removed


def test_they_outlast_a_restart_for_ever(shelf):
    Removed(shelf).add(7)
    assert 7 in Removed(shelf)
    assert set(shelf.timeouts.values()) == {0}


def test_something_else_on_the_shelf_is_not_taken_for_ids(shelf):
    shelf.content["removed"] = [7]
    assert 7 not in Removed(shelf)


def test_what_changes_nothing_is_not_written(shelf):
    Removed(shelf).discard(7)
    assert shelf.content == {}


def test_a_broken_shelf_is_counted_and_does_no_harm(shelf, caplog):
    counts = [metrics.cache_failures.labels(operation) for operation in ("get", "set")]
    before = [count._value.get() for count in counts]
    shelf.broken = True
    removed = Removed(shelf)
    removed.add(7)
    assert 7 in removed
    assert [count._value.get() for count in counts] == [number + 1 for number in before]
    assert "the cache could not be written" in caplog.text
