"""Every cause of an unavailable machine in Odoo shows in the calendar, by `/busy` and by questions."""

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from lco import clock
from lco.availability.month import DayState, first_of
from lco.availability.rules import RentalRules
from lco.availability.service import Availability
from lco.caching.swr import StaleWhileRevalidateCache
from lco.demo.server import running
from lco.domain.business_calendar import BusinessCalendar
from lco.domain.vehicle import Rates, Status, Vehicle
from lco.odoo.client import OdooClient
from lco.odoo.transport import Transport
from tests.odoo.days_ahead import ahead
from tests.odoo.faulty_odoo import Forwarding, Older
from tests.odoo.odoo_server import BOOKING

ZONE = ZoneInfo("America/Chicago")
SHOWN = 60
FREE, BOOKED, BUFFERED, CANCELLED, ASKED_FOR, OVERDUE, LATE_AND_BUFFERED, RETURNED, REPAIRED, BROKEN, SOLD = range(
    1, 12
)
# vehicle, first day, days, state, kind
STAYS = (
    (BOOKED, 5, 3, "draft", "reservation"),
    (BOOKED, 8, 2, "confirmed", "test_drive"),
    (BOOKED, 30, 10, "confirmed", "reservation"),
    (BUFFERED, 10, 3, "confirmed", "reservation"),
    (BUFFERED, 18, 2, "draft", "reservation"),
    (CANCELLED, 5, 3, "cancelled", "reservation"),
    (ASKED_FOR, 5, 3, "draft", "inquiry"),
    (OVERDUE, -6, 4, "picked_up", "reservation"),
    (OVERDUE, 3, 2, "draft", "reservation"),
    (LATE_AND_BUFFERED, -6, 4, "picked_up", "reservation"),
    (RETURNED, -2, 9, "returned", "reservation"),
    (REPAIRED, 6, 4, "confirmed", "reservation"),
)
MACHINES = {
    BUFFERED: {"rental_buffer_days": 2},
    LATE_AND_BUFFERED: {"rental_buffer_days": 2},
    REPAIRED: {"rental_state": "maintenance", "maintenance_until": str(ahead(4))},
    BROKEN: {"rental_state": "maintenance"},
    SOLD: {"rental_state": "sold"},
}
TAKEN = {
    FREE: [],
    BOOKED: [5, 6, 7, 8, 9, *range(30, 40)],
    BUFFERED: [8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21],
    CANCELLED: [],
    ASKED_FOR: [],
    OVERDUE: [0, 3, 4],
    LATE_AND_BUFFERED: [0, 1, 2],
    RETURNED: [],
    REPAIRED: [0, 1, 2, 3, 6, 7, 8, 9],
    BROKEN: list(range(SHOWN)),
    SOLD: list(range(SHOWN)),
}


@pytest.fixture(scope="module")
def busy_odoo(odoo):
    for vehicle_id, values in MACHINES.items():
        odoo.change(vehicle_id, **values)
    (customer,) = odoo.call("res.partner", "create", vals_list=[{"name": "Walk-in"}])
    for vehicle_id, first, days, state, kind in STAYS:
        stay = {
            "vehicle_id": vehicle_id,
            "partner_id": customer,
            "date_from": str(ahead(first)),
            "date_to": str(ahead(first + days)),
            "state": state,
            "booking_type": kind,
        }
        odoo.call(BOOKING, "create", vals_list=[stay])
    return odoo


@pytest.fixture(scope="module")
def older_url(busy_odoo) -> Iterator[str]:
    with running(Older(Forwarding(busy_odoo.url))) as url:
        yield url


@pytest.mark.parametrize("vehicle_id", TAKEN)
def test_the_calendar_equals_that_of_odoo_with_the_call_and_without(busy_odoo, older_url, vehicle_id):
    expected = {ahead(day) for day in TAKEN[vehicle_id]}
    assert taken(busy_odoo.url, vehicle_id) == expected
    assert taken(older_url, vehicle_id) == expected


def taken(url: str, vehicle_id: int) -> set[date]:
    """The taken ones of the next SHOWN days."""
    rules = RentalRules(BusinessCalendar, ZONE)
    availability = Availability(OdooClient(Transport(url)), StaleWhileRevalidateCache(), rules)
    vehicle = Vehicle(vehicle_id, "Machine", "machine", status=Status.AVAILABLE, rates=Rates())
    today = clock.today(ZONE)
    months = [availability.month(vehicle, first_of(today, advance_clock)) for advance_clock in range(4)]
    assert all(month.complete for month in months)
    states = {day: state for month in months for day, state in month.states.items()}
    return {ahead(day) for day in range(SHOWN) if states[ahead(day)] is DayState.TAKEN}
