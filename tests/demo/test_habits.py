"""Every habit of an impolite Odoo, one test each, named after it; see lco/demo/faults.py."""

import sys
from decimal import Decimal

from lco.demo.faults import HABITS

MIXER, WASHER = 12, 13
LIST = "/api/fleet/vehicles"


def set_habit(odoo, name, **reach) -> None:
    assert odoo.post(f"/demo/habits/{name}", json=reach).status_code == 200


def shown(odoo, vehicle_id=MIXER) -> dict:
    return next(found for found in odoo.get(f"{LIST}?limit=50").json["data"] if found["id"] == vehicle_id)


def asked(odoo, day) -> dict:
    body = {"vehicle_id": MIXER, "date_from": day(30), "date_to": day(35)}
    return odoo.post("/api/fleet/availability", json=body).json


def test_each_habit_has_a_sentence_and_a_test():
    tests = [name for name in dir(sys.modules[__name__]) if name.startswith("test_")]
    for name, sentence in HABITS.items():
        assert sentence.endswith(".")
        assert any(test.startswith(f"test_{name}_") for test in tests), name


def test_no_currency_leaves_it_out_of_every_answer(odoo, day, request_for):
    set_habit(odoo, "no_currency")
    assert "currency" not in shown(odoo)
    assert "currency" not in asked(odoo, day)
    assert "currency" not in odoo.post("/api/fleet/booking", json=request_for(MIXER, 30, 35)).json


def test_no_currency_may_be_kept_to_webhooks(sending_odoo, receiver, eventually):
    set_habit(sending_odoo, "no_currency", where="webhooks")
    sending_odoo.post(f"/demo/vehicles/{MIXER}", json={"rental_price_daily": "80"})
    eventually(lambda: receiver.events)
    assert "currency" not in receiver.events[0]
    assert shown(sending_odoo)["currency"] == "USD"


def test_float_noise_is_in_every_price(odoo, day):
    odoo.post(f"/demo/vehicles/{MIXER}", json={"rental_price_daily": "135.30", "rental_price_weekly": None})
    set_habit(odoo, "float_noise")
    assert '"rental_price_daily": 135.29999999999998' in odoo.get(f"/api/fleet/vehicle/{MIXER}").text
    price = asked(odoo, day)["estimated_price"]
    assert Decimal(repr(price)) != Decimal("676.5")
    assert round(Decimal(repr(price)), 2) == Decimal("676.50")


def test_no_price_is_zero_everywhere(odoo, day, request_for):
    set_habit(odoo, "no_price")
    assert shown(odoo)["rental_price_daily"] == 0
    assert (asked(odoo, day)["available"], asked(odoo, day)["estimated_price"]) == (True, 0)
    assert odoo.post("/api/fleet/booking", json=request_for(MIXER, 30, 35)).json["estimated_price"] == 0


def test_unknown_status_is_a_value_outside_the_contract(odoo):
    set_habit(odoo, "unknown_status")
    assert shown(odoo)["availability_status"] == "inspection"


def test_unknown_status_may_be_kept_to_one_vehicle(odoo):
    set_habit(odoo, "unknown_status", vehicle_id=WASHER)
    assert shown(odoo, WASHER)["availability_status"] == "inspection"
    assert shown(odoo, MIXER)["availability_status"] == "available"


def test_unreadable_seats_are_a_text(odoo):
    set_habit(odoo, "unreadable_seats")
    assert shown(odoo)["seats"] == "N/A"


def test_unreadable_price_is_a_text_with_a_separator(odoo):
    set_habit(odoo, "unreadable_price")
    assert shown(odoo)["rental_price_daily"] == "1,250.00"


def test_unreadable_featured_is_neither_true_nor_false(odoo):
    set_habit(odoo, "unreadable_featured")
    assert shown(odoo)["featured"] == "maybe"


def test_no_name_makes_the_record_unreadable(odoo):
    set_habit(odoo, "no_name", vehicle_id=MIXER)
    vehicle = odoo.get(f"/api/fleet/vehicle/{MIXER}").json["data"]
    assert vehicle["name"] is False
    assert vehicle["features"][0]["name"]
    assert shown(odoo, WASHER)["name"]


def test_short_list_ends_after_three_machines(odoo):
    set_habit(odoo, "short_list")
    answer = odoo.get(f"{LIST}?limit=2").json
    assert [vehicle["id"] for vehicle in answer["data"]] == [1, 2]
    assert answer["pagination"] == {"total": 3, "limit": 2, "offset": 0, "has_more": True}
    assert [vehicle["id"] for vehicle in odoo.get(f"{LIST}?limit=2&offset=2").json["data"]] == [3]
    assert odoo.get(f"/api/fleet/vehicle/{MIXER}").status_code == 200


def test_empty_list_has_no_machines(odoo):
    set_habit(odoo, "empty_list")
    answer = odoo.get(LIST).json
    assert (answer["data"], answer["pagination"]["total"], answer["pagination"]["has_more"]) == ([], 0, False)
    assert odoo.get(f"/api/fleet/vehicle/{MIXER}").status_code == 200


def test_json_404_answers_every_unknown_call(odoo):
    odoo.post("/demo/settings", json={"contract": 1})
    set_habit(odoo, "json_404")
    for path in ("version", "calendar", f"vehicle/{MIXER}/busy?from=2030-01-01&to=2030-02-01", "nowhere"):
        answer = odoo.get(f"/api/fleet/{path}")
        assert (answer.status_code, answer.json) == (404, {"success": False, "error": "not found"})
    assert odoo.get("/api/fleet/vehicle/999").json["error"] == "vehicle_not_found"


def test_only_changes_leaves_the_terms_out(sending_odoo, receiver, request_for, day, eventually):
    set_habit(sending_odoo, "only_changes")
    ref = sending_odoo.post("/api/fleet/booking", json=request_for(MIXER, 30, 35)).json["booking_ref"]
    sending_odoo.post(f"/demo/bookings/{ref}", json={"date_to": day(38)})
    eventually(lambda: receiver.events_of("booking.modified"))
    (event,) = receiver.events_of("booking.modified")
    assert set(event) == {"event_type", "booking_ref", "changes", "version", "at"}
    assert event["changes"] == {"date_to": day(38), "total_amount": 560.0, "currency": "USD"}


def test_bare_webhooks_name_only_the_record(sending_odoo, receiver, eventually):
    sending_odoo.post("/demo/settings", json={"contract": 1})
    set_habit(sending_odoo, "bare_webhooks")
    for status in ("rented", "available"):
        sending_odoo.post(f"/demo/vehicles/{MIXER}", json={"availability_status": status})
    eventually(lambda: len(receiver.events) == 2)
    assert receiver.events == [{"event_type": "vehicle.availability_changed", "vehicle_id": MIXER}] * 2


def test_plain_signature_has_neither_an_id_nor_a_time(sending_odoo, receiver, eventually):
    set_habit(sending_odoo, "plain_signature")
    sending_odoo.post(f"/demo/vehicles/{MIXER}", json={"name": "Mixer"})
    eventually(lambda: receiver.received)
    headers = receiver.received[0].headers
    assert "X-Webhook-Signature" in headers
    assert "webhook-id" not in headers
    assert "webhook-signature" not in headers


def test_webhooks_late_come_after_their_seconds(sending_odoo, receiver, eventually):
    set_habit(sending_odoo, "webhooks_late", vehicle_id=None, seconds=0.4)
    sending_odoo.post(f"/demo/vehicles/{MIXER}", json={"name": "Late"})
    set_habit(sending_odoo, "webhooks_late", on=False)
    sending_odoo.post(f"/demo/vehicles/{WASHER}", json={"name": "In time"})
    eventually(lambda: len(receiver.events) == 2)
    assert [event["changes"]["name"] for event in receiver.events] == ["In time", "Late"]


def test_webhooks_twice_have_the_same_id_and_body(sending_odoo, receiver, eventually):
    set_habit(sending_odoo, "webhooks_twice")
    sending_odoo.post(f"/demo/vehicles/{MIXER}", json={"name": "Mixer"})
    eventually(lambda: len(receiver.received) == 2)
    assert len({received.headers["webhook-id"] for received in receiver.received}) == 1
    assert len({received.get_data() for received in receiver.received}) == 1


def test_webhooks_reversed_bring_the_newest_first(sending_odoo, receiver, eventually):
    set_habit(sending_odoo, "webhooks_reversed", seconds=0.3)
    for price in ("80", "90", "95"):
        sending_odoo.post(f"/demo/vehicles/{MIXER}", json={"rental_price_daily": price})
    eventually(lambda: len(receiver.events) == 3)
    assert [event["rental_price_daily"] for event in receiver.events] == [95.0, 90.0, 80.0]
    versions = [event["version"] for event in receiver.events]
    assert versions == sorted(versions, reverse=True)


def test_webhooks_dropped_never_come(sending_odoo, receiver, eventually):
    set_habit(sending_odoo, "webhooks_dropped")
    sending_odoo.post(f"/demo/vehicles/{MIXER}", json={"name": "Lost"})
    set_habit(sending_odoo, "webhooks_dropped", on=False)
    sending_odoo.post(f"/demo/vehicles/{MIXER}", json={"name": "Told"})
    eventually(lambda: receiver.events)
    assert [event["changes"]["name"] for event in receiver.events] == ["Told"]
    outcomes = [delivery["outcome"] for delivery in sending_odoo.get("/demo/state").json["deliveries"]]
    assert outcomes[1] == "dropped"


def test_a_habit_is_shown_turned_off_and_forgotten_by_a_reset(odoo):
    set_habit(odoo, "no_currency")
    set_habit(odoo, "no_price")
    assert set(odoo.get("/demo/state").json["habits"]) == {"no_currency", "no_price"}
    set_habit(odoo, "no_price", on=False)
    assert set(odoo.get("/demo/state").json["habits"]) == {"no_currency"}
    odoo.post("/demo/reset")
    assert odoo.get("/demo/state").json["habits"] == {}


def test_an_unknown_habit_is_404_and_an_unknown_place_is_refused(odoo):
    assert odoo.post("/demo/habits/flood").status_code == 404
    assert odoo.post("/demo/habits/no_price", json={"where": "elsewhere"}).status_code == 400
