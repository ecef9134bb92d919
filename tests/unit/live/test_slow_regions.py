"""Slow regions: rendered beside the others, each once at a time, and sent where they are pending."""

from datetime import timedelta

from lco.changes.log import ChangeId
from lco.live import rendering
from lco.live.rendering import LAST_RETRY, WORKERS, WORKERS_FOR_ONE
from lco.odoo.budget import CallBudget, Payer
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


def test_while_a_slow_region_is_pending_messages_have_no_id(hub, changes, region, connection):
    slow = region("calendar:1", "vehicle:1", slow=True)
    page = shown(hub, changes, connection(), region("card:1"), region("card:2"), slow)
    before = changes.head()
    rented(changes)
    assert "id" not in page.next()
    rented(changes, 2)
    assert "id" not in page.next()
    # The client loses its stream now: it has seen less than what is pending, so it gets that.
    again = connection()
    hub.subscribe_page(again, [region("card:1"), region("card:2"), slow], before, resumed=True)
    again.next()
    slow.let.release(2)
    pending = again.next()
    while "id" not in pending:
        pending = again.next()
    assert "calendar:1" in pending["data"]
    assert pending["id"] == str(changes.head())


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


def test_a_page_that_comes_during_a_rendering_gets_nothing_older_than_itself(hub, changes, region, connection):
    slow, card = region("calendar:1", "vehicle:1", slow=True), region("card:2")
    leaves = shown(hub, changes, connection(), slow)
    rented(changes)
    assert slow.begun.acquire(timeout=5)
    changes.append("vehicle:1", "vehicle.corrected")  # which the rendering under way has missed
    hub.unsubscribe(leaves)
    comes = shown(hub, changes, connection(), slow, card)
    slow.let.release(5)
    wait_until(lambda: hub._slow.is_idle, "all renderings to end")
    rented(changes, 2)
    assert "calendar" not in comes.next()["data"]


def test_a_region_that_fails_twice_comes_later_with_the_id(hub, changes, region, connection, advance_clock):
    for slow in (True, False):
        broken = region(f"booking:{slow}", f"booking:{slow}", slow=slow, broken=True)
        broken.let.release(10)
        page = shown(hub, changes, connection(), broken, region("card:1"))
        change = changes.append(f"booking:{slow}", "booking.confirmed", {})
        wait_until(lambda: broken.renderings == 1, "the first failure")  # noqa: B023 - called at once
        advance_clock(timedelta(seconds=1))
        rented(changes)
        wait_until(lambda: broken.renderings >= 2, "the second failure")  # noqa: B023
        broken.broken = False
        advance_clock(LAST_RETRY)
        rented(changes)
        messages = [page.next()]
        while 'id="booking-' not in messages[-1].get("data", ""):
            messages.append(page.next())
        assert not any("id" in message for message in messages[:-1])
        last = messages[-1].get("id") or page.next()["id"]
        assert ChangeId.parse(last) > change.id


def test_a_region_of_old_data_is_sent_and_rendered_again_until_its_data_is_new(
    hub, changes, region, connection, advance_clock
):
    slow = region("quote:1", "vehicle:1", slow=True, stale=True)
    slow.let.release(10)
    page = shown(hub, changes, connection(), slow, region("card:2"))
    change = rented(changes)
    assert "id" not in page.next(), "the message of the change itself"
    first = page.next()
    assert "quote:1 1" in first["data"]
    assert "id" not in first
    slow.stale = False
    advance_clock(LAST_RETRY)
    rented(changes, 2)
    messages = [page.next()]
    while "quote:1 2" not in messages[-1]["data"]:
        messages.append(page.next())
    assert ChangeId.parse(messages[-1].get("id") or page.next()["id"]) >= change.id


def test_regions_that_no_page_shows_any_more_are_not_rendered(hub, changes, region, connection):
    first = [region(f"calendar:{n}", f"vehicle:{n}", slow=True) for n in range(WORKERS)]
    left = [region(f"quote:{n}", f"vehicle:{n}", slow=True) for n in range(100)]
    hub.subscribe_page(connection(), first, None)
    for busy in first:
        assert busy.begun.acquire(timeout=5)
    leaves = connection()
    hub.subscribe_page(leaves, [*left, region("card:1")], None)
    leaves.next()
    hub.unsubscribe(leaves)
    honest = region("calendar:honest", "vehicle:7", slow=True)
    honest.let.release()
    page = connection()
    hub.subscribe_page(page, [honest, region("card:1")], None)
    page.next()
    for busy in first:
        busy.let.release()
    assert "calendar:honest" in page.next()["data"]
    assert not any(each.renderings for each in left)


def test_more_regions_than_may_wait_are_rendered_later(
    hub, changes, region, connection, monkeypatch, advance_clock
):
    monkeypatch.setattr(rendering, "MAX_WAITING", 3)
    regions = [region(f"calendar:{n}", f"vehicle:{n}", slow=True) for n in range(WORKERS + 10)]
    for each in regions:
        each.let.release()
    page = connection()
    hub.subscribe_page(page, regions, None)
    missing = {each.name for each in regions}
    while missing:
        data = page.next().get("data", "")
        missing = {name for name in missing if f"{name} " not in data}
        advance_clock(LAST_RETRY)
        rented(changes, 1000)


def test_calls_for_a_region_are_charged_to_a_client_with_budget(hub, changes, region, connection):
    budget = CallBudget()
    for _ in range(200):
        budget.spend("greedy")
    slow = region("calendar:1", "vehicle:1", slow=True)
    slow.let.release(10)
    for client in ("greedy", "honest"):
        page = connection()
        hub.subscribe_page(page, [slow], changes.head(), payer=Payer(budget, client))
        page.next()
    rented(changes)
    wait_until(lambda: slow.payers, "the region to be rendered")
    assert [payer.client for payer in slow.payers] == ["honest"]


def test_a_client_with_many_regions_does_not_delay_another(hub, changes, region, connection):
    budget = CallBudget()
    costly = [region(f"calendar:{number}", "vehicle:1", slow=True) for number in range(1, 9)]
    hub.subscribe_page(connection(), costly, None, payer=Payer(budget, "greedy"))
    wait_until(lambda: sum(one.renderings for one in costly) == WORKERS_FOR_ONE, "the first regions")
    wanted = region("quote:9", "vehicle:9", slow=True)
    wanted.let.release(1)
    page = connection()
    hub.subscribe_page(page, [wanted], None, payer=Payer(budget, "honest"))
    while "quote:9" not in page.next().get("data", ""):
        pass
    assert sum(one.renderings for one in costly) == WORKERS_FOR_ONE
    for one in costly:
        one.let.release(1)
    wait_until(lambda: all(one.renderings for one in costly), "the others, one after the other")
