"""A customer changes or cancels a booking: quote, change and cancel (docs/odoo-contract.md, section 4.4)."""

from datetime import date, datetime, timedelta

import pytest

from lco.domain.date_range import DAY, DateRange
from tests.contract.factories import SKID_STEER, SNOW_BLOWER, ZONE, ahead
from tests.contract.version_2 import range_body

FREE = ahead(60, 4)
LONGER = ahead(60, 6)
LATER = ahead(70, 2)


@pytest.fixture
def ref(odoo_2) -> str:
    return odoo_2.booked(SNOW_BLOWER, FREE)


def change(odoo_2, ref, days, version=None, attempt="change"):
    version = version or odoo_2.booking(ref)["version"]
    return odoo_2.post(f"booking/{ref}/change", {**range_body(days), "version": version}, attempt=attempt)


def cancel(odoo_2, ref, version=None, attempt="cancel"):
    version = version or odoo_2.booking(ref)["version"]
    return odoo_2.post(f"booking/{ref}/cancel", {"reason": "Rain", "version": version}, attempt=attempt)


def quote(odoo_2, ref, days):
    return odoo_2.post(f"booking/{ref}/quote", range_body(days))


def test_a_quote_has_the_price_of_other_days_and_changes_nothing(odoo_2, ref):
    before = odoo_2.booking(ref)
    said = quote(odoo_2, ref, LATER).json()["data"]
    assert datetime.fromisoformat(said["until"]).tzinfo is not None
    assert (said["price_now"], said["price_then"], said["difference"]) == (600, 300, -300)
    assert (said["currency"], said["bookable"], said["reasons"]) == ("USD", True, [])
    assert odoo_2.booking(ref) == before


def test_its_own_days_are_no_obstacle(odoo_2, ref):
    assert quote(odoo_2, ref, LONGER).json()["data"]["bookable"] is True
    assert change(odoo_2, ref, LONGER).status_code == 200


def test_its_own_days_with_the_buffer_around_them_are_no_obstacle_and_all_others_are(odoo_2):
    odoo_2.staff.change_vehicle(SNOW_BLOWER, buffer_days=2)
    ref = odoo_2.booked(SNOW_BLOWER, FREE)
    odoo_2.booked(SNOW_BLOWER, ahead(70, 2))
    around = ahead(50, 30)
    busy = odoo_2.data(f"vehicle/{SNOW_BLOWER}/busy", **{"from": around.start, "to": around.end})
    assert taken(busy) == {*ahead(58, 8), *ahead(68, 6)}
    obstacles = {day for day in around if "taken" in codes(quote(odoo_2, ref, DateRange(day, day + DAY)))}
    assert obstacles == set(ahead(68, 6))
    assert change(odoo_2, ref, ahead(60, 8)).status_code == 200


def taken(ranges) -> set:
    return {day for one in ranges for day in DateRange(*map(date.fromisoformat, one.values()))}


def codes(answer) -> set[str]:
    return {reason["code"] for reason in answer.json()["data"]["reasons"]}


def test_a_quote_names_the_obstacles(odoo_2, ref):
    odoo_2.booked(SNOW_BLOWER, LATER)
    odoo_2.staff.set_calendar(closed={LATER.start: "Founders' day"})
    said = quote(odoo_2, ref, LATER).json()["data"]
    assert said["bookable"] is False
    assert {reason["code"] for reason in said["reasons"]} == {"taken", "closed_start"}


def test_a_change_is_answered_with_the_booking_as_it_is_now(odoo_2, ref):
    before = odoo_2.booking(ref)
    answer = change(odoo_2, ref, LATER)
    assert answer.status_code == 200
    after = answer.json()["data"]
    assert after == odoo_2.booking(ref)
    expected = {**range_body(LATER), "total_amount": 300, "version": before["version"] + 1}
    assert {name: after[name] for name in expected} == expected
    assert odoo_2.book(SNOW_BLOWER, FREE).status_code == 201


def test_a_change_to_taken_days_is_409(odoo_2, ref):
    odoo_2.booked(SNOW_BLOWER, LATER)
    before = odoo_2.booking(ref)
    answer = change(odoo_2, ref, LATER)
    assert (answer.status_code, answer.json()["error"]) == (409, "taken")
    assert odoo_2.booking(ref) == before


def test_a_change_to_days_that_are_against_the_rules_is_400_with_the_reasons(odoo_2):
    ref = odoo_2.booked(SKID_STEER, FREE)
    answer = change(odoo_2, ref, ahead(60, 1))
    assert answer.status_code == 400
    assert [reason["code"] for reason in answer.json()["reasons"]] == ["too_short"]


def test_a_change_of_an_older_version_is_409(odoo_2, ref):
    version = odoo_2.booking(ref)["version"]
    odoo_2.staff.confirm(ref)
    for answer in (change(odoo_2, ref, LATER, version), cancel(odoo_2, ref, version)):
        assert (answer.status_code, answer.json()["error"]) == (409, "version")
    assert odoo_2.booking(ref)["state"] == "confirmed"


def test_a_customer_cancels(odoo_2, ref):
    answer = cancel(odoo_2, ref)
    assert answer.status_code == 200
    booking = answer.json()["data"]
    assert (booking["state"], booking["cancellation_reason"]) == ("cancelled", "Rain")
    assert odoo_2.book(SNOW_BLOWER, FREE).status_code == 201


def test_a_customer_cancels_a_booking_of_a_retired_machine(odoo_2, ref):
    odoo_2.staff.retire(SNOW_BLOWER)
    assert cancel(odoo_2, ref).status_code == 200


def test_the_same_request_under_the_same_key_is_answered_again(odoo_2, ref):
    version = odoo_2.booking(ref)["version"]
    answers = [change(odoo_2, ref, LATER, version, "again") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert odoo_2.booking(ref)["version"] == version + 1
    version += 1
    answers = [cancel(odoo_2, ref, version, "and again") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert odoo_2.booking(ref)["version"] == version + 1


def test_another_request_under_the_same_key_is_422(odoo_2, ref):
    change(odoo_2, ref, LATER, attempt="once")
    assert change(odoo_2, ref, LONGER, attempt="once").status_code == 422


@pytest.mark.parametrize("call", [change, cancel])
def test_a_change_without_a_key_for_the_attempt_is_400(odoo_2, ref, call):
    arguments = (LATER,) if call is change else ()
    assert call(odoo_2, ref, *arguments, attempt=None).status_code == 400


def test_close_to_the_first_day_it_is_too_late(odoo_2):
    ref = odoo_2.booked(SNOW_BLOWER, ahead(5, 2))
    odoo_2.staff.set_change_hours(24 * 10)
    first_day = datetime.combine(ahead(5, 2).start, datetime.min.time(), ZONE)
    for answer in (change(odoo_2, ref, LATER), cancel(odoo_2, ref)):
        assert (answer.status_code, answer.json()["error"]) == (403, "too_late")
        until = datetime.fromisoformat(answer.json()["until"])
        assert until == first_day - timedelta(hours=24 * 10)
    odoo_2.staff.set_change_hours(1)
    assert change(odoo_2, ref, LATER, attempt="in time").status_code == 200


def test_a_rental_that_is_out_can_be_extended_but_neither_moved_nor_cancelled(odoo_2):
    ref = odoo_2.booked(4, ahead(0, 2))
    odoo_2.staff.confirm(ref)
    odoo_2.staff.pick_up(ref)
    answer = change(odoo_2, ref, ahead(0, 4))
    assert answer.status_code == 200
    assert answer.json()["data"]["date_to"] == ahead(0, 4).end.isoformat()
    assert answer.json()["data"]["state"] == "picked_up"
    moved = change(odoo_2, ref, ahead(1, 4), attempt="moved")
    assert (moved.status_code, moved.json()["error"]) == (403, "too_late")
    cancelled = cancel(odoo_2, ref)
    assert (cancelled.status_code, cancelled.json()["error"]) == (403, "too_late")


def test_a_rental_that_is_overdue_cannot_be_extended(odoo_2):
    ref = odoo_2.booked(4, ahead(0, 2))
    odoo_2.staff.confirm(ref)
    odoo_2.staff.pick_up(ref)
    odoo_2.staff.revise(ref, **range_body(ahead(-3, 2)))
    assert "too_late" in codes(quote(odoo_2, ref, ahead(-3, 6)))
    answer = change(odoo_2, ref, ahead(-3, 6))
    assert (answer.status_code, answer.json()["error"]) == (403, "too_late")


def test_a_quote_after_the_deadline_is_refused_as_too_late(odoo_2, ref):
    odoo_2.staff.set_change_hours(24 * 90)
    said = quote(odoo_2, ref, LATER).json()["data"]
    assert (said["bookable"], [reason["code"] for reason in said["reasons"]]) == (False, ["too_late"])


def test_an_extension_onto_the_next_rental_is_taken(odoo_2):
    ref = odoo_2.booked(4, ahead(0, 2))
    odoo_2.booked(4, ahead(2, 2))
    odoo_2.staff.confirm(ref)
    odoo_2.staff.pick_up(ref)
    answer = change(odoo_2, ref, ahead(0, 3))
    assert (answer.status_code, answer.json()["error"]) == (409, "taken")


@pytest.mark.parametrize("call", ["quote", "change", "cancel"])
def test_an_unknown_or_deleted_booking_cannot_be_changed(odoo_2, ref, call):
    body = {**range_body(LATER), "version": 1, "reason": ""}
    odoo_2.staff.cancel(ref, "Rain")
    odoo_2.staff.delete(ref)
    codes = [odoo_2.post(f"booking/{each}/{call}", body, attempt=each).status_code for each in ("BK-1", ref)]
    assert codes == [404, 410]
