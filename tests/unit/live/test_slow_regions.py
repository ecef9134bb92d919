"""Regions that take time: rendered beside the others, once at a time, and sent to those who are owed them."""

from tests.serving import wait_until
from tests.unit.live.conftest import rented, shown


def test_a_slow_region_delays_no_other(hub, changes, region, connection):
    slow = region("calendar:1", "vehicle:1", slow=True)
    page = shown(hub, changes, connection(), region("card:1"), slow)
    change = rented(changes)
    assert slow.begun.acquire(timeout=5)
    at_once = page.next()
    assert "card:1" in at_once["data"]
    slow.let.release()
    advance_clock = page.next()
    assert "calendar:1" in advance_clock["data"]
    assert advance_clock["id"] == str(change.id)


def test_while_a_slow_region_is_owed_no_id_promises_it(hub, changes, region, connection):
    slow = region("calendar:1", "vehicle:1", slow=True)
    page = shown(hub, changes, connection(), region("card:1"), region("card:2"), slow)
    before = changes.head()
    rented(changes)
    assert "id" not in page.next()
    rented(changes, 2)
    assert "id" not in page.next()
    # The client loses its stream now: what it knows is older than what it is owed, so it gets that.
    again = connection()
    hub.subscribe_page(again, [region("card:1"), region("card:2"), slow], before, resumed=True)
    again.next()
    slow.let.release(2)
    owed = again.next()
    while "id" not in owed:
        owed = again.next()
    assert "calendar:1" in owed["data"]
    assert owed["id"] == str(changes.head())


def test_a_slow_region_that_changes_while_it_is_rendered_is_rendered_once_more(hub, changes, region, connection):
    slow = region("calendar:1", "vehicle:1", slow=True)
    page = shown(hub, changes, connection(), slow)
    rented(changes)
    assert slow.begun.acquire(timeout=5)
    page.next()
    for _ in range(5):
        last = rented(changes)
    slow.let.release(10)
    messages = [page.next()]
    while messages[-1].get("id") != str(last.id):
        messages.append(page.next())
    # Five changes came while it was being rendered, and they did not each cost a rendering.
    assert f"calendar:1 {slow.renderings}" in messages[-1]["data"]
    assert 2 <= slow.renderings < 6


def test_who_comes_while_a_slow_region_is_rendered_for_others_gets_nothing_older_than_the_page(
    hub, changes, region, connection
):
    slow, card = region("calendar:1", "vehicle:1", slow=True), region("card:2")
    leaves = shown(hub, changes, connection(), slow)
    rented(changes)
    assert slow.begun.acquire(timeout=5)
    changes.append("vehicle:1", "vehicle.corrected")  # which the rendering under way has missed
    hub.unsubscribe(leaves)
    comes = shown(hub, changes, connection(), slow, card)
    slow.let.release(5)
    wait_until(lambda: not hub._slow._under_way, "all renderings to end")
    rented(changes, 2)
    assert "calendar" not in comes.next()["data"]


def test_a_broken_slow_region_is_not_owed_for_ever(hub, changes, region, connection):
    slow = region("calendar:1", "vehicle:1", slow=True, broken=True)
    page = shown(hub, changes, connection(), slow)
    change = rented(changes)
    slow.let.release()
    messages = [page.next(), page.next()]
    assert [message.get("id") for message in messages] == [None, str(change.id)]
    assert 'hx-partial id="calendar' not in str(messages)
