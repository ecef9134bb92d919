"""A site with an Odoo of version 2, and bookings in it."""

from datetime import timedelta

import pytest

from lco import clock
from lco.domain.date_range import DAY, DateRange
from tests.wire import OdooAtTheWire

KEY = "key-of-these-tests"
OPS_TOKEN = "token-of-the-operator-of-these-tests"


@pytest.fixture
def odoo(settings, requests_mock):
    odoo = OdooAtTheWire(settings.odoo_url, requests_mock, contract=2, api_key=KEY)
    yield odoo
    odoo.close()


@pytest.fixture
def app(make_app, odoo):
    app = make_app(odoo_api_key=KEY, ops_token=OPS_TOKEN)
    app.extensions["lco"].db.migrate()
    return app


@pytest.fixture
def services(app):
    return app.extensions["lco"]


@pytest.fixture
def render(app):
    """Renders a template for a mail."""
    return lambda name, values: app.jinja_env.get_template(name).render(values)


@pytest.fixture
def days(settings) -> DateRange:
    start = clock.today(settings.timezone) + timedelta(days=60)
    return DateRange(start, start + DAY * 4)


@pytest.fixture
def book(app, days):
    """Books a machine and gives the address of the booking's page."""

    def place(vehicle_id=1, at=None, email="ada@example.com"):
        at = at or days
        form = {
            "vehicle_id": str(vehicle_id),
            "customer_name": "Ada Lovelace",
            "customer_email": email,
            "customer_phone": "218-555-0142",
            "date_from": at.start.isoformat(),
            "date_to": at.end.isoformat(),
        }
        answer = app.test_client().post("/bookings", data=form)
        assert answer.status_code == 303, answer.text
        return answer.location

    return place


@pytest.fixture
def page(book) -> str:
    return book()
