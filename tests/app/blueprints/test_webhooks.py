import json
import logging
import uuid
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest

from lco import clock, metrics
from lco.db.models import Delivery
from lco.webhooks.signature import sign, sign_plain

REMOVED = {"event_type": "vehicle.removed", "vehicle_id": 1}


def standard(delivery_id=None, secret="test-secret"):
    """How Odoo signs: a function from the body to the headers."""
    return lambda body: sign(secret, delivery_id or f"msg_{uuid.uuid4().hex}", clock.now(), body)


def plain(body):
    return sign_plain("test-secret", body)


def test_a_signed_event_is_accepted_and_changes_the_pages(post, changes):
    answer = post("inventory", REMOVED)
    assert (answer.status_code, answer.json) == (200, {"success": True, "received": True})
    assert [change.kind for change in changes()] == ["vehicle.removed"]


def test_the_plain_signature_is_enough(post, changes):
    assert post("inventory", REMOVED, plain).json == {"success": True, "received": True}
    assert [change.kind for change in changes()] == ["vehicle.removed"]


class TestRecordedDelivery:
    """A delivery as the module signs it, recorded on its way and sent again by another."""

    SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

    @pytest.fixture
    def settings(self, settings):
        return replace(settings, odoo_webhook_secret=(self.SECRET,))

    @pytest.fixture
    def recorded(self, post, changes):
        """The headers of a delivery that was accepted, in both forms, as an older module sends them."""
        sent = []

        def signed(body):
            sent.append(standard("msg_1", self.SECRET)(body) | sign_plain(self.SECRET, body))
            return sent[0]

        assert post("inventory", REMOVED, signed).status_code == 200
        assert len(changes()) == 1
        return sent[0]

    def test_it_is_refused_without_its_standard_headers(self, post, changes, deliveries, recorded):
        left = {name: value for name, value in recorded.items() if not name.startswith("webhook-")}
        assert left
        assert post("inventory", REMOVED, lambda _: left).status_code == 401
        assert len(changes()) == len(deliveries()) == 1

    def test_it_changes_nothing_within_its_five_minutes_and_is_refused_after_them(self, post, changes, recorded):
        assert post("inventory", REMOVED, lambda _: recorded).status_code == 200
        for later in (timedelta(minutes=6), timedelta(days=29)):
            with clock.moved(later):
                assert post("inventory", REMOVED, lambda _: recorded).status_code == 401
        assert len(changes()) == 1

    @pytest.mark.usefixtures("recorded")
    def test_a_second_event_with_an_equal_body_is_applied(self, post, deliveries):
        assert post("inventory", REMOVED, standard("msg_2", self.SECRET)).status_code == 200
        assert [row.result for row in deliveries()] == ["applied", "applied"]


@pytest.mark.parametrize("signed", [lambda body: {}, standard(secret="wrong")])
def test_an_unsigned_or_wrongly_signed_event_is_401_and_changes_nothing(post, changes, signed):
    answer = post("inventory", REMOVED, signed)
    assert answer.status_code == 401
    assert answer.json["success"] is False
    assert answer.json["error"] == "unauthorized"
    assert answer.json["message"]
    assert changes() == []


def test_the_signature_is_checked_before_the_body(client):
    assert client.post("/api/webhook/inventory", data=b"nonsense").status_code == 401


@pytest.mark.parametrize(
    ("event", "word"),
    [
        ({"event_type": "vehicle.removed", "vehicle_id": "abc"}, "vehicle_id"),
        ({"event_type": "vehicle.removed"}, "vehicle_id"),
        ({"event_type": 5}, "event_type"),
        ([1, 2], "object"),
    ],
)
def test_a_field_of_the_wrong_type_is_400_with_a_message(post, changes, event, word):
    answer = post("inventory", event)
    assert (answer.status_code, answer.json["error"]) == (400, "bad_request")
    assert word in answer.json["message"]
    assert changes() == []


def test_a_test_is_answered_with_success_and_changes_nothing(post, changes, deliveries):
    for endpoint in ("booking", "inventory"):
        assert post(endpoint, {"event_type": "test", "vehicle_id": 1}).json["success"]
    assert changes() == deliveries() == []


@pytest.mark.parametrize(
    ("endpoint", "event"),
    [
        ("inventory", {"event_type": "vehicle.painted", "vehicle_id": "anything"}),
        ("booking", REMOVED),
        ("inventory", {"event_type": "booking.confirmed", "booking_ref": "BK-1"}),
    ],
)
def test_an_event_that_the_endpoint_does_not_know_is_kept_and_changes_nothing(
    post, changes, deliveries, endpoint, event
):
    assert post(endpoint, event).json == {"success": True, "received": True}
    assert [row.event_type for row in deliveries()] == [event["event_type"]]
    assert changes() == []


def test_the_same_delivery_twice_is_applied_once(post, changes):
    assert post("inventory", REMOVED, standard("msg_1")).status_code == 200
    assert post("inventory", REMOVED, standard("msg_1")).status_code == 200
    assert len(changes()) == 1


def test_a_delivery_from_yesterday_is_refused(post, changes):
    yesterday = clock.now() - timedelta(days=1)
    answer = post("inventory", REMOVED, lambda body: sign("test-secret", "msg_1", yesterday, body))
    assert answer.status_code == 401
    assert changes() == []


def test_a_body_that_is_too_large_is_413(client):
    assert client.post("/api/webhook/booking", data=b"x" * (64 * 1024 + 1)).status_code == 413


def test_a_body_that_hides_its_length_and_is_too_large_is_413(client):
    chunked = {"wsgi.input": BytesIO(b"x" * 100_000), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    assert client.post("/api/webhook/booking", environ_overrides=chunked).status_code == 413


def test_a_signed_event_is_accepted_from_every_address(post):
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}
    assert post("inventory", {"event_type": "test"}, lambda body: standard()(body) | headers).status_code == 200


def test_without_a_database_it_is_503_and_may_be_sent_again(app, post, changes, caplog):
    app.extensions["lco"].db.engine.dispose()
    with app.extensions["lco"].db.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE deliveries")
    with caplog.at_level(logging.CRITICAL):
        answer = post("inventory", REMOVED)
    assert answer.status_code == 503
    assert answer.json["success"] is False
    assert answer.headers["Retry-After"] == "5"
    assert changes() == []


def test_every_outcome_is_counted(post):
    def count(endpoint, outcome):
        return metrics.webhooks.labels(endpoint, outcome)._value.get()

    outcomes = ["applied", "duplicate", "unknown", "test", "unauthorized", "bad_request"]
    before = [count("inventory", outcome) for outcome in outcomes]
    post("inventory", REMOVED, standard("msg_1"))
    post("inventory", REMOVED, standard("msg_1"))
    post("inventory", {"event_type": "vehicle.painted"})
    post("inventory", {"event_type": "test"})
    post("inventory", REMOVED, standard(secret="wrong"))
    post("inventory", {"event_type": "vehicle.removed"})
    assert [count("inventory", outcome) for outcome in outcomes] == [number + 1 for number in before]


@pytest.fixture
def changes(app, odoo):
    """What was appended to the change log about vehicles and bookings since the catalogue was read."""
    services = app.extensions["lco"]
    services.db.migrate()
    services.catalogue.vehicles()
    # The webhooks here agree with Odoo about machine 1, so reading it again changes nothing more.
    assert odoo.app.test_client().delete("/demo/vehicles/1").status_code == 200
    start = services.changes.head()
    return lambda: [change for change in services.changes.since(start) if change.topic != "odoo"]


@pytest.fixture
def deliveries(app):
    def rows():
        with app.extensions["lco"].db.session() as session:
            return session.query(Delivery).all()

    return rows


@pytest.fixture
def post(client, changes):
    def send(endpoint, event, signed=None):
        body = json.dumps(event).encode()
        return client.post(f"/api/webhook/{endpoint}", data=body, headers=(signed or standard())(body))

    return send
