import json

import pytest

from lco.changes.log import ChangeId
from lco.live.connection_limit import MAX_PER_ADDRESS


def test_a_page_is_greeted_at_once_in_a_way_that_nothing_on_the_way_holds_back(open_stream):
    stream = open_stream("/live?r=card:1")
    assert stream.response.status_code == 200
    assert stream.response.headers["Content-Type"].startswith("text/event-stream")
    assert stream.response.headers["Cache-Control"] == "no-store"
    assert stream.response.headers["X-Accel-Buffering"] == "no"
    assert "Content-Encoding" not in stream.response.headers
    assert stream.next()["event"] == "connected"


def test_a_page_without_an_id_gets_every_region_and_then_changes(open_stream, changes):
    stream = open_stream("/live?r=card:1&r=status:2")
    stream.next()
    state = stream.next()
    assert 'id="card-1"' in state["data"]
    assert 'id="status-2"' in state["data"]
    assert state["id"] == str(changes.head())
    changed = changes.append("vehicle:2", "availability.changed", {"vehicle_name": "Saw"})
    message = stream.next()
    assert 'hx-partial id="status-2"' in message["data"]
    assert "card-1" not in message["data"]
    assert "Saw: availability has changed" in message["data"]
    assert message["id"] == str(changed.id)


def test_a_page_that_is_up_to_date_gets_new_changes_only(open_stream, changes):
    stream = open_stream(f"/live?r=card:1&since={changes.head()}")
    assert stream.next()["id"] == str(changes.head())
    assert stream.next() == {"id": str(changes.head())}


def test_the_last_event_id_counts_more_than_the_page(open_stream, changes):
    rendered_at = changes.head()
    changes.append("vehicle:1", "price.updated")
    seen = changes.append("vehicle:2", "price.updated")
    changes.append("vehicle:3", "price.updated")
    stream = open_stream(
        f"/live?r=card:1&r=card:2&r=card:3&since={rendered_at}", headers={"Last-Event-ID": str(seen.id)}
    )
    stream.next()
    data = stream.next()["data"]
    assert "card-3" in data
    assert "card-1" not in data
    assert "Updated to the latest." in data


def test_page_that_showed_something_old_is_corrected_when_its_stream_opens(open_stream, changes):
    for headers in ({}, {"Last-Event-ID": str(changes.head())}):
        stream = open_stream(f"/live?r=card:1:old&r=card:2&since={changes.head()}", headers=headers)
        stream.next()
        data = stream.next()["data"]
        assert 'id="card-1"' in data
        assert 'data-region="card:1:old"' in data, "the name stays, so that the page keeps its stream"
        assert "card-2" not in data
        assert "Updated to the latest." not in data


@pytest.mark.parametrize("seen", ["1-0", "nonsense", "9999999999999-0"])
def test_an_id_that_the_log_cannot_continue_gets_the_present_state(open_stream, seen):
    stream = open_stream(f"/live?r=card:1&since={seen}")
    stream.next()
    assert "card-1" in stream.next()["data"]


def test_a_region_asked_for_twice_is_sent_once(open_stream):
    stream = open_stream("/live?r=card:1&r=card:1")
    stream.next()
    assert stream.next()["data"].count("hx-partial id=") == 1


def test_an_unknown_vehicle_is_shown_as_gone(open_stream):
    stream = open_stream("/live?r=card:99")
    stream.next()
    assert "no longer offered" in stream.next()["data"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?r=nonsense",
        "?r=card:1&r=card:x",
        "?" + "&".join(f"r=card:{n}" for n in range(1, 82)),
        "?" + "&".join(f"r=calendar:{n}:2026-12" for n in range(1, 10)),
    ],
)
def test_a_stream_of_unknown_or_too_many_regions_is_refused(app, client, query):
    assert client.get(f"/live{query}").status_code == 400
    assert app.extensions["lco.hub"].open_streams == 0


def test_a_stream_of_an_unknown_booking_is_404(app, client):
    app.extensions["lco"].db.migrate()
    assert client.get("/live?r=booking:no-such-token").status_code == 404


def test_an_address_with_too_many_streams_gets_503_with_retry_after(app, client, open_stream):
    for _ in range(MAX_PER_ADDRESS):
        open_stream("/live?r=card:1").next()
    answer = client.get("/live?r=card:1")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert client.get("/api/events").status_code == 503
    elsewhere = client.get("/live?r=card:1", environ_overrides={"REMOTE_ADDR": "192.0.2.9"})
    assert elsewhere.status_code == 200
    elsewhere.close()


def test_a_slot_is_free_again_when_the_client_is_gone(app, client, open_stream):
    hub = app.extensions["lco.hub"]
    for _ in range(50):
        stream = open_stream("/live?r=card:1")
        stream.next()
        assert hub.open_streams == 1
        stream.response.close()
        assert hub.open_streams == 0
    never_read = client.get("/live?r=card:1")
    never_read.close()
    client.head("/live?r=card:1").close()
    client.head("/api/events").close()
    assert hub.open_streams == 0


def test_a_shutdown_ends_every_stream_and_frees_its_slot(app, open_stream):
    page, api_client = open_stream("/live?r=card:1"), open_stream("/api/events")
    page.next(), api_client.next()
    app.extensions["lco.hub"].close()
    farewells = [message for stream in (page, api_client) for message in stream.rest() if "retry" in message]
    assert [message["event"] for message in farewells] == ["closing", "closing"]
    assert app.extensions["lco.hub"].open_streams == 0


def test_an_api_client_receives_a_greeting_and_public_events_in_json(open_stream, changes):
    stream = open_stream("/api/events")
    first = stream.next()
    assert "event" not in first
    greeting = json.loads(first["data"])
    assert greeting["type"] == "connected"
    assert greeting["id"] == first["id"] == str(changes.head())
    changes.append("odoo", "odoo.away")
    change = changes.append("vehicle:1", "price.updated", {"vehicle_id": 1, "vehicle_name": "Snow Blower"})
    message = stream.next()
    assert message["id"] == str(change.id)
    assert json.loads(message["data"]) == {
        "type": "price.updated",
        "id": str(change.id),
        "timestamp": change.at.isoformat(),
        "vehicle_id": 1,
        "vehicle_name": "Snow Blower",
    }


@pytest.mark.parametrize("how", ["header", "query"])
def test_an_api_client_that_reconnects_receives_the_events_it_missed(open_stream, changes, how):
    seen = changes.append("vehicle:1", "price.updated")
    missed = [changes.append("vehicle:1", "vehicle.updated"), changes.append("vehicle:1", "vehicle.removed")]
    if how == "header":
        stream = open_stream("/api/events", headers={"Last-Event-ID": str(seen.id)})
    else:
        stream = open_stream(f"/api/events?since={seen.id}")
    assert stream.next()["id"] == str(seen.id)
    assert [stream.next()["id"], stream.next()["id"]] == [str(change.id) for change in missed]


def test_an_api_client_that_was_away_for_too_long_receives_a_resync(open_stream):
    stream = open_stream("/api/events", headers={"Last-Event-ID": str(ChangeId(1, 0))})
    assert json.loads(stream.next()["data"])["type"] == "connected"
    assert json.loads(stream.next()["data"])["type"] == "resync"


def test_events_are_open_to_the_configured_origins_and_no_others(open_stream, client):
    assert "Access-Control-Allow-Origin" not in open_stream("/api/events").response.headers
    allowed = open_stream("/api/events", headers={"Origin": "https://partner.example"})
    assert allowed.response.headers["Access-Control-Allow-Origin"] == "https://partner.example"
    assert client.get("/api/events", headers={"Origin": "https://elsewhere.example"}).status_code == 403


@pytest.fixture
def changes(app, odoo):
    services = app.extensions["lco"]
    services.catalogue.vehicles()
    return services.changes


@pytest.fixture
def settings(settings):
    return type(settings)(**{**settings.__dict__, "cors_origins": ("https://partner.example",)})
