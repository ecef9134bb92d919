"""An Odoo that answers about one vehicle at the wire, and the day on which these tests happen."""

import itertools
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
import requests_mock

from lco import clock
from lco.availability.rules import RentalRules
from lco.availability.service import Availability
from lco.caching.swr import StaleWhileRevalidateCache
from lco.domain.business_calendar import BusinessCalendar
from lco.domain.date_range import DAY, DateRange
from lco.domain.vehicle import Rates, Status, Vehicle
from lco.odoo.client import OdooClient
from lco.odoo.transport import Transport

ZONE = ZoneInfo("America/Chicago")
HOSTS = itertools.count()
TODAY = date(2026, 12, 10)


NO_SUCH_PAGE = {"status_code": 404, "text": "<!doctype html><title>404 Not Found</title>"}


def machine(vehicle_id: int = 7, **fields: object) -> Vehicle:
    return Vehicle(vehicle_id, "Chainsaw", "chainsaw", **{"status": Status.AVAILABLE, "rates": Rates(), **fields})


class Calendar:
    """What Odoo knows: the `taken` days. `asked` lists the ranges it was asked about; `fails_at` breaks one.

    `busy` is how it answers the call for busy days: not at all, unless a test says otherwise. `asked_busy` lists
    those calls.
    """

    def __init__(self, wire: requests_mock.Mocker) -> None:
        self.taken: set[date] = set()
        self.asked: list[DateRange] = []
        self.fails_at: int | None = None
        self.is_gone = False
        self.calendar = BusinessCalendar()
        self.rules = RentalRules(lambda: self.calendar, ZONE)
        # A host of its own: a refresh that an earlier test has left running must not be answered here.
        self.url = url = f"http://odoo-{next(HOSTS)}.test"
        self.availability = self.process(StaleWhileRevalidateCache())
        self.busy: dict[str, object] = NO_SUCH_PAGE
        self.asked_busy: list[DateRange] = []
        wire.post(f"{url}/api/fleet/availability", json=self._answer)
        wire.get(re.compile(f"{url}/api/fleet/vehicle/[0-9]+/busy"), text=self._busy)

    def process(self, cache: StaleWhileRevalidateCache) -> Availability:
        """What a process of the site makes of this Odoo."""
        return Availability(OdooClient(Transport(self.url)), cache, self.rules)

    def offers_busy(self) -> None:
        """From now on Odoo has the call for busy days."""
        self.busy = {"status_code": 200}

    def _answer(self, request, context) -> dict[str, object]:
        body = request.json()
        days = DateRange(date.fromisoformat(body["date_from"]), date.fromisoformat(body["date_to"]))
        self.asked.append(days)
        if self.is_gone:
            context.status_code = 404
            return {"success": False, "error": "not found"}
        if self.fails_at is not None and len(self.asked) > self.fails_at:
            context.status_code = 503
            return {"success": False, "error": "down"}
        free = not any(day in self.taken for day in days)
        return {"success": True, "available": free, "estimated_price": 150 * len(days) if free else 0}

    def _busy(self, request, context) -> str:
        query = parse_qs(urlsplit(request.url).query)
        days = DateRange(*(date.fromisoformat(query[name][0]) for name in ("from", "to")))
        self.asked_busy.append(days)
        if "exc" in self.busy:
            raise self.busy["exc"]
        context.status_code = self.busy["status_code"]
        taken = [{"date_from": str(day), "date_to": str(day + DAY)} for day in sorted(self.taken)]
        return str(self.busy.get("text", json.dumps({"success": True, "data": taken})))


@contextmanager
def calendar_at_the_wire() -> Iterator[Calendar]:
    noon = datetime.combine(TODAY, time(12), ZONE)
    with requests_mock.Mocker() as wire, clock.moved(noon - clock.now()):
        yield Calendar(wire)


@pytest.fixture
def odoo():
    with calendar_at_the_wire() as calendar:
        yield calendar


@pytest.fixture(scope="session")
def any_odoo():
    """For properties, which need a fresh Odoo for every example."""
    return calendar_at_the_wire
