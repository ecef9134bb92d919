"""Calendars as pages show them, from an Odoo with the call for busy days and from one without."""

from datetime import timedelta

import pytest

from lco import clock
from tests.wire import OdooAtTheWire

HTMX = {"HX-Request": "true"}
NEWER = "http://newer-odoo.test"
BUSY = "GET /api/fleet/vehicle/{}/busy"
QUESTION = "POST /api/fleet/availability"


@pytest.fixture
def newer(requests_mock):
    odoo = OdooAtTheWire(NEWER, requests_mock, busy=True)
    yield odoo
    odoo.close()


@pytest.fixture
def months(settings) -> list[str]:
    """This month and the next, in which the demo has its bookings."""
    today = clock.today(settings.timezone)
    return [f"{today:%Y-%m}", f"{today.replace(day=28) + timedelta(days=7):%Y-%m}"]


def calendar(client, vehicle_id: int, month: str) -> str:
    answer = client.get(f"/equipment/{vehicle_id}/calendar?month={month}", headers=HTMX)
    assert answer.status_code == 200
    return answer.text


def test_every_machine_has_the_same_calendar_from_either(client, odoo, newer, make_app, months, advance_clock):
    renewed = make_app(odoo_url=NEWER).test_client()
    for vehicle_id in range(1, 16):
        advance_clock(timedelta(seconds=45))  # no visitor looks at 30 calendars at once, so no budget is for that
        for month in months:
            shown = calendar(renewed, vehicle_id, month)
            assert shown == calendar(client, vehicle_id, month)
    assert newer.asked.count(QUESTION) == 0
    assert [asked.endswith("/busy") for asked in odoo.asked].count(True) < 5


def test_all_calendars_of_a_newer_odoo_are_one_question(newer, make_app, months):
    client = make_app(odoo_url=NEWER).test_client()
    assert 'class="taken"' in calendar(client, 3, months[0]) + calendar(client, 3, months[1])
    assert newer.asked.count(BUSY.format(3)) == 1
    assert newer.asked.count(QUESTION) == 0


def test_a_month_with_bookings_of_an_older_odoo_is_many_questions(client, odoo, months):
    for month in months:
        calendar(client, 3, month)
    assert odoo.asked.count(QUESTION) > 2
    assert odoo.asked.count(BUSY.format(3)) == 1
