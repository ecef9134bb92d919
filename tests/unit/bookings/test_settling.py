"""What becomes of bookings that Odoo, or the end of a process, left open."""

from datetime import timedelta

import pytest

from lco.bookings.booking import Refusal, State
from lco.bookings.errors import NotBooked
from lco.bookings.ledger import Ledger
from lco.odoo.errors import OdooAway, OutcomeUnknown
from tests.unit.bookings.world import DAYS


@pytest.fixture
def broken_off(shop, wanted):
    """A booking whose process ended while Odoo was being asked."""
    shop.odoo.answer = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        shop.place(wanted)
    shop.odoo.answer = None
    return shop.audit


@pytest.fixture
def left_open(shop, wanted):
    shop.odoo.answer = OutcomeUnknown()
    booking = shop.place(wanted)
    shop.odoo.answer = None
    return booking


def state(shop, booking) -> State:
    return shop.bookings.by_token(booking.token).state


def test_what_a_crash_broke_off_is_in_checking_after_a_start(shop, wanted, broken_off, later):
    later(timedelta(seconds=30))
    shop.another_process().recover()
    assert broken_off()[-1] == ("placing", "checking", "site")
    assert shop.told("booking:1")[-1] == "booking.changed"
    assert shop.place(wanted).state is State.CHECKING
    assert len(shop.odoo.asked) == 1, "it is never sent again"


def test_what_may_still_be_placed_by_another_process_is_left_alone(shop, broken_off):
    shop.bookings.recover()
    assert broken_off()[-1][1] == "placing"


def test_recovering_twice_changes_nothing_more(shop, broken_off, later):
    later(timedelta(seconds=30))
    shop.bookings.recover()
    steps = broken_off()
    shop.bookings.recover()
    assert broken_off() == steps


def test_dates_that_odoo_still_offers_were_never_booked(shop, wanted, left_open, later):
    later(timedelta(minutes=4))
    shop.bookings.check()
    booking = shop.bookings.by_token(left_open.token)
    assert (booking.state, booking.refusal) == (State.DECLINED, Refusal.NOT_MADE)
    assert "nothing was booked" in booking.reason
    assert shop.told("booking:1")[-1] == "booking.changed"
    with pytest.raises(NotBooked):
        shop.place(wanted)


def test_dates_that_are_taken_say_nothing(shop, left_open, later):
    shop.odoo.taken = [DAYS]
    later(timedelta(minutes=4))
    shop.bookings.check()
    assert state(shop, left_open) is State.CHECKING


@pytest.mark.parametrize("age", [timedelta(minutes=2), timedelta(hours=2)])
def test_odoo_is_asked_only_when_it_must_have_ended_and_not_for_ever(shop, left_open, later, age):
    later(age)
    shop.bookings.check()
    assert state(shop, left_open) is State.CHECKING


def test_while_odoo_is_away_nothing_is_decided(shop, left_open, later):
    shop.odoo.answer = OdooAway()
    later(timedelta(minutes=4))
    shop.bookings.check()
    assert state(shop, left_open) is State.CHECKING


def test_an_inquiry_takes_no_dates_so_free_dates_say_nothing_about_it(shop, left_open, later):
    with shop.store.session() as session:
        Ledger(session).by_id(left_open.id).kind = "inquiry"
    later(timedelta(minutes=4))
    shop.bookings.check()
    assert state(shop, left_open) is State.CHECKING


def test_a_webhook_that_comes_after_all_still_settles_it(shop, wanted, left_open, later):
    later(timedelta(minutes=4))
    shop.bookings.check()
    shop.bookings.on_created("BK-9", 7, wanted.email, DAYS, None)
    booking = shop.bookings.by_token(left_open.token)
    assert (booking.state, booking.reference, booking.refusal, booking.reason) == (State.BOOKED, "BK-9", None, "")


def test_a_webhook_that_comes_while_odoo_is_asked_about_the_dates_is_right(shop, wanted, left_open, later):
    later(timedelta(minutes=4))
    shop.odoo.while_asked = lambda _: shop.bookings.on_created("BK-9", 7, wanted.email, DAYS, None)
    shop.bookings.check()
    assert state(shop, left_open) is State.BOOKED
