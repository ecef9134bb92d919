"""With an Odoo of version 1 the booking's page shows the telephone number."""

import pytest

from tests.wire import OdooAtTheWire


@pytest.fixture
def odoo(settings, requests_mock):
    odoo = OdooAtTheWire(settings.odoo_url, requests_mock, contract=1)
    yield odoo
    odoo.close()


def test_page_shows_the_telephone_number(client, page):
    text = client.get(page).text
    assert "To change or cancel, call" in text
    assert "Change dates" not in text


@pytest.mark.parametrize("call", ["change", "cancel"])
def test_address_of_a_change_refuses_with_the_reason(client, odoo, page, call):
    for answer in (client.get(f"{page}/{call}"), client.post(f"{page}/{call}", data={"version": "1"})):
        assert answer.status_code in {409, 422}
    assert "Please call us" in client.get(f"{page}/{call}").text
    assert not [asked for asked in odoo.asked if asked.endswith(("/change", "/cancel"))]
