"""All webhooks of two days are lost; the changes feed alone makes every page and mail equal to Odoo."""

import os
import random
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from lco import clock
from lco.bookings.ical import calendar_entry
from lco.db.mails import Mail
from lco.domain.booking import Booking, BookingRequest, State
from lco.domain.date_range import DAY, DateRange
from lco.mail.serialization import loads
from tests.wire import OdooAtTheWire

BOOKINGS = 200
MOST_CALLS = 210
RESTORED = int(os.environ.get("RESTORED_BOOKINGS", "100"))
"""With 10,000, the promise of docs/bookings.md, most of the time is the making of them."""
VEHICLES = 14
STATES = {
    "draft": State.BOOKED,
    "confirmed": State.CONFIRMED,
    "picked_up": State.CONFIRMED,
    "returned": State.CONFIRMED,
    "cancelled": State.CANCELLED,
}
"""States of Odoo (docs/odoo-contract.md, section 4.3) and their names on the site."""


@pytest.fixture
def odoo(settings, requests_mock) -> Iterator[OdooAtTheWire]:
    """An Odoo of version 2 with an API key, whose webhooks never arrive."""
    odoo = OdooAtTheWire(settings.odoo_url, requests_mock, contract=2)
    odoo.control("settings", writes_a_minute=100_000, horizon_days=30_000, api_key="key")
    yield odoo
    odoo.close()


@pytest.fixture
def services(make_app, odoo):
    services = make_app(odoo_api_key="key", max_open_days=0).extensions["lco"]
    services.db.migrate()
    services.catalogue.vehicles()
    services.bookings.sync.read()
    return services


@pytest.fixture
def placed(services, settings) -> list[Booking]:
    first = clock.today(settings.timezone) + timedelta(days=70)
    return [place(services, number, first) for number in range(BOOKINGS)]


def place(services, number: int, first: date) -> Booking:
    start = first + DAY * 14 * (number // VEHICLES)
    days = DateRange(start, start + DAY * 3)
    request = BookingRequest(1 + number % VEHICLES, days, "Ada", f"ada{number}@example.com", "+12185550142")
    booking = services.bookings.service.place(request, f"key {number}", lambda: None)
    assert booking.state is State.BOOKED
    return booking


def act(odoo: OdooAtTheWire, chance: random.Random, booking: Booking) -> None:
    """One action of staff on a booking, unless Odoo refuses it because of another booking."""
    days = booking.request.days

    def do(verb: str = "", **values: object) -> None:
        path = f"/demo/bookings/{booking.reference}{verb}"
        assert odoo.app.test_client().post(path, json=values).status_code in {200, 409}

    acts: list[Callable[[], object]] = [
        lambda: do("/confirm"),
        lambda: do("/cancel", reason="The yard is flooded"),
        lambda: do("/delete"),
        lambda: do(date_to=str(days.end + DAY * chance.randrange(1, 4))),
        lambda: do(date_from=str(days.start - DAY)),
        lambda: do(total_amount=str(chance.randrange(1, 900))),
        lambda: do(pickup_location="Gate 4", return_location="Gate 5", customer_name="Ada King"),
        lambda: (do("/confirm"), do("/pick_up")),
        lambda: (do("/confirm"), do("/pick_up"), do("/return")),
    ]
    if booking.request.vehicle_id == 1:
        acts = [lambda: do(vehicle_id=VEHICLES + 1)]  # one machine is free in each period
    elif booking.id <= VEHICLES:
        acts = acts[-2:]  # a machine that is out cannot be picked up again
    chance.choice(acts)()


def odoo_has(odoo: OdooAtTheWire) -> dict[str, dict]:
    state = odoo.app.test_client().get("/demo/state").json
    return {booking["booking_ref"]: booking for booking in state["bookings"]}


def terms(booking: Booking) -> tuple[object, ...]:
    """What a customer can see of a booking."""
    request, total = booking.request, booking.total
    places = (request.pickup_location, request.return_location, request.name)
    amount = total and float(total.amount)
    return (booking.state, request.vehicle_id, str(request.days.start), str(request.days.end), amount, *places)


def odoo_terms(theirs: dict) -> tuple[object, ...]:
    places = (theirs["pickup_location"] or "", theirs["return_location"] or "", theirs["customer_name"])
    days = (theirs["date_from"], theirs["date_to"])
    return (STATES[theirs["state"]], theirs["vehicle_id"], *days, theirs["total_amount"], *places)


def last_mail(services, booking: Booking) -> Booking:
    with services.db.session() as session:
        mails = session.scalars(select(Mail).where(Mail.booking_id == booking.id).order_by(Mail.id)).all()
    return loads(mails[-1].snapshot)


def test_two_rounds_after_two_days_without_webhooks_all_is_as_in_odoo(services, placed, odoo, settings):
    chance = random.Random(20)
    for booking in placed:
        act(odoo, chance, booking)
    theirs = odoo_has(odoo)
    assert {"confirmed", "cancelled", "picked_up", "returned", "draft"} <= {
        one["state"] for one in theirs.values()
    }
    odoo.asked.clear()
    with clock.moved(timedelta(hours=48)):
        for _ in range(2):
            services.bookings.sync.read()
    assert len(odoo.asked) <= MOST_CALLS
    for before in placed:
        after = services.bookings.service.by_token(before.token)
        expected = theirs.get(before.reference)
        if expected is None:
            assert after.state is State.CANCELLED, before.reference
            continue
        assert terms(after) == odoo_terms(expected), before.reference
        assert (after.picked_up_on is not None) == (expected["state"] in {"picked_up", "returned"})
        assert (after.returned_on is not None) == (expected["state"] == "returned")
        if after != before and terms(after) != terms(before):
            assert terms(last_mail(services, before)) == terms(after), before.reference
            entry = calendar_entry(after, settings.business(), settings.site_url).decode()
            assert f"SEQUENCE:{after.changes}" in entry
            assert after.changes > before.changes


def test_after_odoos_database_was_restored_every_booking_is_read_within_a_minute(services, odoo, settings):
    first = clock.today(settings.timezone) + timedelta(days=70)
    placed = [place(services, number, first) for number in range(RESTORED)]
    for booking in placed[::10]:
        odoo.control(f"bookings/{booking.reference}/confirm")
    odoo.control("epoch")
    started = time.monotonic()
    services.bookings.sync.read()
    assert time.monotonic() - started < 60
    states = [services.bookings.service.by_token(booking.token).state for booking in placed]
    assert states == [State.CONFIRMED if number % 10 == 0 else State.BOOKED for number in range(RESTORED)]
