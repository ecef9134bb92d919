"""The Odoos that the client is tried against, each a server of its own; so far that is the demo."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import pytest

from lco.odoo.client import OdooClient
from lco.odoo.transport import Transport
from tests import serving


class Odoo(Protocol):
    """What these tests need of a server: its address, and its records as they were at first."""

    url: str

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


SERVERS: dict[str, Callable[[], object]] = {"demo": demo}


@pytest.fixture(scope="session", params=SERVERS)
def server(request) -> Iterator[Odoo]:
    with SERVERS[request.param]() as odoo:
        yield odoo


@pytest.fixture
def odoo(server: Odoo) -> Odoo:
    server.begin()
    return server


@pytest.fixture
def client(odoo: Odoo) -> OdooClient:
    return OdooClient(Transport(odoo.url))
