"""Days that a customer frees are shown on open pages of others, although no webhook reports them."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
import requests

from lco import clock
from lco.domain.date_range import DAY, DateRange
from tests import serving, streams
from tests.factories import order

KEY = "key-of-these-tests"
MACHINE = 3


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site whose Odoo sends no webhooks: it knows only what its own calls return."""
    with (
        serving.demo("http://127.0.0.1:9", "--no-webhooks", "--key", KEY) as odoo,
        serving.site(odoo.url, tmp_path_factory.mktemp("site"), ODOO_API_KEY=KEY) as server,
    ):
        yield server


@pytest.fixture
def days() -> DateRange:
    """Four days in the middle of a month, far from every booking of the demo's."""
    later = clock.today(ZoneInfo("America/Chicago")) + timedelta(days=75)
    start = later.replace(day=10)
    return DateRange(start, start + DAY * 4)


@pytest.fixture
def booking(site, days) -> str:
    """The address at which an API client reads and changes a new booking of these days."""
    answer = requests.post(f"{site.url}/api/booking", json=order(MACHINE, days.start, days.end), timeout=20)
    assert answer.status_code == 201, answer.text
    return f"{site.url}/api{urlsplit(answer.headers['Location']).path.replace('bookings', 'booking')}"


@pytest.fixture
def calendar(site, booking, days):
    """The stream of another visitor's page with the month of these days, which shows them as taken."""
    with streams.opened(f"{site.url}/live?r=calendar:{MACHINE}:{days.start:%Y-%m}:old") as stream:
        wait_for(stream, days)
        yield stream


def wait_for(stream: streams.Stream, expected: Iterable[date]) -> None:
    """Read until a calendar comes in which these days are taken and no others."""
    stream.next(lambda message: taken(message) == {*expected}, serving.PATIENCE)


def taken(message: streams.Message) -> set[date] | None:
    """The days that a calendar shows as taken; None for what is no calendar."""
    found = re.findall(r'-([0-9]{4}-[0-9]{2}-[0-9]{2})" aria-label="[^"]*, (\w+)', message.get("data", ""))
    return {date.fromisoformat(day) for day, word in found if word == "taken"} if found else None


def post(url: str, **body: object) -> dict[str, Any]:
    answer = requests.post(url, json=body, timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.json()


def version(booking: str, days: DateRange) -> int:
    """The version that a change of the booking has to name."""
    later = days.shift(DAY * 7)
    return post(f"{booking}/quote", date_from=str(later.start), date_to=str(later.end))["version"]


def test_days_of_a_cancelled_booking_come_free(calendar, booking, days):
    post(f"{booking}/cancel", version=version(booking, days))
    wait_for(calendar, set())


def test_days_that_a_change_leaves_come_free_and_its_new_ones_are_taken(calendar, booking, days):
    later = days.shift(DAY * 2)
    new = {"date_from": str(later.start), "date_to": str(later.end)}
    changed = post(f"{booking}/change", **new, version=version(booking, days))["data"]
    wait_for(calendar, later)
    post(f"{booking}/cancel", version=changed["version"])
    wait_for(calendar, set())
