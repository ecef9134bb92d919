"""The one check behind availability, booking and the list (docs/odoo-contract.md, section 4.2)."""

import random
from datetime import date, timedelta

import pytest

from lco.domain.date_range import DateRange
from tests.contract.factories import IN_MAINTENANCE, SKID_STEER, SNOW_BLOWER, ahead
from tests.contract.version_2 import range_body

FREE = ahead(60, 4)
WEEK = 7


def codes(answer) -> list[str]:
    return [reason["code"] for reason in answer["reasons"]]


def listed(odoo_2, days) -> set[int]:
    query = {"available_from": days.start.isoformat(), "available_to": days.end.isoformat()}
    return {vehicle["id"] for vehicle in odoo_2.data("vehicles", limit=100, **query)}


def refused(odoo_2, vehicle_id, days, code, limit=None) -> None:
    """Every way to ask is refused, for this reason."""
    answer = odoo_2.availability(vehicle_id, days)
    assert answer["bookable"] is False
    assert code in codes(answer)
    (reason,) = (reason for reason in answer["reasons"] if reason["code"] == code)
    assert reason["message"]
    assert reason.get("limit") == limit
    assert vehicle_id not in listed(odoo_2, days)
    booking = odoo_2.book(vehicle_id, days)
    assert booking.status_code in {400, 409}
    assert code in codes(booking.json())


def test_the_short_form_has_the_limits_and_the_version(odoo_2):
    vehicles = {vehicle["id"]: vehicle for vehicle in odoo_2.data("vehicles", limit=100)}
    assert (vehicles[SKID_STEER]["minimum_rental_days"], vehicles[SKID_STEER]["maximum_rental_days"]) == (2, 60)
    for vehicle in vehicles.values():
        assert isinstance(vehicle["version"], int)
        assert "pool_id" in vehicle


def test_days_that_can_be_booked_have_no_reasons(odoo_2):
    answer = odoo_2.availability(SNOW_BLOWER, FREE)
    assert (answer["bookable"], answer["reasons"], answer["available"]) == (True, [], True)
    assert SNOW_BLOWER in listed(odoo_2, FREE)
    assert odoo_2.book(SNOW_BLOWER, FREE).status_code == 201


def test_a_rental_that_is_too_short(odoo_2):
    refused(odoo_2, SKID_STEER, ahead(60, 1), "too_short", 2)


def test_a_rental_that_is_too_long(odoo_2):
    refused(odoo_2, SKID_STEER, ahead(60, 61), "too_long", 60)


def test_a_first_day_that_is_too_soon(odoo_2):
    odoo_2.staff.set_calendar(lead_days=3)
    refused(odoo_2, SNOW_BLOWER, ahead(1, 1), "too_soon", 3)
    assert "too_soon" not in codes(odoo_2.availability(SNOW_BLOWER, ahead(3, 2)))


def test_a_first_day_that_is_too_far(odoo_2):
    odoo_2.staff.set_calendar(horizon_days=100)
    refused(odoo_2, SNOW_BLOWER, ahead(101, 2), "too_far", 100)
    assert odoo_2.availability(SNOW_BLOWER, ahead(100, 2))["bookable"] is True


def test_today_after_the_cut_off(odoo_2):
    odoo_2.staff.set_calendar(cut_off="00:00")
    refused(odoo_2, 4, ahead(0, 1), "too_soon", 0)
    odoo_2.staff.set_calendar(cut_off=None)
    assert odoo_2.availability(4, ahead(0, 1))["bookable"] is True


def test_a_closed_first_day_and_a_closed_day_of_return(odoo_2):
    odoo_2.staff.set_calendar(closed={FREE.start: "Founders' day"})
    refused(odoo_2, SNOW_BLOWER, FREE, "closed_start")
    refused(odoo_2, SNOW_BLOWER, DateRange(FREE.start - timedelta(days=3), FREE.start), "closed_return")


def test_a_closed_day_in_between_does_not_matter(odoo_2):
    odoo_2.staff.set_calendar(closed={FREE.start + timedelta(days=1): "Founders' day"})
    assert odoo_2.availability(SNOW_BLOWER, FREE)["bookable"] is True
    assert odoo_2.book(SNOW_BLOWER, FREE).status_code == 201


def test_a_day_off_in_every_week(odoo_2):
    odoo_2.staff.set_day_off(FREE.start.weekday())
    refused(odoo_2, SNOW_BLOWER, FREE, "closed_start")
    later = DateRange(FREE.start + timedelta(days=WEEK), FREE.end + timedelta(days=WEEK))
    refused(odoo_2, SNOW_BLOWER, later, "closed_start")


def test_taken_days(odoo_2):
    odoo_2.booked(SNOW_BLOWER, FREE)
    refused(odoo_2, SNOW_BLOWER, FREE, "taken")
    assert odoo_2.book(SNOW_BLOWER, FREE).status_code == 409


def test_a_machine_in_maintenance(odoo_2):
    refused(odoo_2, IN_MAINTENANCE, ahead(1, 2), "in_maintenance")


def test_a_machine_that_is_only_for_sale(odoo_2):
    odoo_2.staff.change_vehicle(SNOW_BLOWER, listing_type="sale")
    refused(odoo_2, SNOW_BLOWER, FREE, "not_for_rent")


def test_every_reason_is_named(odoo_2):
    odoo_2.staff.set_calendar(closed={ahead(60, 1).start: "Founders' day"}, horizon_days=30)
    answer = odoo_2.availability(SKID_STEER, ahead(60, 1))
    assert {"too_short", "too_far", "closed_start"} <= set(codes(answer))


def test_the_next_free_range_has_the_same_length_and_can_be_booked(odoo_2):
    odoo_2.booked(SNOW_BLOWER, FREE)
    odoo_2.staff.set_calendar(closed={FREE.end: "Founders' day"})
    found = odoo_2.availability(SNOW_BLOWER, FREE)["next_free"]
    start, end = (date.fromisoformat(found[name]) for name in ("date_from", "date_to"))
    assert start == FREE.end + timedelta(days=1)
    assert (end - start).days == 4
    assert odoo_2.book(SNOW_BLOWER, DateRange(start, end)).status_code == 201


def test_there_is_no_next_free_range_of_a_length_that_is_never_rented(odoo_2):
    assert odoo_2.availability(SKID_STEER, ahead(60, 1))["next_free"] is None


def test_bookable_means_that_the_booking_is_accepted(odoo_2):
    """Random machines and days, with a day off, closed days, a horizon and bookings in between."""
    odoo_2.staff.set_day_off(6)
    odoo_2.staff.set_calendar(
        closed={ahead(n, 1).start: "Closed" for n in (5, 12, 33)}, horizon_days=70, lead_days=1
    )
    dice = random.Random(11)
    for _ in range(120):
        vehicle_id, days = dice.randint(1, 15), ahead(dice.randint(0, 75), dice.randint(1, 9))
        said = odoo_2.availability(vehicle_id, days)
        assert said["bookable"] is (not said["reasons"])
        assert (vehicle_id in listed(odoo_2, days)) is said["bookable"]
        answer = odoo_2.book(vehicle_id, days)
        assert (answer.status_code == 201) is said["bookable"], (vehicle_id, days, said, answer.text)


def test_the_calendar_says_all_that_the_check_knows(odoo_2):
    odoo_2.staff.set_day_off(6)
    odoo_2.staff.set_calendar(closed={FREE.start: "Founders' day", FREE.end: "Inventory"}, lead_days=2)
    odoo_2.staff.set_calendar(horizon_days=200, cut_off="15:30")
    query = {"from": FREE.start.isoformat(), "to": FREE.end.isoformat()}
    data = odoo_2.data("calendar", **query)
    assert data["closed"] == [{"date": FREE.start.isoformat(), "reason": "Founders' day"}]
    assert len(data["weekdays"]) == WEEK
    assert data["weekdays"][6] is None
    assert all(hours["opens"] < hours["closes"] for hours in data["weekdays"][:6])
    assert (data["cut_off"], data["lead_days"], data["horizon_days"]) == ("15:30", 2, 200)


@pytest.mark.parametrize("query", [{"from": "soon", "to": "later"}, {"from": "2030-13-01", "to": "2030-13-02"}])
def test_a_calendar_of_invalid_days_is_refused(odoo_2, query):
    assert odoo_2.get("calendar", **query).status_code == 400


def test_busy_days_are_returned_in_one_response(odoo_2):
    odoo_2.booked(SNOW_BLOWER, FREE)
    around = ahead(55, 20)
    query = {"from": around.start.isoformat(), "to": around.end.isoformat()}
    assert odoo_2.data(f"vehicle/{SNOW_BLOWER}/busy", **query) == [range_body(FREE)]


def test_an_inquiry_holds_no_days(odoo_2):
    odoo_2.booked(SNOW_BLOWER, FREE, booking_type="inquiry")
    assert odoo_2.availability(SNOW_BLOWER, FREE)["bookable"] is True
