"""The .ics file of a booking, read back by icalendar."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from icalendar import Calendar

from lco.bookings.ical import calendar_entry
from lco.domain.booking import Booking, BookingRequest, State
from lco.settings import Settings
from tests.app.bookings.fakes import DAYS, usd

BOOKING = Booking(
    id=12,
    token="secret-token",
    state=State.BOOKED,
    request=BookingRequest(
        7, DAYS, "Ada", "ada@example.com", "+12185550142", pickup_location="Dock 3, left; rear"
    ),
    vehicle_name="Zero-Turn Mower",
    reference="BK-1",
    odoo_id=1,
    odoo_message="",
    total=usd("640"),
    reason="",
    created_at=datetime(2029, 12, 1, 12, tzinfo=UTC),
    changed_at=datetime(2029, 12, 2, 12, tzinfo=UTC),
    changes=0,
)


def parsed(booking: Booking):
    calendar = Calendar.from_ical(calendar_entry(booking, Settings().business(), "https://rent.example"))
    (event,) = calendar.walk("VEVENT")
    return calendar, event


def test_the_entry_covers_whole_days_up_to_the_day_of_return():
    _, event = parsed(BOOKING)
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (date(2030, 1, 7), date(2030, 1, 11))
    assert event["DTSTART"].params["VALUE"] == "DATE"
    assert event["DTEND"].params["VALUE"] == "DATE"


def test_the_entry_has_summary_location_and_reference():
    _, event = parsed(BOOKING)
    assert event["SUMMARY"] == "Rental: Zero-Turn Mower"
    assert event["LOCATION"] == "Dock 3, left; rear"
    assert "Booking number: BK-1\nTotal: $640\n" in event["DESCRIPTION"]
    assert event["URL"] == "https://rent.example/bookings/secret-token"
    assert event["ORGANIZER"] == "mailto:rentals@lco.example"
    assert event["DTSTAMP"].dt == BOOKING.changed_at


def test_without_a_location_the_entry_is_at_the_business():
    _, event = parsed(replace(BOOKING, request=replace(BOOKING.request, pickup_location="")))
    assert event["LOCATION"] == Settings().business_address


@pytest.mark.parametrize(
    ("state", "status", "method"),
    [
        (State.REQUESTED, "TENTATIVE", "PUBLISH"),
        (State.PLACING, "TENTATIVE", "PUBLISH"),
        (State.CHECKING, "TENTATIVE", "PUBLISH"),
        (State.BOOKED, "TENTATIVE", "PUBLISH"),
        (State.CONFIRMED, "CONFIRMED", "PUBLISH"),
        (State.DECLINED, "CANCELLED", "CANCEL"),
        (State.CANCELLED, "CANCELLED", "CANCEL"),
        (State.EXPIRED, "CANCELLED", "CANCEL"),
    ],
)
def test_every_state_has_a_status_and_a_method(state, status, method):
    calendar, event = parsed(replace(BOOKING, state=state))
    assert (event["STATUS"], calendar["METHOD"]) == (status, method)


def test_a_change_replaces_the_entry_a_calendar_has():
    _, before = parsed(BOOKING)
    _, after = parsed(replace(BOOKING, state=State.CANCELLED, changes=2))
    assert before["UID"] == after["UID"]
    assert (before["SEQUENCE"], after["SEQUENCE"]) == (0, 2)
    assert parsed(replace(BOOKING, token="another"))[1]["UID"] != before["UID"]
    assert "secret-token" not in before["UID"]


def test_nothing_in_a_name_can_break_the_file():
    _, event = parsed(replace(BOOKING, vehicle_name="Saw\r\nEND:VEVENT\r\nX:1; 2, 3 \\ " + "é" * 200))
    assert "END:VEVENT" in event["SUMMARY"]
    assert "X" not in event


def test_the_same_booking_is_the_same_file():
    assert calendar_entry(BOOKING, Settings().business(), "x") == calendar_entry(
        BOOKING, Settings().business(), "x"
    )
