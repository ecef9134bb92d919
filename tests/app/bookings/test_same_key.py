"""One key is one booking, however often and by however many it is sent."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from lco.domain.booking import State
from lco.errors import DatesTaken, KeyReused, OdooAway, TooManyRequests
from tests.app.bookings.fakes import DAYS


def test_the_same_key_and_body_is_the_same_booking(shop, wanted):
    first = shop.place(wanted)
    assert shop.place(wanted) == first
    assert len(shop.odoo.asked) == 1
    assert shop.hits == 1, "a replay burns nothing"


def test_a_replay_needs_neither_odoo_nor_the_vehicle(shop, wanted):
    first = shop.place(wanted)
    shop.catalogue.vehicles.clear()
    shop.odoo.answer = OdooAway()
    assert shop.place(wanted) == first


def test_the_same_key_with_another_body_is_refused(shop, wanted, other):
    shop.place(wanted)
    with pytest.raises(KeyReused):
        shop.place(other)
    assert len(shop.odoo.asked) == 1


@pytest.mark.parametrize(
    "name", ["name", "email", "phone", "kind", "pickup_location", "return_location", "message"]
)
def test_a_body_is_another_one_when_any_field_differs(shop, wanted, name):
    shop.place(wanted)
    with pytest.raises(KeyReused):
        shop.place(replace(wanted, **{name: "different"}))


def test_other_keys_are_other_bookings(shop, wanted, other):
    assert shop.place(wanted, "one").reference != shop.place(other, "two").reference


def test_a_declined_booking_is_declined_again_under_the_same_key(shop, wanted):
    shop.odoo.taken = [DAYS]
    with pytest.raises(DatesTaken):
        shop.place(wanted)
    shop.odoo.taken = []
    with pytest.raises(DatesTaken):
        shop.place(wanted)
    assert len(shop.odoo.asked) == 1
    assert shop.place(wanted, "new key").state is State.BOOKED


def test_two_requests_with_one_key_ask_odoo_once(shop, wanted):
    answers = []
    second = threading.Thread(target=lambda: answers.append(shop.place(wanted)))
    shop.odoo.while_asked = lambda _: shop.begin_and_wait(second)
    first = shop.place(wanted)
    second.join(5)
    assert answers == [first]
    assert first.state is State.BOOKED
    assert len(shop.odoo.asked) == 1
    assert shop.hits == 1


def test_twenty_requests_with_one_key_ask_odoo_once(shop, wanted):
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: shop.place(wanted), range(20)))
    assert len({booking.token for booking in answers}) == 1
    assert len(shop.odoo.asked) == 1
    assert shop.hits == 1


def test_who_waited_for_an_attempt_that_did_not_reach_odoo_hears_the_same(shop, wanted):
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(shop.place(wanted)))
    shop.odoo.while_asked = lambda _: shop.begin_and_wait(waiting)
    shop.odoo.answer = OdooAway()
    kept = shop.place(wanted)
    waiting.join(5)
    assert answers == [kept]
    assert kept.state is State.REQUESTED
    assert len(shop.odoo.asked) == 1


def test_who_waited_for_an_attempt_that_was_refused_has_a_turn_of_its_own(shop, wanted):
    answers = []
    second = threading.Thread(target=lambda: answers.append(shop.place(wanted)))

    def refuse_the_first() -> None:
        second.start()
        raise TooManyRequests

    with pytest.raises(TooManyRequests):
        shop.bookings.place(wanted, "key", refuse_the_first)
    second.join(5)
    assert answers[0].state is State.BOOKED


def test_nobody_waits_longer_than_placing_can_take(shop, wanted, later):
    def second(_reference):
        later(timedelta(seconds=20))
        assert shop.place(wanted).state is State.CHECKING

    shop.odoo.while_asked = second
    assert shop.place(wanted).state is State.BOOKED, "the late answer still settles it"
    assert [step[1] for step in shop.audit()] == ["requested", "placing", "checking", "booked"]
