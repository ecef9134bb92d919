"""What the hub tells programs: public events, each once, in order."""

from lco.changes.log import ChangeId
from tests.unit.live.conftest import rented


def test_an_api_client_receives_public_events_only(hub, changes, connection):
    program = connection()
    hub.subscribe_feed(program, changes.head())
    changes.append("odoo", "odoo.away")
    changes.append("booking:1", "booking.changed", {"booking_ref": "BK-1"})
    changes.append("catalogue", "catalogue.grew", {"vehicle_id": 1})
    change = rented(changes)
    message = program.next()
    assert message["id"] == str(change.id)
    assert '"type":"availability.changed"' in message["data"]


def test_an_api_client_receives_missed_events_once_and_in_order(hub, changes, connection):
    seen = changes.head()
    missed = [rented(changes) for _ in range(3)]
    program = connection()
    hub.subscribe_feed(program, seen)
    replayed = program.messages.get(timeout=5)
    assert [line for line in replayed.split("\n") if line.startswith("id")] == [f"id: {c.id}" for c in missed]
    news = rented(changes)
    assert program.next()["id"] == str(news.id)


def test_an_api_client_that_missed_too_much_receives_a_resync(hub, changes, connection):
    program = connection()
    hub.subscribe_feed(program, ChangeId(1, 0))
    message = program.next()
    assert '"type":"resync"' in message["data"]
    assert message["id"] == str(changes.head())


def test_more_than_can_be_replayed_is_a_fresh_start_too(hub, changes, connection):
    seen = changes.head()
    for _ in range(1001):
        rented(changes)
    program = connection()
    hub.subscribe_feed(program, seen)
    assert '"type":"resync"' in program.next()["data"]
