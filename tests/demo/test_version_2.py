"""What version 2 of the contract adds, where the tests of the contract cannot reach.

Source: docs/odoo-contract.md, section 4.
"""

import threading
from datetime import timedelta

import pytest

from lco import clock
from lco.demo.attempts import Attempts
from lco.demo.refusals import UnknownBooking

MIXER, SKID_STEER = 12, 2
KEY = {"X-API-Key": "key"}


@pytest.fixture
def keyed(odoo):
    odoo.post("/demo/settings", json={"api_key": "key"})
    return odoo


PRIVATE = ("changes", "bookings", "booking/BK-1", "booking?idempotency_key=k")


@pytest.mark.parametrize("path", ["version", "calendar", "storefront", *PRIVATE])
def test_every_call_of_version_2_is_unknown_in_version_1(keyed, path):
    keyed.post("/demo/settings", json={"contract": 1})
    assert keyed.get(f"/api/fleet/{path}", headers=KEY).status_code == 404


@pytest.mark.parametrize("call", ["quote", "change", "cancel"])
def test_every_change_of_version_2_is_unknown_in_version_1(keyed, call):
    keyed.post("/demo/settings", json={"contract": 1})
    assert keyed.post(f"/api/fleet/booking/BK-1/{call}", json={}, headers=KEY).status_code == 404


def test_version_1_lists_and_prices_closed_days_but_does_not_book_them(odoo, request_for, day):
    odoo.post("/demo/closed", json={"date": day(30)})
    odoo.post("/demo/settings", json={"contract": 1})
    query = {"available_from": day(30), "available_to": day(32)}
    assert MIXER in [found["id"] for found in odoo.get("/api/fleet/vehicles", query_string=query).json["data"]]
    asked = {"vehicle_id": MIXER, "date_from": day(30), "date_to": day(32)}
    answer = odoo.post("/api/fleet/availability", json=asked).json
    assert answer["available"] is True
    assert "bookable" not in answer
    refused = odoo.post("/api/fleet/booking", json=request_for(MIXER, 30, 32))
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_field")
    assert "closed" in refused.json["message"]


def test_a_cursor_expires_after_thirty_days(keyed):
    cursor = keyed.get("/api/fleet/changes", headers=KEY).json["next_cursor"]
    for price in ("80", "90"):
        keyed.post(f"/demo/vehicles/{MIXER}", json={"rental_price_daily": price})
    path = f"/api/fleet/changes?after={cursor}"
    with clock.moved(timedelta(days=29)):
        assert len(keyed.get(path, headers=KEY).json["data"]) == 2
    with clock.moved(timedelta(days=31)):
        assert keyed.get(path, headers=KEY).json["error"] == "cursor_expired"


def test_a_cursor_at_the_newest_row_does_not_expire(keyed):
    keyed.post(f"/demo/vehicles/{MIXER}", json={"rental_price_daily": "80"})
    cursor = keyed.get("/api/fleet/changes", headers=KEY).json["next_cursor"]
    with clock.moved(timedelta(days=31)):
        page = keyed.get(f"/api/fleet/changes?after={cursor}", headers=KEY).json
    assert (page["data"], page["next_cursor"]) == ([], cursor)


def test_the_question_for_a_key_waits_for_the_attempt_under_way():
    attempts, begun, may_end, answers = Attempts(threading.RLock()), threading.Event(), threading.Event(), []

    def slow() -> dict:
        begun.set()
        may_end.wait(5)
        return {"booking_ref": "BK-1"}

    attempt = threading.Thread(target=lambda: attempts.once("booking", "key", "request", slow))
    question = threading.Thread(target=lambda: answers.append(attempts.answer("booking", "key")))
    attempt.start()
    begun.wait(5)
    question.start()
    question.join(0.05)
    assert answers == []
    may_end.set()
    for thread in (attempt, question):
        thread.join(5)
    assert answers == [{"booking_ref": "BK-1"}]


def test_a_refused_attempt_is_not_kept():
    attempts = Attempts(threading.RLock())

    def refused() -> dict:
        raise UnknownBooking

    with pytest.raises(UnknownBooking):
        attempts.once("booking", "key", "request", refused)
    assert attempts.once("booking", "key", "another", lambda: {"done": True}) == {"done": True}


def test_deleting_a_live_booking_cancels_it(sending_odoo, receiver, request_for, eventually):
    refs = [
        sending_odoo.post("/api/fleet/booking", json=request_for(MIXER, first, first + 2)).json["booking_ref"]
        for first in (30, 40)
    ]
    sending_odoo.post(f"/demo/bookings/{refs[0]}/delete")
    sending_odoo.post(f"/demo/bookings/{refs[1]}/cancel")
    sending_odoo.post(f"/demo/bookings/{refs[1]}/delete")
    sending_odoo.post(f"/demo/vehicles/{MIXER}", json={"name": "Last"})
    eventually(lambda: receiver.events_of("vehicle.updated"))
    cancelled = receiver.events_of("booking.cancelled")
    assert [(event["booking_ref"], event["state"]) for event in cancelled] == [(ref, "cancelled") for ref in refs]


def test_version_1_sends_neither_steps_nor_terms_of_version_2(sending_odoo, receiver, request_for, eventually):
    sending_odoo.post("/demo/settings", json={"contract": 1})
    ref = sending_odoo.post("/api/fleet/booking", json=request_for(MIXER, 0, 2)).json["booking_ref"]
    sending_odoo.post(f"/demo/bookings/{ref}", json={"customer_name": "Grace"})
    for verb in ("confirm", "pick_up", "return"):
        sending_odoo.post(f"/demo/bookings/{ref}/{verb}")
    sending_odoo.post("/demo/closed", json={"date": "2030-01-01"})
    sending_odoo.post(f"/demo/vehicles/{MIXER}", json={"name": "Last"})
    eventually(lambda: receiver.events_of("vehicle.updated"))
    sent = [event["event_type"] for event in receiver.events]
    assert [kind for kind in sent if kind != "vehicle.availability_changed"] == [
        *("booking.created", "booking.confirmed", "vehicle.updated"),
    ]
    assert all("version" not in event for event in receiver.events)


def test_a_booking_of_a_removed_machine_can_be_moved_by_staff_only(keyed, request_for, day):
    made = keyed.post("/api/fleet/booking", json=request_for(MIXER, 30, 32), headers=KEY).json
    path = f"/api/fleet/booking/{made['booking_ref']}"
    keyed.delete(f"/demo/vehicles/{MIXER}")
    days = {"date_from": day(40), "date_to": day(42)}
    quoted = keyed.post(f"{path}/quote", json=days, headers=KEY).json["data"]
    assert [reason["code"] for reason in quoted["reasons"]] == ["not_for_rent"]
    refused = keyed.post(f"{path}/change", json={**days, "version": 1}, headers={**KEY, "Idempotency-Key": "k"})
    assert refused.status_code == 409
    assert keyed.post(f"/demo/bookings/{made['booking_ref']}", json=days).status_code == 200
    assert keyed.get(path, headers=KEY).json["data"]["date_from"] == day(40)
