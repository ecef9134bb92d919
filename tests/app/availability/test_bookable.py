"""What the site calls bookable can be booked, and what it refuses cannot; on either version of the contract."""

import random
import re
from datetime import date, timedelta

import pytest

from lco import clock
from lco.domain.calendar_text import parse_week
from lco.domain.date_range import DAY, DateRange
from tests.wire import OdooAtTheWire

URL = "http://odoo-of-this-contract.test"
ROUNDS = 1000
OTHER_THAN_DAYS = {"taken", "in_maintenance", "not_for_rent"}


@pytest.fixture(params=[1, 2], ids=["version 1", "version 2"])
def odoo(request, requests_mock, settings):
    odoo = OdooAtTheWire(URL, requests_mock, contract=request.param)
    odoo.control("settings", writes_a_minute=100_000)
    if request.param == 2:  # an Odoo of version 1 does not send this
        odoo.control(
            "settings", horizon_days=380, closed={str(clock.today(settings.timezone) + DAY * 30): "Party"}
        )
    yield odoo
    odoo.close()


@pytest.fixture(autouse=True)
def _without_limits(monkeypatch):
    """Each request may ask Odoo all that it wants, however slow the machine is."""
    monkeypatch.setattr("lco.app.PAGE_DEADLINE", timedelta(seconds=60))
    monkeypatch.setattr("lco.odoo.budget.ALL_TOKENS", 1e9)
    monkeypatch.setattr("lco.odoo.budget.CLIENT_TOKENS", 1e9)


@pytest.fixture
def today(settings) -> date:
    return clock.today(settings.timezone)


@pytest.fixture
def calendar(odoo, today) -> dict[str, object]:
    """Settings of the site."""
    closed = {today + DAY * n: "Inventory" for n in (9, 40, 41, 120)}
    return {
        "odoo_url": URL,
        "opening_hours": parse_week("Mon-Sat 7:00-18:00"),
        "closed_dates": closed,
        "lead_days": 1,
        "horizon_days": 400,
        "max_open_days": 0,
    }


def ask(client, vehicle_id: int, days: DateRange, address: dict[str, str]):
    body = {"vehicle_id": vehicle_id, "date_from": str(days.start), "date_to": str(days.end)}
    return client.post("/api/fleet/availability", json=body, environ_overrides=address)


def book(client, vehicle_id: int, days: DateRange, address: dict[str, str]):
    body = {
        "vehicle_id": vehicle_id,
        "date_from": str(days.start),
        "date_to": str(days.end),
        "customer_name": "Ada Lovelace",
        "customer_email": f"ada{address['REMOTE_ADDR'].replace('.', '-')}@example.com",
        "customer_phone": "218-555-0142",
    }
    return client.post("/api/booking", json=body, environ_overrides=address)


def test_bookable_means_that_the_booking_is_accepted(make_app, odoo, calendar, today):
    client = make_app(**calendar).test_client()
    dice = random.Random(7)
    seen = set()
    for number in range(ROUNDS):
        address = {"REMOTE_ADDR": f"10.{number // 250}.{number % 250}.1"}
        vehicle_id = dice.randint(1, 15)
        start = today + DAY * dice.randint(-2, 420)
        days = DateRange(start, start + DAY * dice.choice([1, 1, 2, 3, 4, 7, 61, 95]))
        quote = ask(client, vehicle_id, days, address).json
        answer = book(client, vehicle_id, days, address)
        assert "reasons" in quote, quote
        codes = {reason["code"] for reason in quote["reasons"]}
        seen |= codes
        case = (vehicle_id, days, quote, answer.status_code, answer.json)
        assert quote["bookable"] is (not codes), case
        if quote["bookable"]:
            assert answer.status_code == 201, case
        else:
            assert answer.status_code == (409 if codes <= OTHER_THAN_DAYS else 400), case
            if offer := quote["next_free"]:
                offered = DateRange(*(date.fromisoformat(offer[name]) for name in ("date_from", "date_to")))
                assert offered.start >= days.start, case
                assert len(offered) == len(days), case
                assert ask(client, vehicle_id, offered, address).json["bookable"], case
    assert {"too_short", "too_long", "too_soon", "too_far", "closed_start", "closed_return", "taken"} <= seen


def test_nothing_that_pages_offer_is_refused(make_app, odoo, calendar, today):
    app = make_app(**calendar)
    client = app.test_client()
    dates = re.compile(r"date_from=([0-9-]{10})(?:&amp;|&)date_to=([0-9-]{10})")
    for number in range(1, 16):
        address = {"REMOTE_ADDR": f"10.9.{number}.1"}
        page = client.get(f"/equipment/{number}", follow_redirects=True, environ_overrides=address).text
        for ends in set(dates.findall(page)):
            days = DateRange(*map(date.fromisoformat, ends))
            quote = ask(client, number, days, address).json
            codes = {reason["code"] for reason in quote["reasons"]}
            assert codes <= OTHER_THAN_DAYS, (number, days, quote)


def test_a_list_between_dates_has_bookable_machines_only(make_app, odoo, calendar, today):
    client = make_app(**calendar).test_client()
    open_days = (today + DAY * n for n in range(20, 60))
    start = next(day for day in open_days if day.weekday() == 0 and (day - today).days not in {40, 41})
    days = DateRange(start, start + timedelta(days=1))
    query = {"available_from": str(days.start), "available_to": str(days.end), "limit": 100}
    for number in range(1, 16):
        client.get(f"/api/fleet/vehicle/{number}", environ_overrides={"REMOTE_ADDR": f"10.8.{number}.1"})
    listed = {one["id"] for one in client.get("/api/fleet/vehicles", query_string=query).json["data"]}
    bookable = {
        number
        for number in range(1, 16)
        if ask(client, number, days, {"REMOTE_ADDR": f"10.7.{number}.1"}).json["bookable"]
    }
    assert listed == bookable
    assert 0 < len(bookable) < 15
