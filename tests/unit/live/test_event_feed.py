"""What the hub sends to API clients: public events, each once, in order."""

from lco.changes.log import ChangeId
from tests.unit.live.conftest import rented


def test_an_api_client_receives_public_events_only(hub, changes, connection):
    api_client = connection()
    hub.subscribe_feed(api_client, changes.head())
    changes.append("odoo", "odoo.away")
    changes.append("booking:1", "booking.changed", {"booking_ref": "BK-1"})
    changes.append("catalogue", "catalogue.grew", {"vehicle_id": 1})
    change = rented(changes)
    message = api_client.next()
    assert message["id"] == str(change.id)
    assert '"type":"availability.changed"' in message["data"]


def test_an_api_client_receives_missed_events_once_and_in_order(hub, changes, connection):
    seen = changes.head()
    missed = [rented(changes) for _ in range(3)]
    api_client = connection()
    hub.subscribe_feed(api_client, seen)
    replayed = api_client.messages.get(timeout=5)
    assert [line for line in replayed.split("\n") if line.startswith("id")] == [f"id: {c.id}" for c in missed]
    event = rented(changes)
    assert api_client.next()["id"] == str(event.id)


def test_an_api_client_that_missed_too_much_receives_a_resync(hub, changes, connection):
    api_client = connection()
    hub.subscribe_feed(api_client, ChangeId(1, 0))
    message = api_client.next()
    assert '"type":"resync"' in message["data"]
    assert message["id"] == str(changes.head())


def test_more_events_than_can_be_replayed_lead_to_a_resync(hub, changes, connection):
    seen = changes.head()
    for _ in range(1001):
        rented(changes)
    api_client = connection()
    hub.subscribe_feed(api_client, seen)
    assert '"type":"resync"' in api_client.next()["data"]
