from lco import metrics
from lco.catalogue.removed import RemovedVehicles


def test_ids_are_remembered_and_forgotten_again():
    removed = RemovedVehicles()
    removed.add(7)
    removed.add(8)
    removed.discard(8)
    assert 7 in removed
    assert 8 not in removed


def test_they_outlast_a_restart_for_ever(backend):
    RemovedVehicles(backend).add(7)
    assert 7 in RemovedVehicles(backend)
    assert set(backend.timeouts.values()) == {0}


def test_another_value_in_the_backend_is_not_taken_for_ids(backend):
    backend.content["removed"] = [7]
    assert 7 not in RemovedVehicles(backend)


def test_an_unchanged_set_is_not_written(backend):
    RemovedVehicles(backend).discard(7)
    assert backend.content == {}


def test_a_broken_backend_is_counted_and_does_no_harm(backend, caplog):
    counts = [metrics.cache_failures.labels(operation) for operation in ("get", "set")]
    before = [count._value.get() for count in counts]
    backend.broken = True
    removed = RemovedVehicles(backend)
    removed.add(7)
    assert 7 in removed
    assert [count._value.get() for count in counts] == [number + 1 for number in before]
    assert "the cache could not be written" in caplog.text
