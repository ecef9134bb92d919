"""The page of all states: in front of the demo only, valid, and complete."""

import pytest

from lco.bookings.life import Stage
from lco.domain.booking import State
from lco.domain.vehicle import Status
from lco.settings import DEMO_URL
from tests.wire import OdooAtTheWire


@pytest.fixture
def page(make_app, requests_mock) -> str:
    odoo = OdooAtTheWire(DEMO_URL, requests_mock)
    yield make_app(odoo_url=DEMO_URL).test_client().get("/dev/states").text
    odoo.close()


def test_all_states_are_on_one_valid_page(page):
    for status in Status:
        assert f'data-status="{status.value}"' in page
    for state in State:
        assert f'data-state="{state.value}"' in page
    for stage in Stage:
        assert f'data-stage="{stage.value}"' in page
    for free in ("yes", "no", "unknown"):
        assert f'class="quote" data-region="quote" data-free="{free}"' in page
    for day in ("free", "taken", "past", "closed", "no-start", "first", "inside", "return"):
        assert f'{day}"' in page


def test_a_shop_in_front_of_another_odoo_has_no_such_page(client):
    assert client.get("/dev/states").status_code == 404
