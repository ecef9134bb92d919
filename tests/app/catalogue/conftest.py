"""The demo Odoo on a real connection, and a catalogue in front of it."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from werkzeug.wrappers import Response

from lco import background
from lco.availability.rules import RentalRules
from lco.availability.service import Availability
from lco.caching.swr import CacheBackend, StaleWhileRevalidateCache
from lco.catalogue.removed import RemovedVehicles
from lco.catalogue.service import Catalogue
from lco.changes.log import Change, MemoryLog
from lco.changes.topics import EventType
from lco.demo.app import DemoSettings, create_demo
from lco.demo.server import running
from lco.domain.business_calendar import BusinessCalendar
from lco.odoo.client import OdooClient
from lco.odoo.transport import Transport
from tests.serving import PATIENCE, wait_until


@dataclass
class Held:
    """Responses under `path`: ready, but held until they are released."""

    path: str
    arrived: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


class Odoo:
    """The demo, with its controls as methods; it sends no webhooks, so tests decide what is sent."""

    def __init__(self) -> None:
        self.app = create_demo(DemoSettings(webhooks=False, contract=1))
        self._inner, self.app.wsgi_app = self.app.wsgi_app, self._answer
        self._held: Held | None = None
        self._controls = self.app.test_client()

    def change(self, vehicle_id: int, **values: object) -> None:
        self._post(f"vehicles/{vehicle_id}", values)

    def add(self, **values: object) -> int:
        return self._post("vehicles", {"name": "New", "rental_price_daily": 10, **values})["vehicle"]["id"]

    def remove(self, vehicle_id: int) -> None:
        self._post(f"vehicles/{vehicle_id}/remove", {})

    def fail(self, mode: str = "errors") -> None:
        self._post("faults", {"mode": mode})

    def recover(self) -> None:
        self.fail("off")

    def reset(self) -> None:
        self._post("reset", {})

    def calls(self, path: str) -> int:
        return self._controls.get("/demo/state").json["calls"].get(path, 0)

    @contextmanager
    def holding(self, path: str) -> Iterator[Held]:
        self._held = held = Held(path)
        try:
            yield held
        finally:
            self._held = None
            held.released.set()

    def _post(self, path: str, values: dict[str, object]):
        answer = self._controls.post(f"/demo/{path}", json=values)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json

    def _answer(self, environ, start_response):
        held = self._held
        if held is None or not environ["PATH_INFO"].startswith(held.path):
            return self._inner(environ, start_response)
        response = Response.from_app(self._inner, environ, buffered=True)
        held.arrived.set()
        held.released.wait(PATIENCE)
        return response(environ, start_response)


class Front:
    """A catalogue in front of an Odoo, and what it publishes."""

    def __init__(self, url: str, backend: CacheBackend | None = None) -> None:
        self.client = OdooClient(Transport(url))
        cache = StaleWhileRevalidateCache(backend)
        self.availability = Availability(
            self.client, cache, RentalRules(BusinessCalendar, ZoneInfo("America/Chicago"))
        )
        self.changes = MemoryLog()
        self.began = self.changes.head()
        self.catalogue = Catalogue(self.client, cache, self.availability, self.changes, RemovedVehicles(backend))
        self.catalogue.sync.pause = timedelta(milliseconds=50)

    def published(self) -> list[tuple[str, str]]:
        """Topic and kind of what was appended to the change log, but for corrections of pages."""
        return [
            (change.topic, change.kind)
            for change in self._appended()
            if change.kind != EventType.VEHICLE_CORRECTED
        ]

    def corrected(self) -> list[str]:
        """The topics for which pages were sent a new rendering of what they show."""
        return [change.topic for change in self._appended() if change.kind == EventType.VEHICLE_CORRECTED]

    def _appended(self) -> Sequence[Change]:
        return self.changes.since(self.began) or ()


def settle() -> None:
    """Return when all background work has ended, including work that it started."""
    wait_until(background.is_idle, "background work to end")


@pytest.fixture(scope="session")
def _demo():
    odoo = Odoo()
    with running(odoo.app) as url:
        yield odoo, url
    odoo.app.extensions["webhooks"].close()


@pytest.fixture
def odoo(_demo):
    odoo, _ = _demo
    odoo.reset()
    return odoo


@pytest.fixture
def front(_demo, odoo):
    return Front(_demo[1])


@pytest.fixture
def catalogue(front):
    """One that has read the list already."""
    front.catalogue.vehicles()
    return front.catalogue


@pytest.fixture
def restarted(_demo):
    """Make fronts that share a backend, as consecutive processes do."""
    return lambda backend: Front(_demo[1], backend)


class DictBackend:
    """A backend in memory; while `broken`, it can neither be read nor written."""

    def __init__(self) -> None:
        self.content: dict[str, object] = {}
        self.timeouts: dict[str, int | None] = {}
        self.broken = False

    def get(self, key: str) -> object:
        self._check()
        return self.content.get(key)

    def set(self, key: str, value: object, timeout: int | None = None) -> bool:
        self._check()
        self.content[key], self.timeouts[key] = value, timeout
        return True

    def _check(self) -> None:
        if self.broken:
            raise OSError("the disk is gone")


@pytest.fixture
def backend():
    return DictBackend()


@pytest.fixture(name="settle", scope="session")
def _settle():
    return settle
