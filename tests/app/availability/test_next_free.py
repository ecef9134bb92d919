"""A machine that is taken on the chosen days names the next days on which it can be had."""

from collections.abc import Iterator

import pytest

from lco import clock
from lco.domain.date_range import DAY
from tests.serving import wait_until
from tests.wire import OdooAtTheWire


@pytest.fixture
def odoo(settings, requests_mock) -> Iterator[OdooAtTheWire]:
    odoo = OdooAtTheWire(settings.odoo_url, requests_mock, contract=2)
    yield odoo
    odoo.close()


def test_card_of_a_taken_machine_leads_to_its_next_free_days(client, odoo, settings):
    first = clock.today(settings.timezone) + DAY * 40
    start = first + DAY * ((7 - first.weekday()) % 7)  # a Monday: the demo is closed on Sundays
    taken = {"vehicle_id": 9, "date_from": start, "date_to": start + DAY * 2}
    customer = {"customer_name": "Ann", "customer_email": "ann@example.com", "customer_phone": "218-555-0143"}
    texts = {name: str(value) for name, value in {**taken, **customer}.items()}
    answer = odoo.app.test_client().post("/api/fleet/booking", json=texts)
    assert answer.status_code == 201, answer.text
    address = f"/equipment?q=compactor&date_from={start}&date_to={start + DAY * 2}"
    client.get(address)
    link = f"date_from={start + DAY * 2}&amp;date_to={start + DAY * 4}"
    wait_until(lambda: link in client.get(address).text, "the next free days")
    assert odoo.asked.count("GET /api/fleet/vehicle/9/busy") == 1
