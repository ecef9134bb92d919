"""The Odoos for tests of the client, each a separate server: the demo, and a real one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import pytest

from lco.errors import OdooError
from lco.odoo.client import OdooClient
from lco.odoo.transport import Transport
from tests import serving
from tests.contract.version_2 import Odoo2, demo_2
from tests.odoo.faulty_odoo import faulty_odoo
from tests.odoo.odoo_package import NoOdoo
from tests.odoo.odoo_staff import real_odoo_2


class Odoo(Protocol):
    """What these tests need of a server: its address, and its records as they were at first."""

    url: str
    shows_a_placeholder: bool  # for a picture that is not there, instead of 404
    wrong_date: type[OdooError]  # how a date that is none ends
    knows_keys: bool  # whether one Idempotency-Key is one booking

    def begin(self) -> None:
        """Every test begins with the same records and no fault."""

    def fail(self, mode: str) -> None:
        """From now on calls fail in this `mode`, or with `off` no longer."""

    def bookings(self, email: str) -> list[dict[str, object]]:
        """The bookings of this customer."""

    def retire(self, vehicle_id: int) -> None:
        """Take the vehicle out of the catalogue."""


@dataclass
class DemoOdoo:
    server: serving.Demo
    knows_keys: bool = True
    shows_a_placeholder = False
    wrong_date = OdooError

    @property
    def url(self) -> str:
        return self.server.url

    def begin(self) -> None:
        self.server.control("reset")

    def fail(self, mode: str) -> None:
        self.server.control("faults", mode=mode, seconds=0.05)

    def bookings(self, email: str) -> list[dict[str, object]]:
        return [made for made in self.server.state()["bookings"] if made["customer_email"] == email]

    def retire(self, vehicle_id: int) -> None:
        self.server.control(f"vehicles/{vehicle_id}/remove")


@contextmanager
def demo() -> Iterator[Odoo]:
    with serving.demo("http://127.0.0.1:9", "--no-webhooks") as server:
        yield DemoOdoo(server)


@contextmanager
def demo_1() -> Iterator[Odoo]:
    """Version 1 with busy days, as a module between the two may have them."""
    with serving.demo("http://127.0.0.1:9", "--no-webhooks", "--contract", "1", "--busy") as server:
        yield DemoOdoo(server, knows_keys=False)


@contextmanager
def real() -> Iterator[Odoo]:
    try:
        with faulty_odoo() as odoo:
            yield odoo
    except NoOdoo as reason:
        pytest.skip(f"no real Odoo on this machine: {reason}")


SERVERS: list[object] = [
    pytest.param(demo, id="demo"),
    pytest.param(demo_1, id="demo-1"),
    pytest.param(real, id="odoo", marks=pytest.mark.odoo),
]


@pytest.fixture(scope="session", params=SERVERS)
def server(request) -> Iterator[Odoo]:
    with request.param() as odoo:
        yield odoo


@pytest.fixture
def odoo(server: Odoo) -> Odoo:
    server.begin()
    return server


@pytest.fixture
def client(odoo: Odoo) -> OdooClient:
    return OdooClient(Transport(odoo.url))


@contextmanager
def real_2() -> Iterator[Odoo2]:
    try:
        with real_odoo_2() as odoo:
            yield odoo
    except NoOdoo as reason:
        pytest.skip(f"no real Odoo on this machine: {reason}")


# The servers of version 2, for the files `test_odoo_v2_*.py`; each gives an `Odoo2` with staff and webhooks.
SERVERS_OF_VERSION_2: list[object] = [
    pytest.param(demo_2, id="demo"),
    pytest.param(real_2, id="odoo", marks=pytest.mark.odoo),
]


@pytest.fixture(scope="session", params=SERVERS_OF_VERSION_2)
def server_2(request) -> Iterator[Odoo2]:
    with request.param() as odoo:
        yield odoo


@pytest.fixture
def odoo_2(server_2: Odoo2) -> Odoo2:
    server_2.staff.begin()
    server_2.receiver.received.clear()
    return server_2
