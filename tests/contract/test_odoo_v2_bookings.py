"""Reading a booking, by its reference and by the key that it was made with.

Source: docs/odoo-contract.md, section 4.3.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from lco import clock
from tests.contract.factories import SKID_STEER, SNOW_BLOWER, ZONE, ahead
from tests.contract.version_2 import range_body

FREE = ahead(60, 4)
FIELDS = {
    *("booking_ref", "version", "state", "booking_type", "holds_days", "vehicle_id", "vehicle_name"),
    *("date_from", "date_to", "total_amount", "currency", "pickup_location", "return_location"),
    *("cancellation_reason", "picked_up_on", "returned_on", "customer", "write_date"),
}


def test_a_booking_is_read_with_all_that_a_customer_could_see(odoo_2):
    ref = odoo_2.booked(SNOW_BLOWER, FREE, pickup_location="yard", return_location="home")
    booking = odoo_2.booking(ref)
    assert set(booking) >= FIELDS
    expected = {
        "booking_ref": ref,
        "state": "draft",
        "booking_type": "reservation",
        "holds_days": True,
        "vehicle_id": SNOW_BLOWER,
        "vehicle_name": "Professional Snow Blower",
        **range_body(FREE),
        "total_amount": 600,
        "currency": "USD",
        "pickup_location": "yard",
        "return_location": "home",
        "cancellation_reason": False,
        "picked_up_on": False,
        "returned_on": False,
    }
    assert {name: booking[name] for name in expected} == expected
    assert booking["customer"] == {
        "name": "Ada Müller",
        "email": "contract@example.com",
        "phone": "+12185550142",
    }
    assert datetime.fromisoformat(booking["write_date"]).tzinfo


def test_an_unknown_booking_is_404(odoo_2):
    answer = odoo_2.get("booking/BK-20240115-A1B2C3D4")
    assert (answer.status_code, answer.json()["error"]) == (404, "booking_not_found")


def test_a_deleted_booking_is_410(odoo_2):
    ref = odoo_2.booked(SNOW_BLOWER, FREE)
    odoo_2.staff.cancel(ref, "Rain")
    odoo_2.staff.delete(ref)
    answer = odoo_2.get(f"booking/{ref}")
    assert (answer.status_code, answer.json()["error"]) == (410, "booking_deleted")


@pytest.mark.parametrize(
    "terms",
    [
        {"date_from": ahead(61, 1).start.isoformat()},
        {"date_to": ahead(63, 1).start.isoformat()},
        {"vehicle_id": SKID_STEER},
        {"total_amount": 123.45},
        {"pickup_location": "the other yard"},
        {"return_location": "the other home"},
        {"customer_name": "Another Name"},
        {"booking_type": "inquiry"},
    ],
)
def test_each_change_of_a_term_is_one_more_version(odoo_2, terms):
    ref = odoo_2.booked(SNOW_BLOWER, FREE)
    before = odoo_2.booking(ref)
    odoo_2.staff.revise(ref, **terms)
    after = odoo_2.booking(ref)
    assert after["version"] == before["version"] + 1
    flat = {**after, "customer_name": after["customer"]["name"]}
    assert {name: flat[name] for name in terms} == terms


def test_a_booking_that_did_not_change_has_the_same_version(odoo_2):
    ref = odoo_2.booked(SNOW_BLOWER, FREE)
    before = odoo_2.booking(ref)
    odoo_2.staff.revise(ref, date_to=FREE.end.isoformat(), pickup_location=before["pickup_location"] or "")
    assert odoo_2.booking(ref) == before


def test_the_steps_of_a_booking_are_read_with_their_days(odoo_2):
    today = clock.today(ZONE).isoformat()
    ref = odoo_2.booked(4, ahead(0, 3))
    versions = [odoo_2.booking(ref)["version"]]
    for step in (odoo_2.staff.confirm, odoo_2.staff.pick_up, odoo_2.staff.take_back):
        step(ref)
        versions.append(odoo_2.booking(ref)["version"])
    booking = odoo_2.booking(ref)
    assert (booking["state"], booking["holds_days"]) == ("returned", False)
    assert (booking["picked_up_on"], booking["returned_on"]) == (today, today)
    assert versions == list(range(versions[0], versions[0] + 4))


def test_a_cancelled_booking_says_why_and_frees_its_days(odoo_2):
    ref = odoo_2.booked(SNOW_BLOWER, FREE)
    odoo_2.staff.cancel(ref, "Storm damage")
    booking = odoo_2.booking(ref)
    assert (booking["state"], booking["cancellation_reason"]) == ("cancelled", "Storm damage")
    assert booking["holds_days"] is False
    assert odoo_2.book(SNOW_BLOWER, FREE).status_code == 201


def test_a_booking_of_a_retired_machine_is_read_with_its_name(odoo_2):
    ref = odoo_2.booked(SNOW_BLOWER, FREE)
    odoo_2.staff.retire(SNOW_BLOWER)
    assert odoo_2.booking(ref)["vehicle_name"] == "Professional Snow Blower"


def test_a_booking_is_found_by_its_key(odoo_2):
    ref = odoo_2.book(SNOW_BLOWER, FREE, attempt="key 1").json()["booking_ref"]
    assert odoo_2.data("booking", idempotency_key="key 1") == odoo_2.booking(ref)


def test_a_key_that_booked_nothing_is_404(odoo_2):
    odoo_2.booked(SNOW_BLOWER, FREE)
    assert odoo_2.book(SNOW_BLOWER, FREE, attempt="refused").status_code == 409
    for key in ("refused", "never used"):
        answer = odoo_2.get("booking", idempotency_key=key)
        assert (answer.status_code, answer.json()["error"]) == (404, "booking_not_found")


def test_the_same_request_under_the_same_key_is_the_same_booking(odoo_2):
    answers = [odoo_2.book(SNOW_BLOWER, FREE, attempt="key 2") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert len({answer.json()["booking_ref"] for answer in answers}) == 1


def test_another_request_under_the_same_key_is_422(odoo_2):
    odoo_2.book(SNOW_BLOWER, FREE, attempt="key 3")
    assert odoo_2.book(SNOW_BLOWER, ahead(80, 4), attempt="key 3").status_code == 422


def test_a_404_for_a_key_is_final(odoo_2):
    """Ten attempts and ten questions at once: a key that was answered 404 after its attempt had come is none."""

    def attempt(number: int) -> tuple[int, int]:
        key = f"race {number}"
        with ThreadPoolExecutor(2) as pair:
            booked = pair.submit(odoo_2.book, SNOW_BLOWER, ahead(60 + 5 * number, 4), key)
            asked = pair.submit(odoo_2.get, "booking", idempotency_key=key)
            assert asked.result().status_code in {200, 404}
            return booked.result().status_code, odoo_2.get("booking", idempotency_key=key).status_code

    with ThreadPoolExecutor(5) as pool:
        assert set(pool.map(attempt, range(10))) == {(201, 200)}


def test_all_bookings_are_read_in_pages_by_their_ids(odoo_2):
    refs = [odoo_2.booked(SNOW_BLOWER, ahead(60 + 5 * number, 4)) for number in range(5)]
    found, after = [], 0
    while True:
        page = odoo_2.get("bookings", after_id=after, limit=2).json()
        found += page["data"]
        if not page["has_more"]:
            break
        after = page["data"][-1]["booking_id"]
    ids = [booking["booking_id"] for booking in found]
    assert ids == sorted(set(ids))
    assert [booking["booking_ref"] for booking in found][-5:] == refs
    assert found[-1] == {**odoo_2.booking(refs[-1]), "booking_id": ids[-1]}
