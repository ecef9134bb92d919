"""Every way in which a real server may fail, and the client's result."""

import pytest

from lco.errors import OdooError, OdooUnavailable
from lco.odoo.client import OdooClient
from lco.odoo.errors import DatesRefused, OutcomeUnknown
from lco.odoo.transport import Transport
from tests.contract.factories import EMAIL, FREE, RENTED, SNOW_BLOWER, ahead, booking
from tests.serving import free_port

AROUND_TODAY = ahead(-5, 10)
BROKEN = ("errors", "html", "nonsense", "down", "reset", "hang")
CALLS = {
    "vehicles": lambda client: client.vehicles(),
    "vehicle": lambda client: client.vehicle(SNOW_BLOWER),
    "quote": lambda client: client.quote(SNOW_BLOWER, FREE),
    "busy": lambda client: client.busy(RENTED, AROUND_TODAY),
    "brands": lambda client: client.brands(),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("mode", BROKEN)
def test_a_read_from_a_broken_odoo_is_an_error_and_works_again_afterwards(client, odoo, mode, call):
    odoo.fail(mode)
    with pytest.raises(OdooError) as error:
        CALLS[call](client)
    assert error.type is OdooError
    odoo.fail("off")
    client.transport.breaker.succeeded()
    assert CALLS[call](client)


@pytest.mark.parametrize("call", CALLS)
def test_a_slow_odoo_is_only_slow(client, odoo, call):
    odoo.fail("slow")
    assert CALLS[call](client)


@pytest.mark.parametrize("mode", BROKEN)
def test_a_booking_with_a_broken_odoo_is_made_at_most_once(client, odoo, mode):
    odoo.fail(mode)
    with pytest.raises(OutcomeUnknown):
        client.book(booking())
    assert odoo.bookings(EMAIL) == []


def test_a_booking_whose_answer_is_lost_is_made_once_and_its_outcome_unknown(client, odoo):
    odoo.fail("lost")
    with pytest.raises(OutcomeUnknown):
        client.book(booking())
    assert len(odoo.bookings(EMAIL)) == 1


def test_a_booking_that_is_sent_again_under_its_key_is_not_made_again(client, odoo):
    """An Odoo that knows the key answers as it did the first time; any other refuses, and nothing worse."""
    odoo.fail("lost")
    with pytest.raises(OutcomeUnknown):
        client.book(booking(), "the key of this booking")
    odoo.fail("off")
    (made,) = odoo.bookings(EMAIL)
    if odoo.knows_keys:
        assert client.book(booking(), "the key of this booking").reference == made["booking_ref"]
    with pytest.raises(DatesRefused):
        client.book(booking(), "another key")
    with pytest.raises((DatesRefused, OutcomeUnknown)):
        client.book(booking(name="Another"), "the key of this booking")
    assert len(odoo.bookings(EMAIL)) == 1


def test_pictures_are_gone_when_odoo_is_down(client, odoo):
    odoo.fail("down")
    with pytest.raises(OdooError):
        client.image("fleet.vehicle/1/image_1920/480x360")


def test_a_wrong_date_is_an_error(client, odoo):
    """Today's Odoo and the demo answer 500, where our module answers 400. The site's own forms never send one."""
    body = {"vehicle_id": SNOW_BLOWER, "date_from": "soon", "date_to": "advance_clock"}
    with pytest.raises(OdooError) as error:
        client.transport.read("availability", "POST", "/api/fleet/availability", json=body)
    assert error.type is odoo.wrong_date


def test_an_odoo_that_is_not_there_is_away():
    unreachable = OdooClient(Transport(f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(OdooUnavailable):
        unreachable.vehicles()
    with pytest.raises(OdooUnavailable):
        unreachable.book(booking())
