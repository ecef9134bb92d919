"""What only a log of several processes does: each `RedisLog` here stands for a process, on one real Redis."""

import signal
import threading
from datetime import timedelta

import pytest

from lco import metrics
from lco.changes.log import ChangeId
from lco.redis_backends.change_log import KEY, LOCAL_ID_START, RedisLog
from lco.redis_backends.client import RedisClient
from tests.redis_server import empty_redis, redis_server, running  # noqa: F401 - a fixture
from tests.serving import wait_until

A_SECOND = timedelta(seconds=1)


class Process:
    """A log, and what its listener has received."""

    def __init__(self, url: str) -> None:
        self.log = RedisLog(RedisClient(url))
        self.received = []
        self.order = []
        self.lost = 0
        self.log.subscribe(self._receive, self._lose)
        self.log.replicate(lambda change: self.order.append(("replicated", change.kind)), lambda: None)

    def _receive(self, change):
        self.received.append(change)
        self.order.append(("received", change.kind))

    def _lose(self):
        self.lost += 1

    def kinds(self):
        return [change.kind for change in self.received]

    def receives(self, kind):
        return wait_until(lambda: next((c for c in self.received if c.kind == kind), None), kind)

    def is_back(self):
        wait_until(lambda: "live.back" in self.kinds(), "the log to come back")


@pytest.fixture
def server(empty_redis):  # noqa: F811 - pytest's way to ask for a fixture
    return empty_redis


@pytest.fixture
def process(server):
    """Makes processes that serve."""
    made = []

    def make(**more):
        one = Process(server.url)
        one.log.start()
        made.append(one)
        return one

    yield make
    for one in made:
        one.log.stop()


def test_entries_of_one_process_reach_all_in_the_same_order(process):
    one, other = process(), process()

    def append(log):
        for number in range(50):
            log.append("vehicle:1", "price.updated", {"number": number})

    writers = [threading.Thread(target=append, args=(p.log,)) for p in (one, other)]
    for writer in writers:
        writer.start()
    wait_until(lambda: len(one.received) == len(other.received) == 100, "both to receive everything")
    assert one.received == other.received
    assert [change.id for change in one.received] == sorted(change.id for change in one.received)


def test_replicas_apply_a_change_with_its_private_data_before_listeners_receive_it(process):
    one, other = process(), process()
    known = []
    other.log.replicate(lambda change: known.append(change.replica), lambda: None)
    one.log.append("vehicle:1", "price.updated", {"vehicle_id": 1}, {"at": "now"})
    assert other.receives("price.updated").data == {"vehicle_id": 1}
    assert other.order == [("replicated", "price.updated"), ("received", "price.updated")]
    assert known == [{"at": "now"}]
    one.receives("price.updated")
    assert one.order == [("received", "price.updated")]


def test_an_id_from_one_process_is_continued_on_another(process):
    one, other = process(), process()
    first = one.log.append("vehicle:1", "price.updated")
    second = one.log.append("vehicle:2", "vehicle.updated")
    other.receives("vehicle.updated")
    assert other.log.since(first.id) == [second]


def test_a_process_that_starts_later_knows_what_the_stream_still_has(process):
    one = process()
    start = one.log.head()
    changes = [one.log.append(f"vehicle:{n}", "price.updated") for n in range(5)]
    late = process()
    assert late.log.since(changes[1].id) == changes[2:]
    assert late.log.since(start) == changes
    new = late.log.append("vehicle:9", "price.updated")
    late.receives("price.updated")
    assert late.log.since(changes[3].id) == [changes[4], new]


def test_trimmed_entries_are_reported_as_a_gap(process, server):
    one = process()
    changes = [one.log.append(f"vehicle:{n}", "price.updated") for n in range(5)]
    server.ask("XTRIM", KEY, "MAXLEN", "=", 2)
    late = process()
    assert late.log.since(changes[1].id) is None
    assert late.log.since(changes[3].id) == changes[4:]


def test_an_id_that_this_process_has_not_received_yet_has_missed_nothing(process, server):
    one = process()
    one.log.append("vehicle:1", "price.updated")
    head = one.receives("price.updated").id
    assert one.log.since(ChangeId(head.milliseconds + 1, 0)) == []


def test_a_cut_connection_loses_no_entry_and_starts_no_local_mode(process, server):
    one, other = process(), process()
    for number in range(5):
        server.ask("CLIENT", "KILL", "TYPE", "normal")
        one.log.append("vehicle:1", "price.updated", {"number": number})
        # Both, since a connection that is cut again before it has read anything counts as a Redis that is away.
        for each in (one, other):
            wait_until(lambda: len(each.received) > number, "the entry")  # noqa: B023 - asked for at once
    assert one.kinds() == other.kinds() == ["price.updated"] * 5
    assert one.lost == other.lost == 0


def test_without_redis_each_process_is_in_local_mode_and_afterwards_all_resync(process, server):
    one, other = process(), process()
    one.log.append("vehicle:1", "price.updated")
    other.receives("price.updated")
    server.kill()
    alone = one.log.append("vehicle:2", "vehicle.removed", {"vehicle_id": 2}, {"at": "then"})
    assert one.kinds()[-2:] == ["live.away", "vehicle.removed"]
    assert not one.log.is_available
    assert one.log.head() == alone.id
    other.receives("live.away")
    server.start()
    one.is_back()
    other.is_back()
    assert (one.lost, other.lost) == (1, 1)
    assert one.log.is_available
    # What was appended alone has reached the other, either by itself or with everything else it now looks at.
    advance_clock = one.log.append("vehicle:3", "maintenance.status")
    for p in (one, other):
        p.receives("maintenance.status")
        ids = [change.id for change in p.received]
        assert ids == sorted(ids)
        assert p.log.head() >= advance_clock.id > alone.id


def test_entries_appended_without_redis_reach_the_others_later(process, server):
    one, other = process(), process()
    one.log._enter_local_mode(ConnectionError("only this process"))
    one.log.append("vehicle:2", "vehicle.removed", {"vehicle_id": 2}, {"at": "then"})
    assert other.receives("vehicle.removed").replica == {"at": "then"}
    one.is_back()
    assert (one.lost, other.lost) == (1, 0)
    assert "live.away" not in other.kinds()
    assert "live.back" not in other.kinds()
    assert one.kinds().count("vehicle.removed") == 1


def test_an_id_given_while_alone_means_something_only_there_and_then(process, server):
    one, other = process(), process()
    server.kill()
    alone = one.log.append("vehicle:2", "price.updated")
    after = one.log.append("vehicle:3", "price.updated")
    assert alone.id.counter >= LOCAL_ID_START
    assert one.log.since(alone.id) == [after]
    assert other.log.since(alone.id) is None
    server.start()
    one.is_back()
    other.is_back()
    assert one.log.since(alone.id) is None
    assert other.log.since(alone.id) is None


def test_a_stream_that_lost_the_change_received_last_is_not_continued(process, server):
    one = process()
    one.log.append("vehicle:1", "price.updated")
    seen = one.receives("price.updated").id
    server.ask("DEL", KEY)
    server.ask("CLIENT", "KILL", "TYPE", "normal")
    one.is_back()
    assert one.lost == 1
    assert one.log.since(seen) is None


def test_a_process_that_starts_without_redis_serves_and_joins_later(process, server):
    server.kill()
    one = process()
    assert not one.log.is_available
    one.log.append("vehicle:1", "price.updated")
    assert "price.updated" in one.kinds()
    server.start()
    one.is_back()
    other = process()
    other.log.append("vehicle:2", "vehicle.updated")
    one.receives("vehicle.updated")


def test_a_redis_that_hangs_is_left_alone_until_it_answers(process, server):
    one = process()
    one.log.append("vehicle:1", "price.updated")
    one.receives("price.updated")
    server.signal(signal.SIGSTOP)
    try:
        one.log.append("vehicle:2", "vehicle.updated")
        assert one.kinds()[-2:] == ["live.away", "vehicle.updated"]
    finally:
        server.signal(signal.SIGCONT)
    one.is_back()


def test_an_entry_that_cannot_be_read_is_passed_over_and_counted(process, server, caplog):
    one = process()
    before = metrics.redis_failures.labels("entry")._value.get()
    server.ask("XADD", KEY, "*", "entry", "{}")
    server.ask("XADD", KEY, "*", "something", "else")
    one.log.append("vehicle:1", "price.updated")
    one.receives("price.updated")
    assert one.kinds() == ["price.updated"]
    assert metrics.redis_failures.labels("entry")._value.get() == before + 2


def test_a_failing_listener_does_not_stop_the_others(process, server, caplog):
    one, other = process(), process()

    def fail(_):
        raise ZeroDivisionError

    other.log.replicate(fail, fail)
    other.log.subscribe(fail)
    other.log.subscribe(other.order.append)
    one.log.append("vehicle:1", "price.updated")
    one.log.append("vehicle:1", "vehicle.updated")
    other.receives("vehicle.updated")
    assert "follower failed" in caplog.text


def test_a_change_found_by_all_processes_is_claimed_by_one(process, server):
    one, other = process(), process()
    assert [p.log.claim("step:7") for p in (one, other, one)].count(True) == 1
    server.kill()
    assert other.log.claim("step:8")


def test_an_entry_that_arrives_while_the_process_goes_on_alone_comes_too_late(process, server):
    one, other = process(), process()
    other.log.replicate(lambda _: other.log._enter_local_mode(ConnectionError("just now")), lambda: None)
    one.log.append("vehicle:1", "price.updated")
    other.is_back()
    assert "price.updated" not in other.kinds()  # it gets the present state of everything
    assert other.lost == 1
    assert [change.id for change in other.received] == sorted(change.id for change in other.received)


def test_a_gap_in_the_stream_is_not_passed_over_in_silence(process, server):
    one = process()
    changes = [one.log.append(f"vehicle:{n}", "price.updated") for n in range(5)]
    late = process()
    server.ask("XDEL", KEY, str(changes[4].id))
    assert late.log.since(changes[1].id) is None
