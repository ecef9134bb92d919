"""Bookings at a real server: placed, refused, and never two for the same days.

Source: docs/odoo-contract.md, section 1.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from lco.domain.date_range import DAY, DateRange
from lco.odoo.errors import BookingInvalid, DatesRefused, VehicleUnknown
from tests.contract.factories import EMAIL, FREE, SKID_STEER, SNOW_BLOWER, ahead, booking, dollars


def test_a_booking_takes_its_days_but_not_the_day_of_return(client):
    client.book(booking())
    taken = [client.quote(SNOW_BLOWER, DateRange(day, day + DAY)).available for day in FREE]
    assert taken == [False] * 4
    assert client.quote(SNOW_BLOWER, FREE).total is None
    assert client.quote(SNOW_BLOWER, DateRange(FREE.end, FREE.end + DAY)).available
    assert client.quote(SNOW_BLOWER, DateRange(FREE.start - DAY, FREE.start)).available
    assert client.quote(SKID_STEER, FREE).available


def test_a_booking_is_placed_with_a_reference_a_price_and_all_that_was_said(client, odoo):
    placed = client.book(booking())
    assert placed.reference.startswith("BK-")
    assert placed.odoo_id
    assert placed.message
    assert placed.total == dollars(600)
    (made,) = odoo.bookings(EMAIL)
    expected = {
        "booking_ref": placed.reference,
        "vehicle_id": SNOW_BLOWER,
        "customer_name": "Ada Müller",
        "customer_phone": "+12185550142",
        "date_from": FREE.start.isoformat(),
        "date_to": FREE.end.isoformat(),
        "booking_type": "reservation",
        "pickup_location": "yard",
        "return_location": "home",
        "message": "Häuser & <Höfe>",
    }
    assert {name: made[name] for name in expected} == expected


@pytest.mark.parametrize("kind", ["inquiry", "reservation", "test_drive"])
def test_every_kind_of_booking_is_taken(client, kind):
    assert client.book(booking(kind=kind)).reference


@pytest.mark.parametrize("overlap", [FREE, FREE.shift(DAY * 3), FREE.shift(-DAY * 3), ahead(61, 1), ahead(50, 30)])
def test_taken_days_are_refused_with_409(client, odoo, overlap):
    client.book(booking())
    with pytest.raises(DatesRefused) as error:
        client.book(booking(days=overlap))
    assert error.value.upstream_status == 409
    assert len(odoo.bookings(EMAIL)) == 1


def test_days_that_only_touch_are_not_refused(client):
    client.book(booking())
    assert client.book(booking(days=DateRange(FREE.end, FREE.end + DAY * 2))).reference


def test_of_twenty_bookings_at_once_one_is_placed(client, odoo):
    def placed(_: int) -> bool:
        try:
            client.book(booking())
        except DatesRefused:
            return False
        return True

    with ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(placed, range(20))) == 1
    assert len(odoo.bookings(EMAIL)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"email": "no-address"},
        {"phone": ""},
        {"kind": "gift"},
        {"days": ahead(-3, 5)},
        {"days": ahead(60, 400)},
    ],
)
def test_an_invalid_booking_has_the_sentence_of_odoo(client, odoo, changes):
    with pytest.raises(BookingInvalid) as error:
        client.book(booking(**changes))
    assert error.value.upstream_status == 400
    assert error.value.message != BookingInvalid.message
    assert odoo.bookings(EMAIL) == []


def test_a_booking_or_quote_for_an_unknown_vehicle_is_refused_with_404(client):
    with pytest.raises(VehicleUnknown):
        client.book(booking(vehicle_id=999))
    with pytest.raises(VehicleUnknown):
        client.quote(999, FREE)
