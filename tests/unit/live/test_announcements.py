from datetime import UTC, datetime

import pytest

from lco.changes.log import Change, ChangeId
from lco.live.announcements import SENTENCES, sentence
from lco.live.event_feed import PUBLIC_EVENT_TYPES

BLOWER = {"vehicle_id": 1, "vehicle_name": "Professional Snow Blower"}


def said(kind, topic="vehicle:1", **data):
    return sentence(Change(ChangeId(1, 0), datetime(2026, 12, 1, tzinfo=UTC), topic, kind, data))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("available", "Professional Snow Blower: available now"),
        ("reserved", "Professional Snow Blower: now reserved"),
        ("rented", "Professional Snow Blower: now rented out"),
        ("maintenance", "Professional Snow Blower: now in maintenance"),
        ("sold", "Professional Snow Blower: sold"),
        ("on the moon", "Professional Snow Blower: availability has changed"),
    ],
)
def test_every_status_has_its_announcement(status, words):
    assert said("availability.changed", **BLOWER, availability_status=status) == words


def test_maintenance_is_announced_with_its_end_where_it_is_known():
    fields = {**BLOWER, "in_maintenance": True}
    assert said("maintenance.status", **fields, maintenance_until="2026-12-03") == (
        "Professional Snow Blower: now in maintenance until Dec 3"
    )
    assert said("maintenance.status", **fields, maintenance_until=None) == (
        "Professional Snow Blower: now in maintenance"
    )
    assert said("maintenance.status", **BLOWER, in_maintenance=False) == (
        "Professional Snow Blower: maintenance is over"
    )


def test_maintenance_found_by_the_next_reading_is_announced_from_the_status():
    assert said("maintenance.status", **BLOWER, availability_status="maintenance").endswith("now in maintenance")
    assert said("maintenance.status", **BLOWER, availability_status="available").endswith("maintenance is over")


def test_a_new_price_is_spoken_as_people_read_it():
    fields = {**BLOWER, "currency": "USD"}
    assert said("price.updated", **fields, rental_price_daily=160.0) == (
        "Professional Snow Blower: new price, $160 a day"
    )
    assert said("price.updated", **fields, rental_price_daily=99.5).endswith("$99.50 a day")
    assert said("price.updated", **BLOWER) == "Professional Snow Blower: the price has changed"


def test_coming_and_going_of_machines_is_announced():
    assert said("vehicle.removed", **BLOWER) == "Professional Snow Blower is no longer offered"
    assert said("vehicle.added", **BLOWER) == "A new machine was added: Professional Snow Blower"
    assert said("catalogue.grew", "catalogue", vehicle_id=1) == "A new machine was added"


def test_a_booking_is_spoken_of_on_its_own_page_only():
    assert said("booking.confirmed", "booking:4", booking_ref="BK-1") == "Your booking BK-1 is confirmed"
    assert said("booking.changed", "booking:4") == "Your booking has changed"
    assert said("booking.confirmed", "bookings", booking_ref="BK-1") is None


def test_every_public_kind_has_a_sentence_even_with_no_data():
    for kind in PUBLIC_EVENT_TYPES:
        topic = "booking:1" if kind.startswith("booking.") else "vehicle:1"
        assert said(kind, topic)
    assert SENTENCES.keys() >= PUBLIC_EVENT_TYPES


def test_an_unknown_type_of_event_has_no_sentence():
    assert said("vehicle.painted", **BLOWER) is None


def test_begin_and_end_of_an_outage_of_odoo_are_announced():
    assert "not answering" in said("odoo.away", "odoo")
    assert "answering again" in said("odoo.back", "odoo")
