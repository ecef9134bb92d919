"""One contract for both change logs: the one in memory, and the one in a real Redis."""

from datetime import timedelta

import pytest

from lco import clock
from lco.changes.log import ChangeId, MemoryLog
from lco.redis_backends.change_log import RedisLog
from lco.redis_backends.client import RedisClient
from tests.redis_server import redis_server  # noqa: F401 - a fixture
from tests.serving import wait_until


@pytest.fixture(params=["memory", "redis"])
def make_log(request):
    """Makes logs; those in Redis are of one site, as its processes have them."""
    if request.param == "memory":
        yield MemoryLog
        return
    server = request.getfixturevalue("redis_server")
    server.ask("FLUSHALL")
    made = []

    def make(**more) -> RedisLog:
        log = RedisLog(RedisClient(server.url), **more)
        log.start()
        made.append(log)
        return log

    yield make
    for log in made:
        log.stop()


@pytest.fixture
def log(make_log):
    return make_log()


def appended(log, *entries):
    """The changes, once the log has received them itself."""
    changes = [log.append(*entry) for entry in entries]
    wait_until(lambda: log.head() == changes[-1].id, "the log to receive its own entries")
    return changes


def prices(count):
    return [(f"vehicle:{n}", "price.updated", {"vehicle_id": n}) for n in range(count)]


def test_ids_grow_even_when_the_clock_stands_still_or_goes_back(log):
    ids = [change.id for change in appended(log, *prices(100))]
    with clock.moved(-timedelta(hours=1)):
        ids += [change.id for change in appended(log, *prices(1))]
    assert ids == sorted(set(ids))
    assert log.head() == ids[-1]


def test_an_id_is_read_back_as_written(log):
    change = log.append("odoo", "odoo.away")
    assert ChangeId.parse(str(change.id)) == change.id


def test_since_returns_later_changes_oldest_first(log):
    start = log.head()
    first, second, third = appended(log, *prices(3))
    assert log.since(start) == [first, second, third]
    assert log.since(first.id) == [second, third]
    assert log.since(third.id) == []


def test_an_id_from_before_the_log_or_long_after_it_cannot_be_continued(log):
    start = log.head()
    appended(log, ("odoo", "odoo.away"))
    assert log.since(ChangeId(start.milliseconds - 1, 0)) is None
    assert log.since(ChangeId(start.milliseconds + 60_000, 0)) is None


def test_a_full_log_forgets_the_oldest_and_knows_that_it_did(make_log):
    log = make_log(kept=2)
    start = log.head()
    first, second, third = appended(log, *prices(3))
    assert log.since(start) is None
    assert log.since(first.id) == [second, third]


def test_listeners_receive_every_change_in_order(log):
    received = []
    log.subscribe(received.append)
    changes = appended(log, *prices(50))
    assert received == changes


def test_data_of_a_change_cannot_be_modified_by_the_caller(log):
    data = {"vehicle_id": 1}
    change = log.append("vehicle:1", "price.updated", data)
    data["vehicle_id"] = 2
    assert change.data == {"vehicle_id": 1}


def test_an_untouched_log_is_available_and_grants_claims(log):
    assert log.is_available
    assert log.claim("step:1")


def test_a_follower_gets_no_entries_of_its_own_process(log):
    followed, lost = [], []
    log.replicate(followed.append, lambda: lost.append(True))
    appended(log, *prices(3))
    assert followed == lost == []
