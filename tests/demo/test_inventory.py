import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lco import clock
from lco.demo.booking_service import BookingService
from lco.demo.bookings import Customer, Stay
from lco.demo.inventory import Inventory
from lco.demo.refusals import DatesTaken

MIXER, CHIPPER, EXCAVATOR, DETHATCHER = 12, 10, 6, 11
SKID_STEER_MINIMUM = 2


@st.composite
def stays(draw):
    start = date(2026, 1, 1) + timedelta(days=draw(st.integers(0, 30)))
    return Stay(start, start + timedelta(days=draw(st.integers(1, 12))))


@given(stays(), stays())
def test_two_stays_overlap_exactly_when_they_share_a_day(one, other):
    def days(stay):
        return {stay.start + timedelta(days=number) for number in range(stay.days)}

    assert one.overlaps(other) == bool(days(one) & days(other))


@pytest.mark.parametrize(("first", "last"), [(18, 21), (24, 27), (20, 25), (21, 24), (19, 26)])
def test_a_taken_range_is_refused_with_409(odoo, request_for, first, last):
    assert odoo.post("/api/fleet/booking", json=request_for(MIXER, 20, 25)).status_code == 201
    refused = odoo.post("/api/fleet/booking", json=request_for(MIXER, first, last))
    assert refused.status_code == 409
    assert refused.json["success"] is False
    assert "not available" in refused.json["message"]


@pytest.mark.parametrize(("first", "last"), [(18, 20), (25, 27)])
def test_a_rental_may_begin_on_the_day_another_ends(odoo, request_for, first, last):
    odoo.post("/api/fleet/booking", json=request_for(MIXER, 20, 25))
    assert odoo.post("/api/fleet/booking", json=request_for(MIXER, first, last)).status_code == 201


def test_of_fifty_bookings_at_once_one_is_made(make_demo, request_for):
    app = make_demo()
    body = request_for(MIXER, 20, 25)
    with ThreadPoolExecutor(50) as pool:
        codes = list(
            pool.map(lambda _: app.test_client().post("/api/fleet/booking", json=body).status_code, range(50))
        )
    assert sorted(codes) == [201] + [409] * 49


def test_no_booking_slips_in_between_the_check_and_the_entry():
    """The clock is read between the two, and here it takes its time."""

    def slow_clock():
        time.sleep(0.001)
        return datetime(2026, 1, 1, tzinfo=UTC)

    inventory = Inventory(slow_clock, publish=lambda *_: None)
    bookings = BookingService(inventory)
    stay = Stay(date(2026, 2, 1), date(2026, 2, 5))

    def attempt(number):
        try:
            return bookings.book(MIXER, stay, Customer(f"Customer {number}", "", ""))
        except DatesTaken:
            return None

    with ThreadPoolExecutor(20) as pool:
        made = [booking for booking in pool.map(attempt, range(20)) if booking]
    assert [booking for booking in bookings.all() if booking.vehicle_id == MIXER] == made
    assert len(made) == 1


def test_a_cancelled_booking_frees_its_days(odoo, request_for):
    ref = odoo.post("/api/fleet/booking", json=request_for(MIXER, 20, 25)).json["booking_ref"]
    odoo.post(f"/demo/bookings/{ref}/cancel")
    assert odoo.post("/api/fleet/booking", json=request_for(MIXER, 20, 25)).status_code == 201


def test_a_booking_may_move_onto_its_own_days_but_not_onto_others(odoo, request_for, day):
    ref = odoo.post("/api/fleet/booking", json=request_for(MIXER, 20, 25)).json["booking_ref"]
    odoo.post("/api/fleet/booking", json=request_for(MIXER, 27, 29))
    onto_itself = odoo.post(f"/demo/bookings/{ref}/move", json={"date_from": day(22), "date_to": day(27)})
    onto_others = odoo.post(f"/demo/bookings/{ref}/move", json={"date_from": day(22), "date_to": day(28)})
    assert (onto_itself.status_code, onto_others.status_code) == (200, 409)


def test_a_vehicle_is_reserved_on_the_days_a_booking_covers(odoo, request_for):
    odoo.post("/api/fleet/booking", json=request_for(MIXER, 2, 4))
    statuses = []
    for ahead in range(5):
        with clock.moved(timedelta(days=ahead)):
            statuses.append(status_of(odoo, MIXER))
    assert statuses == ["available", "available", "reserved", "reserved", "available"]


def test_a_status_set_by_hand_stands_over_bookings(odoo, request_for):
    odoo.post("/api/fleet/booking", json=request_for(MIXER, 0, 2))
    odoo.post(f"/demo/vehicles/{MIXER}", json={"availability_status": "rented"})
    assert status_of(odoo, MIXER) == "rented"


def test_maintenance_blocks_every_day_before_its_end(odoo, day):
    odoo.post(f"/demo/vehicles/{MIXER}", json={"in_maintenance": True, "maintenance_until": day(5)})
    assert status_of(odoo, MIXER) == "maintenance"
    assert [is_free(odoo, MIXER, day(first), day(8)) for first in (4, 5)] == [False, True]
    with clock.moved(timedelta(days=5)):
        assert status_of(odoo, MIXER) == "available"


@pytest.mark.parametrize("status", ["sold", "maintenance"])
def test_sold_and_maintenance_without_an_end_block_every_day(odoo, day, status):
    odoo.post(f"/demo/vehicles/{MIXER}", json={"availability_status": status})
    assert not is_free(odoo, MIXER, day(50), day(51))


def test_a_new_maintenance_does_not_inherit_the_end_of_the_last(odoo, day):
    odoo.post(f"/demo/vehicles/{MIXER}", json={"in_maintenance": True, "maintenance_until": day(5)})
    odoo.post(f"/demo/vehicles/{MIXER}", json={"in_maintenance": False})
    assert is_free(odoo, MIXER, day(1), day(3))
    odoo.post(f"/demo/vehicles/{MIXER}", json={"in_maintenance": True})
    assert not is_free(odoo, MIXER, day(50), day(51))


def test_ending_maintenance_leaves_a_sold_machine_sold(odoo):
    odoo.post(f"/demo/vehicles/{MIXER}", json={"availability_status": "sold"})
    odoo.post(f"/demo/vehicles/{MIXER}", json={"in_maintenance": False})
    assert status_of(odoo, MIXER) == "sold"


def test_the_start_has_one_rented_one_in_maintenance_and_one_reserved_machine(odoo):
    started = {
        vehicle["availability_status"]: vehicle["id"]
        for vehicle in odoo.get("/api/fleet/vehicles").json["data"]
        if vehicle["availability_status"] != "available"
    }
    assert started == {"rented": EXCAVATOR, "maintenance": DETHATCHER, "reserved": CHIPPER}


def test_no_two_bookings_of_the_start_overlap(odoo):
    bookings = odoo.get("/demo/state").json["bookings"]
    days = [
        (booking["vehicle_id"], date.fromisoformat(booking["date_from"]) + timedelta(days=number))
        for booking in bookings
        for number in range(
            (date.fromisoformat(booking["date_to"]) - date.fromisoformat(booking["date_from"])).days
        )
    ]
    assert len(days) == len(set(days)) > 20


def test_generated_vehicles_come_on_top_and_are_the_same_at_every_start(make_demo):
    first, second = (make_demo(extra_vehicles=40).test_client() for _ in range(2))
    listed = first.get("/api/fleet/vehicles?limit=100").json
    assert listed["pagination"]["total"] == 55
    assert listed == second.get("/api/fleet/vehicles?limit=100").json


def status_of(odoo, vehicle_id):
    return odoo.get(f"/api/fleet/vehicle/{vehicle_id}").json["data"]["availability_status"]


def is_free(odoo, vehicle_id, first, last):
    asked = {"vehicle_id": vehicle_id, "date_from": first, "date_to": last}
    return odoo.post("/api/fleet/availability", json=asked).json["available"]
