"""The webhooks of a server of version 2 (docs/odoo-contract.md, section 4.5)."""

from datetime import datetime

import pytest

from tests import serving
from tests.contract.factories import SKID_STEER, SNOW_BLOWER, ahead
from tests.contract.version_2 import range_body

FREE = ahead(60, 4)
TERMS = ("state", "vehicle_id", "date_from", "date_to", "total_amount", "currency")


def events_of(odoo_2, ref, count) -> list[dict]:
    """The first events of this booking, once so many have come."""
    return serving.wait_until(
        lambda: len(events := odoo_2.receiver.about(ref)) >= count and events, f"{count} events of {ref}"
    )


def last_of(odoo_2, event_type, **wanted) -> dict:
    """The newest event of this type with these fields, once there is one."""
    return serving.wait_until(lambda: odoo_2.receiver.of(event_type=event_type, **wanted), event_type)[-1]


def test_every_event_of_a_booking_carries_its_version_and_all_terms(odoo_2):
    ref = odoo_2.booked(4, ahead(0, 3))
    shown = [odoo_2.booking(ref)]
    for step in (odoo_2.staff.confirm, odoo_2.staff.pick_up, odoo_2.staff.take_back):
        step(ref)
        shown.append(odoo_2.booking(ref))
    events = events_of(odoo_2, ref, 4)
    assert [event["event_type"] for event in events] == [
        *("booking.created", "booking.confirmed", "booking.picked_up", "booking.returned"),
    ]
    for event, booking in zip(events, shown, strict=True):
        assert {name: event[name] for name in TERMS} == {name: booking[name] for name in TERMS}
        assert event["version"] == booking["version"]
        assert datetime.fromisoformat(event["at"]).tzinfo


@pytest.mark.parametrize(
    "terms",
    [
        {"date_from": ahead(61, 1).start.isoformat()},
        {"date_to": ahead(66, 1).start.isoformat()},
        {"vehicle_id": SKID_STEER},
        {"total_amount": 123.45},
    ],
)
def test_a_changed_term_is_sent_among_the_changes_beside_all_terms(odoo_2, terms):
    ref = odoo_2.booked(SNOW_BLOWER, FREE)
    odoo_2.staff.revise(ref, **terms)
    event = last_of(odoo_2, "booking.modified", booking_ref=ref)
    booking = odoo_2.booking(ref)
    assert {name: event["changes"][name] for name in terms} == terms
    assert {name: event[name] for name in TERMS} == {name: booking[name] for name in TERMS}
    assert event["version"] == booking["version"]


@pytest.mark.parametrize("terms", [{"pickup_location": "the other yard"}, {"customer_name": "Another Name"}])
def test_a_changed_location_or_name_is_sent(odoo_2, terms):
    ref = odoo_2.booked(SNOW_BLOWER, FREE)
    odoo_2.staff.revise(ref, **terms)
    event = last_of(odoo_2, "booking.modified", booking_ref=ref)
    assert event["version"] == odoo_2.booking(ref)["version"]
    assert {name: event[name] for name in ("date_from", "date_to")} == range_body(FREE)


def test_a_cancellation_is_sent_with_its_reason(odoo_2):
    ref = odoo_2.booked(SNOW_BLOWER, FREE)
    odoo_2.staff.cancel(ref, "Storm damage")
    event = last_of(odoo_2, "booking.cancelled", booking_ref=ref)
    assert (event["cancellation_reason"], event["state"]) == ("Storm damage", "cancelled")


def test_events_of_a_booking_of_a_retired_machine_are_still_sent(odoo_2):
    ref = odoo_2.booked(SNOW_BLOWER, FREE)
    odoo_2.staff.retire(SNOW_BLOWER)
    odoo_2.staff.cancel(ref, "Stolen")
    assert last_of(odoo_2, "booking.cancelled", booking_ref=ref)["version"] == odoo_2.booking(ref)["version"]


def test_a_vehicle_is_sent_with_its_version(odoo_2):
    odoo_2.staff.change_vehicle(SKID_STEER, rental_price_daily=461)
    event = last_of(odoo_2, "price.updated", rental_price_daily=461)
    assert event["version"] == odoo_2.data(f"vehicle/{SKID_STEER}")["version"]
    assert datetime.fromisoformat(event["at"]).tzinfo


def test_two_changes_of_one_vehicle_have_rising_versions(odoo_2):
    for price in (461, 462):
        odoo_2.staff.change_vehicle(SKID_STEER, rental_price_daily=price)
    first, second = (last_of(odoo_2, "price.updated", rental_price_daily=price) for price in (461, 462))
    assert first["version"] < second["version"]


def test_a_new_calendar_and_a_new_storefront_are_sent(odoo_2):
    odoo_2.staff.set_calendar(closed={FREE.start: "Founders' day"})
    odoo_2.staff.set_storefront(name="Another Name")
    for event_type in ("calendar.updated", "storefront.updated"):
        event = last_of(odoo_2, event_type)
        assert event["endpoint"] == "inventory"
        assert isinstance(event["version"], int)
