"""The site's own client of version 2: bookings and their changes, read (docs/odoo-contract.md, section 4.3)."""

import pytest

from lco.domain.booking import State
from lco.odoo.client import OdooClient
from lco.odoo.contract import Contract
from lco.odoo.errors import KeyRequired, RecordDeleted, VehicleUnknown
from lco.odoo.transport import Transport
from tests.contract.factories import SNOW_BLOWER, ahead, booking
from tests.contract.version_2 import KEY

FREE = ahead(60, 4)


@pytest.fixture
def client(odoo_2):
    return OdooClient(Transport(odoo_2.base_url, KEY))


@pytest.fixture
def placed(client):
    return client.book(booking(), "key-1")


def test_the_version_says_that_bookings_can_be_read(client, odoo_2):
    assert client.contract() == 2
    assert Contract(client, has_key=True).reads_bookings()
    assert not Contract(client, has_key=False).reads_bookings()


def test_a_booking_is_read_with_all_its_terms(client, placed, odoo_2):
    event = client.booking(placed.reference)
    assert (event.state, event.vehicle_id) == (State.BOOKED, SNOW_BLOWER)
    assert (event.start, event.end) == (FREE.start, FREE.end)
    assert (event.pickup_location, event.return_location) == ("yard", "home")
    assert event.amount == placed.total.amount
    odoo_2.staff.confirm(placed.reference)
    later = client.booking(placed.reference)
    assert (later.state, later.version > event.version) == (State.CONFIRMED, True)


def test_a_booking_is_found_by_its_key_and_an_unknown_key_is_not(client, placed):
    assert client.booking_by_key("key-1").reference == placed.reference
    assert client.booking_by_key("key-2") is None


def test_the_feed_returns_each_change_after_the_cursor(client, placed, odoo_2):
    cursor = client.changes(None).next_cursor
    odoo_2.staff.confirm(placed.reference)
    page = client.changes(cursor)
    assert {row.reference for row in page.rows} == {placed.reference}
    assert client.changes(page.next_cursor).rows == ()


def test_an_expired_cursor_and_a_deleted_or_unknown_booking_raise_different_errors(client, placed, odoo_2):
    cursor = client.changes(None).next_cursor
    odoo_2.staff.cancel(placed.reference, "no snow")
    odoo_2.staff.delete(placed.reference)
    with pytest.raises(RecordDeleted):
        client.booking(placed.reference)
    with pytest.raises(VehicleUnknown):
        client.booking("BK-unknown")
    odoo_2.staff.restore_database()
    with pytest.raises(RecordDeleted):
        client.changes(cursor)


def test_all_bookings_are_read_page_by_page(client, placed):
    references, next_id = set(), 0
    while next_id is not None:
        page = client.bookings(next_id)
        references |= {event.reference for event in page.events}
        next_id = page.next_id
    assert placed.reference in references


def test_an_odoo_without_a_key_shows_no_bookings(client, placed, odoo_2):
    odoo_2.staff.set_key("")
    with pytest.raises(KeyRequired):
        client.booking(placed.reference)
