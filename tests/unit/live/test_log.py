from datetime import timedelta

import pytest

from lco import clock
from lco.live.log import ChangeId, MemoryLog


def test_ids_grow_even_when_the_clock_stands_still_or_goes_back():
    log = MemoryLog()
    ids = [log.append("vehicle:1", "price.updated").id for _ in range(100)]
    with clock.moved(-timedelta(hours=1)):
        ids.append(log.append("vehicle:1", "price.updated").id)
    assert ids == sorted(set(ids))
    assert log.head() == ids[-1]


def test_an_id_reads_back_what_it_writes():
    change = MemoryLog().append("odoo", "odoo.away")
    assert ChangeId.parse(str(change.id)) == change.id


@pytest.mark.parametrize(
    "text",
    ["", "-", "1", "1-", "-1", "a-b", "1-2-3", "+1-0", "1 -0", "٣-0", "1-٣", "9" * 16 + "-0", "1-" + "9" * 10],
)
def test_what_is_no_id_is_read_as_none(text):
    assert ChangeId.parse(text) is None


def test_since_gives_what_came_after_oldest_first():
    log = MemoryLog()
    start = log.head()
    first, second, third = (log.append(f"vehicle:{n}", "price.updated") for n in range(3))
    assert log.since(start) == [first, second, third]
    assert log.since(first.id) == [second, third]
    assert log.since(third.id) == []


def test_an_id_from_before_the_log_or_after_it_cannot_be_continued():
    log = MemoryLog()
    start = log.head()
    log.append("odoo", "odoo.away")
    assert log.since(ChangeId(start.milliseconds - 1, 0)) is None
    assert log.since(ChangeId(start.milliseconds + 60_000, 0)) is None


def test_a_full_log_forgets_the_oldest_and_knows_that_it_did():
    log = MemoryLog(kept=2)
    start = log.head()
    first, second, third = (log.append(f"vehicle:{n}", "price.updated") for n in range(3))
    assert log.since(start) is None
    assert log.since(first.id) == [second, third]


def test_listeners_hear_every_change_in_order():
    log = MemoryLog()
    heard = []
    log.listen(heard.append, lost=pytest.fail)
    told = [log.append("vehicle:1", "price.updated", {"vehicle_id": n}) for n in range(3)]
    assert heard == told


def test_data_given_away_cannot_be_changed_from_outside():
    data = {"vehicle_id": 1}
    change = MemoryLog().append("vehicle:1", "price.updated", data)
    data["vehicle_id"] = 2
    assert change.data == {"vehicle_id": 1}
