import base64
import hashlib
import hmac

import pytest

from lco.demo.server import running
from lco.demo.webhooks import Patience

MIXER, WASHER = 12, 13


@pytest.fixture
def contract() -> int:
    return 1


def test_a_booking_is_sent_with_the_next_free_days(sending_odoo, receiver, request_for, day, eventually):
    made = sending_odoo.post("/api/fleet/booking", json=request_for(MIXER, 0, 5)).json
    eventually(lambda: len(receiver.received) == 2)
    assert [received.path for received in receiver.received] == ["/api/webhook/booking", "/api/webhook/inventory"]
    assert receiver.events == [
        {
            "event_type": "booking.created",
            "booking_ref": made["booking_ref"],
            "vehicle_id": MIXER,
            "customer_email": "ada@example.com",
            "date_from": day(0),
            "date_to": day(5),
            "total_amount": 280.0,
            "currency": "USD",
        },
        {
            "event_type": "vehicle.availability_changed",
            "vehicle_id": MIXER,
            "availability_status": "reserved",
            "available_from": day(5),
            "available_to": False,
            "booking_ref": made["booking_ref"],
        },
    ]


def test_each_step_of_a_booking_is_sent(sending_odoo, receiver, request_for, day, eventually):
    ref = sending_odoo.post("/api/fleet/booking", json=request_for(MIXER, 30, 35)).json["booking_ref"]
    sending_odoo.post(f"/demo/bookings/{ref}/confirm")
    sending_odoo.post(f"/demo/bookings/{ref}/move", json={"date_from": day(40), "date_to": day(42)})
    sending_odoo.post(f"/demo/bookings/{ref}/cancel", json={"reason": "Rain"})
    eventually(lambda: len(receiver.received) == 7)
    events = [event for event in receiver.events if event["event_type"].startswith("booking.")]
    assert events[1:] == [
        {"event_type": "booking.confirmed", "booking_ref": ref},
        {
            "event_type": "booking.modified",
            "booking_ref": ref,
            "changes": {
                "date_from": day(40),
                "date_to": day(42),
                "total_amount": 150.0,
                "currency": "USD",
            },
        },
        {"event_type": "booking.cancelled", "booking_ref": ref, "cancellation_reason": "Rain"},
    ]


@pytest.mark.parametrize(
    ("change", "events"),
    [
        (
            {"rental_price_daily": "80", "rental_price_monthly": None},
            [
                {
                    "event_type": "price.updated",
                    "rental_price_daily": 80.0,
                    "rental_price_weekly": 280.0,
                    "rental_price_monthly": False,
                    "currency": "USD",
                }
            ],
        ),
        (
            {"availability_status": "sold"},
            [
                {
                    "event_type": "vehicle.availability_changed",
                    "availability_status": "sold",
                    "available_from": False,
                    "available_to": False,
                    "booking_ref": False,
                }
            ],
        ),
        ({"name": "Big Mixer"}, [{"event_type": "vehicle.updated", "changes": {"name": "Big Mixer"}}]),
        ({"name": "Concrete Mixer"}, []),
    ],
)
def test_a_change_is_sent_with_only_the_changed_fields(sending_odoo, receiver, eventually, change, events):
    sending_odoo.post(f"/demo/vehicles/{MIXER}", json=change)
    sending_odoo.delete(f"/demo/vehicles/{WASHER}")
    eventually(lambda: any(event["event_type"] == "vehicle.removed" for event in receiver.events))
    assert receiver.events == [
        *({**event, "vehicle_id": MIXER} for event in events),
        {"event_type": "vehicle.removed", "vehicle_id": WASHER},
    ]


def test_maintenance_is_sent_with_its_end_and_the_status(sending_odoo, receiver, day, eventually):
    sending_odoo.post(f"/demo/vehicles/{MIXER}", json={"in_maintenance": True, "maintenance_until": day(3)})
    eventually(lambda: len(receiver.received) == 2)
    maintenance, availability = receiver.events
    assert maintenance == {
        "event_type": "vehicle.maintenance",
        "vehicle_id": MIXER,
        "in_maintenance": True,
        "maintenance_until": day(3),
    }
    assert (availability["availability_status"], availability["available_from"]) == ("maintenance", day(3))


def test_a_new_vehicle_is_announced(sending_odoo, receiver, eventually):
    fields = {"name": "Log Splitter", "category": "Power Tools", "rental_price_daily": 95}
    added = sending_odoo.post("/demo/vehicles", json=fields).json["vehicle"]
    eventually(lambda: receiver.received)
    assert receiver.events == [
        {
            "event_type": "vehicle.added",
            "vehicle_id": added["id"],
            "name": "Log Splitter",
            "category": "Power Tools",
        }
    ]


def test_both_signatures_on_the_wire_are_over_the_bytes_that_were_sent(sending_odoo, receiver, eventually):
    sending_odoo.post(f"/demo/vehicles/{MIXER}", json={"name": "Müller's Mixer"})
    eventually(lambda: receiver.received)
    headers, body = receiver.received[0].headers, receiver.received[0].get_data()
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    standard = base64.b64encode(hmac.new(b"demo-secret", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{standard}"
    assert headers["X-Webhook-Signature"] == hmac.new(b"demo-secret", body, hashlib.sha256).hexdigest()
    assert headers["Content-Type"] == "application/json"


def test_a_failed_delivery_is_tried_again_under_the_same_id(sending_odoo, receiver, eventually):
    receiver.answers = [500, 302, 200]
    sending_odoo.post(f"/demo/vehicles/{MIXER}", json={"name": "Mixer"})
    eventually(lambda: delivery(sending_odoo)["outcome"] == "delivered")
    assert len(receiver.received) == 3
    assert len({received.headers["webhook-id"] for received in receiver.received}) == 1
    assert delivery(sending_odoo)["tries"] == 3


def test_a_retry_holds_up_its_own_record_and_no_other(sending_odoo, receiver, eventually):
    receiver.may_answer.clear()
    sending_odoo.post(f"/demo/vehicles/{MIXER}", json={"name": "First"})
    sending_odoo.post(f"/demo/vehicles/{MIXER}", json={"name": "Second"})
    sending_odoo.post(f"/demo/vehicles/{WASHER}", json={"name": "Other"})
    receiver.answers = [500, 200]
    receiver.may_answer.set()
    eventually(lambda: len(receiver.received) == 4)
    assert [event["changes"]["name"] for event in receiver.events] == ["First", "Other", "First", "Second"]


def test_a_delivery_that_is_never_taken_is_given_up_and_shown_as_failed(sending_odoo, receiver, eventually):
    receiver.answers = [401]
    sending_odoo.post(f"/demo/vehicles/{MIXER}", json={"name": "Mixer"})
    eventually(lambda: delivery(sending_odoo)["outcome"] == "failed")
    assert len(receiver.received) == 4  # as many tries as the patience of these tests
    assert delivery(sending_odoo)["answer"].startswith("401")


def test_a_site_that_is_down_gets_its_webhooks_when_it_is_back(make_demo, receiver, eventually):
    with running(receiver.app()) as site:
        pass
    port = int(site.rsplit(":", 1)[1])
    patience = Patience(first_pause=0.01, longest_pause=0.05, tries=1000)
    odoo = make_demo(webhooks=True, site=site, patience=patience).test_client()
    odoo.post(f"/demo/vehicles/{MIXER}", json={"name": "Mixer"})
    eventually(lambda: delivery(odoo)["tries"] > 1)
    assert (delivery(odoo)["outcome"], delivery(odoo)["answer"]) == ("retrying", "ConnectionError")
    with running(receiver.app(), port=port):
        eventually(lambda: receiver.received)
    assert receiver.events[0]["changes"] == {"name": "Mixer"}


def test_pauses_double_up_to_the_longest():
    assert [Patience().pause_after(tries) for tries in range(1, 10)] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_without_webhooks_nothing_is_sent(make_demo):
    odoo = make_demo(webhooks=False).test_client()
    odoo.post(f"/demo/vehicles/{MIXER}", json={"name": "Mixer"})
    assert odoo.get("/demo/state").json["deliveries"] == []


def delivery(odoo):
    return odoo.get("/demo/state").json["deliveries"][0]
