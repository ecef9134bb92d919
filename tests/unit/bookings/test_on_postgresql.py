"""The same bookings on PostgreSQL, where transactions run side by side."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from lco.bookings.booking import State
from lco.errors import DatesTaken, KeyReused, NotFound
from lco.odoo.errors import OutcomeUnknown
from tests.unit.bookings.world import DAYS, Shop, usd


@pytest.fixture
def shop(postgres):
    return Shop(postgres)


def test_a_booking_lives_from_request_to_cancellation(shop, wanted):
    booking = shop.place(replace(wanted, message="Grüße, 雪 \U0001f69c"))
    shop.bookings.on_confirmed("BK-1")
    shop.bookings.on_modified("BK-1", DAYS.moved(timedelta(days=1)), usd("0.10"))
    shop.bookings.on_cancelled("BK-1", "Flooded\x00")
    ended = shop.bookings.by_token(booking.token)
    assert (ended.state, ended.reason, ended.total, ended.changes) == (State.CANCELLED, "Flooded", usd("0.10"), 3)
    assert [step[1] for step in shop.audit()] == [
        "requested",
        "placing",
        "booked",
        "confirmed",
        "confirmed",
        "cancelled",
    ]
    with pytest.raises(NotFound):
        shop.bookings.by_token("\x00")


def test_twenty_requests_with_one_key_ask_odoo_once(shop, wanted):
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda _: shop.place(wanted), range(20)))
    assert len({booking.token for booking in answers}) == 1
    assert len(shop.odoo.asked) == 1
    assert shop.hits == 1


def test_keys_and_dates_are_used_once(shop, wanted, other):
    shop.place(wanted)
    with pytest.raises(KeyReused):
        shop.place(other)
    with pytest.raises(DatesTaken):
        shop.place(wanted, "another key")


def test_what_was_left_open_is_settled_once_by_many_webhooks(shop, wanted):
    shop.odoo.answer = OutcomeUnknown()
    booking = shop.place(wanted)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: shop.bookings.on_created("BK-9", 7, wanted.email, DAYS, None), range(16)))
    assert shop.bookings.by_token(booking.token).reference == "BK-9"
    assert shop.told("booking:1").count("booking.created") == 1
    assert shop.told("bookings") == []


def test_what_a_crash_broke_off_is_in_checking_and_then_declined(shop, wanted, later):
    shop.odoo.answer = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        shop.place(wanted)
    shop.odoo.answer = None
    later(timedelta(seconds=30))
    shop.bookings.recover()
    later(timedelta(minutes=4))
    shop.bookings.check()
    assert [step[1] for step in shop.audit()] == ["requested", "placing", "checking", "declined"]
