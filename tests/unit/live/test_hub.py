import contextlib
import logging
import threading
from datetime import timedelta

import pytest

from lco import clock, metrics
from lco.changes.log import ChangeId, MemoryLog
from lco.live.announcements import CAUGHT_UP
from lco.live.hub import Hub
from lco.live.send_buffer import WRITE_BATCH
from tests.unit.live.conftest import rented, shown


def test_a_change_reaches_the_pages_that_show_it_and_no_other(hub, changes, region, connection):
    one, other = (
        shown(hub, changes, connection(), region("card:1")),
        shown(hub, changes, connection(), region("card:2")),
    )
    change = rented(changes)
    message = one.next()
    assert message["id"] == str(change.id)
    assert '<hx-partial id="card-1" hx-swap="outerMorph"><p>card:1 1</p></hx-partial>' in message["data"]
    assert "Saw: now rented out" in message["data"]
    rented(changes, 2)
    assert "card:2" in other.next()["data"]
    assert one.gets_nothing()


def test_a_region_is_rendered_once_however_many_pages_show_it(hub, changes, region, connection):
    card = region("card:1")
    pages = [shown(hub, changes, connection(), card) for _ in range(50)]
    rented(changes)
    assert len({page.next()["data"] for page in pages}) == 1
    assert card.renderings == 1


def test_a_burst_is_merged_into_fewer_renderings(hub, changes, region, connection):
    slow, card = region("calendar:1", "vehicle:1", slow=True), region("card:1")
    page = shown(hub, changes, connection(), card, slow)
    last = [rented(changes) for _ in range(500)][-1]
    slow.let.release(500)
    seen = [page.next()]
    while seen[-1].get("id") != str(last.id):
        seen.append(page.next())
    assert card.renderings <= len(seen)
    assert "card:1" in "".join(message.get("data", "") for message in seen)


def test_changes_between_page_and_stream_are_sent_first(hub, changes, region, connection):
    rendered_at = changes.head()
    rented(changes)
    page = connection()
    hub.subscribe_page(page, [region("card:1"), region("card:2")], rendered_at)
    message = page.next()
    assert "card:1" in message["data"]
    assert "card:2" not in message["data"]
    assert message["id"] == str(changes.head())


@pytest.mark.parametrize("seen", [None, ChangeId(1, 0)])
def test_without_a_usable_id_every_region_is_sent(hub, changes, region, connection, seen):
    rented(changes)
    page = connection()
    hub.subscribe_page(page, [region("card:1"), region("card:2"), region("odoo")], seen)
    message = page.next()
    assert message["data"].count("hx-partial id=") == 3
    assert message["id"] == str(changes.head())


def test_after_a_break_one_announcement_states_that_the_page_is_up_to_date(hub, changes, region, connection):
    seen = changes.head()
    rented(changes)
    rented(changes)
    page = connection()
    hub.subscribe_page(page, [region("card:1")], seen, resumed=True)
    data = page.next()["data"]
    assert data.count('id="announcement"') == 1
    assert CAUGHT_UP in data


def test_after_a_break_in_which_nothing_happened_nothing_is_said(hub, changes, region, connection):
    page = connection()
    hub.subscribe_page(page, [region("card:1")], changes.head(), resumed=True)
    assert page.next() == {"id": str(changes.head())}


def test_ids_sent_to_a_page_never_go_back(hub, changes, region, connection):
    slow = region("calendar:1", "vehicle:1", slow=True)
    page = shown(hub, changes, connection(), region("card:1"), region("card:2"), slow)
    slow.let.release(100)
    for number in range(100):
        last = rented(changes, 1 + number % 2)
    ids = []
    while not ids or ids[-1] != last.id:
        if text := page.next().get("id"):
            ids.append(ChangeId.parse(text))
    assert ids == sorted(ids)


def test_a_broken_region_is_counted_and_the_others_still_come(hub, changes, region, connection, caplog):
    before = metrics.region_failures._value.get()
    page = shown(hub, changes, connection(), region("card:1"), region("rates:1", "vehicle:1", broken=True))
    with caplog.at_level(logging.CRITICAL):
        rented(changes)
        message = page.next()
    assert "card:1" in message["data"]
    assert "rates" not in message["data"]
    assert "id" not in message, "the page has to get the broken one when it comes back"
    assert metrics.region_failures._value.get() == before + 1


def test_a_client_that_does_not_keep_up_is_let_go_and_counted(hub, changes, region, connection):
    before = metrics.stream_overflows._value.get()
    slow_reader, reader = (
        shown(hub, changes, connection(), region("card:1")),
        shown(hub, changes, connection(), region("card:1")),
    )
    slow_reader.full = True
    rented(changes)
    assert "card:1" in reader.next()["data"]
    assert slow_reader.ended.wait(5)
    slow_reader.full = False
    rented(changes)
    assert "card:1" in reader.next()["data"]
    assert slow_reader.gets_nothing()
    assert metrics.stream_overflows._value.get() == before + 1


def test_a_closed_subscription_gets_nothing_more(hub, changes, region, connection):
    gone, stays = (
        shown(hub, changes, connection(), region("card:1")),
        shown(hub, changes, connection(), region("card:1")),
    )
    hub.unsubscribe(gone)
    hub.unsubscribe(gone)
    rented(changes)
    assert "card:1" in stays.next()["data"]
    assert gone.gets_nothing()


def test_closing_ends_all_streams_and_those_that_come_later(hub, changes, region, connection):
    page, api_client, late = connection(), connection(), connection()
    shown(hub, changes, page, region("card:1"))
    hub.subscribe_feed(api_client, changes.head())
    hub.close()
    assert page.ended.wait(5)
    assert api_client.ended.wait(5)
    hub.subscribe_page(late, [region("card:1")], None)
    assert late.ended.wait(5)
    assert all(b"event: closing\nretry: " in client.last for client in (page, api_client, late))


def test_a_failure_of_the_hub_itself_sends_every_client_back_for_a_fresh_start(
    hub, changes, region, connection, caplog
):
    page = shown(hub, changes, connection(), region("card:1"))
    page.send = None  # a sink that cannot even be called
    with caplog.at_level(logging.CRITICAL):
        rented(changes)
        assert page.ended.wait(5)
    after = shown(hub, changes, connection(), region("card:1"))
    rented(changes)
    assert "card:1" in after.next()["data"]


def test_after_a_gap_all_pages_get_the_present_state(lossy, region, connection):
    hub, changes = lossy
    page, api_client = shown(hub, changes, connection(), region("card:1"), region("odoo")), connection()
    hub.subscribe_feed(api_client, changes.head())
    changes.lose()
    message = page.next()
    assert message["data"].count("hx-partial id=") == 3
    assert CAUGHT_UP in message["data"]
    assert '"type":"resync"' in api_client.next()["data"]


def test_a_page_of_a_process_ahead_misses_nothing(region, connection):
    class Behind(MemoryLog):
        """The log in a process that has not read to its end yet."""

        def since(self, seen):
            return [] if seen > self.head() else super().since(seen)

    changes = Behind()
    hub = Hub(contextlib.nullcontext, changes)
    page, ahead = connection(), ChangeId(changes.head().milliseconds + 60_000, 0)
    hub.subscribe_page(page, [region("card:1")], ahead, resumed=True)
    assert page.next() == {"id": str(ahead)}
    rented(changes)  # which the page has from elsewhere
    with clock.moved(timedelta(seconds=90)):
        change = rented(changes)
    assert page.next()["id"] == str(change.id)
    hub.close()


def test_many_pages_are_sent_a_change_in_batches_and_completely(hub, changes, region, connection):
    card = region("card:1")
    crowd = [connection() for _ in range(2 * WRITE_BATCH + 1)]
    for client in crowd:
        hub.subscribe_page(client, [card], changes.head())
    assert all(client.next() == {"id": str(changes.head())} for client in crowd)
    rented(changes)
    assert all("card:1" in page.next()["data"] for page in crowd)
    assert card.renderings == 1


def test_changes_while_many_pages_catch_up_reach_all_of_them(hub, changes, region, connection):
    card, gate, opened = region("card:1"), region("card:9"), threading.Event()
    renders = card.html

    def changes_once_it_is_rendered():
        html = renders()
        if card.renderings == 1:
            rented(changes)
        return html

    card.html = changes_once_it_is_rendered
    gate.html = lambda: f"<p>{opened.wait(5)}</p>"
    hub.subscribe_page(connection(), [gate], None)  # while this is rendered, the crowd gathers
    crowd = [connection() for _ in range(3)]
    for client in crowd:
        hub.subscribe_page(client, [card], None)
    opened.set()
    for client in crowd:
        assert "card:1 1" in client.next()["data"]
        assert "card:1 2" in client.next()["data"]


class LossyLog(MemoryLog):
    def subscribe(self, listener, lost):
        super().subscribe(listener, lost)
        self.lose = lost


@pytest.fixture
def lossy():
    changes = LossyLog()
    hub = Hub(contextlib.nullcontext, changes)
    yield hub, changes
    hub.close()
