"""An Odoo replaced by requests-mock."""

import pytest

from lco.odoo.circuit_breaker import CircuitBreaker
from lco.odoo.client import OdooClient
from lco.odoo.transport import Transport

URL = "http://odoo.test"


@pytest.fixture
def transport():
    """Its breaker opens after one read with all its tries."""
    return Transport(URL, api_key="key-1", breaker=CircuitBreaker(failures_to_open=3))


@pytest.fixture
def client(transport):
    return OdooClient(transport)
