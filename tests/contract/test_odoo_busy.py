"""Which days are taken: in one response, and from an Odoo without that call with one request for each range."""

from collections.abc import Iterator

import pytest

from lco import clock
from lco.availability.month import Month, first_of
from lco.availability.rules import RentalRules
from lco.availability.service import Availability
from lco.caching.swr import StaleWhileRevalidateCache
from lco.demo.server import running
from lco.domain.business_calendar import BusinessCalendar
from lco.domain.date_range import DAY
from lco.domain.vehicle import Rates, Status, Vehicle
from lco.odoo.client import OdooClient
from lco.odoo.errors import CallUnknown, VehicleUnknown
from lco.odoo.transport import Transport
from tests.contract.factories import (
    FREE,
    IN_MAINTENANCE,
    RENTED,
    SKID_STEER,
    SNOW_BLOWER,
    ZONE,
    ahead,
    booking,
)
from tests.odoo.faulty_odoo import Forwarding, Older

MACHINES = (SNOW_BLOWER, SKID_STEER, RENTED, IN_MAINTENANCE)


@pytest.fixture
def older(odoo) -> Iterator[OdooClient]:
    with running(Older(Forwarding(odoo.url))) as url:
        yield OdooClient(Transport(url))


def months(client: OdooClient, vehicle_id: int) -> list[Month]:
    """The calendar of this month and the three after it."""
    rules = RentalRules(BusinessCalendar, ZONE)
    availability = Availability(client, StaleWhileRevalidateCache(), rules)
    vehicle = Vehicle(vehicle_id, "Machine", "machine", status=Status.AVAILABLE, rates=Rates())
    today = clock.today(ZONE)
    return [availability.month(vehicle, first_of(today, advance_clock)) for advance_clock in range(4)]


@pytest.mark.parametrize("vehicle_id", MACHINES)
def test_calendars_are_the_same_with_the_call_and_without(client, older, vehicle_id):
    for days in (FREE, FREE.shift(DAY * 4), FREE.shift(DAY * -6)):
        client.book(booking(days=days))
    by_busy, by_questions = months(client, vehicle_id), months(older, vehicle_id)
    assert all(month.complete for month in by_busy)
    assert by_busy == by_questions


def test_a_booking_is_busy_on_its_days_but_not_on_the_day_of_return(client):
    client.book(booking())
    around = ahead(50, 30)
    busy = {day for days in client.busy(SNOW_BLOWER, around) for day in days}
    assert busy == set(FREE)


def test_an_older_odoo_has_no_such_call_and_is_well(client, older):
    for asked in (lambda: older.busy(SNOW_BLOWER, FREE), lambda: unknown_call(client)):
        with pytest.raises(CallUnknown):
            asked()
    assert older.quote(SNOW_BLOWER, FREE).available


def unknown_call(client: OdooClient) -> None:
    client.transport.read("unheard of", "GET", "/api/fleet/vehicle/1/unheard-of", optional=True)


def test_an_unknown_vehicle_is_not_an_unknown_call(client):
    with pytest.raises(VehicleUnknown):
        client.busy(999, FREE)
