"""One key is one booking, however often and by however many it is sent."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from lco.domain.booking import State
from lco.errors import DatesTaken, KeyReused, OdooUnavailable, TooManyRequests
from lco.odoo.errors import OutcomeUnknown
from tests.app.bookings.fakes import DAYS


def test_the_same_key_and_body_is_the_same_booking(services, booking_request):
    first = services.place(booking_request)
    assert services.place(booking_request) == first
    assert len(services.odoo.asked) == 1
    assert services.hits == 1, "a replay burns nothing"


def test_a_replay_needs_neither_odoo_nor_the_vehicle(services, booking_request):
    first = services.place(booking_request)
    services.catalogue.vehicles.clear()
    services.odoo.answer = OdooUnavailable()
    assert services.place(booking_request) == first


def test_the_same_key_with_another_body_is_refused(services, booking_request, other):
    services.place(booking_request)
    with pytest.raises(KeyReused):
        services.place(other)
    assert len(services.odoo.asked) == 1


@pytest.mark.parametrize(
    "name", ["name", "email", "phone", "kind", "pickup_location", "return_location", "message"]
)
def test_a_body_is_another_one_when_any_field_differs(services, booking_request, name):
    services.place(booking_request)
    with pytest.raises(KeyReused):
        services.place(replace(booking_request, **{name: "different"}))


def test_other_keys_are_other_bookings(services, booking_request, other):
    assert services.place(booking_request, "one").reference != services.place(other, "two").reference


def test_a_declined_booking_is_declined_again_under_the_same_key(services, booking_request):
    services.odoo.taken = [DAYS]
    with pytest.raises(DatesTaken):
        services.place(booking_request)
    services.odoo.taken = []
    with pytest.raises(DatesTaken):
        services.place(booking_request)
    assert len(services.odoo.asked) == 1
    assert services.place(booking_request, "new key").state is State.BOOKED


def test_the_key_of_a_refused_request_can_be_used_for_another(services, booking_request, other):
    services.odoo.taken = [DAYS]
    with pytest.raises(DatesTaken):
        services.place(booking_request)
    services.odoo.taken = []
    corrected = replace(other, name="Corrected")
    booked = services.place(corrected)
    assert booked.state is State.BOOKED
    assert services.place(corrected) == booked
    with pytest.raises(KeyReused):
        services.place(booking_request)


def test_two_requests_with_one_key_ask_odoo_once(services, booking_request):
    answers = []
    second = threading.Thread(target=lambda: answers.append(services.place(booking_request)))
    services.odoo.while_asked = lambda _: services.begin_and_wait(second)
    first = services.place(booking_request)
    second.join(5)
    assert answers == [first]
    assert first.state is State.BOOKED
    assert len(services.odoo.asked) == 1
    assert services.hits == 1


def test_twenty_requests_with_one_key_ask_odoo_once(services, booking_request):
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: services.place(booking_request), range(20)))
    assert len({booking.token for booking in answers}) == 1
    assert len(services.odoo.asked) == 1
    assert services.hits == 1


def test_a_request_that_waited_for_an_unsent_attempt_gets_its_result(services, booking_request):
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(services.place(booking_request)))
    services.odoo.while_asked = lambda _: services.begin_and_wait(waiting)
    services.odoo.answer = OdooUnavailable()
    kept = services.place(booking_request)
    waiting.join(5)
    assert answers == [kept]
    assert kept.state is State.REQUESTED
    assert len(services.odoo.asked) == 1


def test_a_request_that_waited_for_a_refused_attempt_is_tried_itself(services, booking_request):
    answers = []
    second = threading.Thread(target=lambda: answers.append(services.place(booking_request)))

    def refuse_the_first() -> None:
        second.start()
        raise TooManyRequests(timedelta(minutes=1))

    with pytest.raises(TooManyRequests):
        services.bookings.service.place(booking_request, "key", refuse_the_first)
    second.join(5)
    assert answers[0].state is State.BOOKED


def test_waiting_ends_when_placing_must_have_ended(services, booking_request, advance_clock):
    def second(_reference):
        advance_clock(timedelta(seconds=20))
        assert services.place(booking_request).state is State.CHECKING

    services.odoo.while_asked = second
    assert services.place(booking_request).state is State.BOOKED, "the late answer still settles it"
    assert [step[1] for step in services.audit()] == ["requested", "placing", "checking", "booked"]


@pytest.mark.parametrize("outcome", [None, OutcomeUnknown(), OdooUnavailable()])
def test_same_person_with_another_key_gets_the_first_booking_in_every_state(services, booking_request, outcome):
    services.odoo.answer = outcome
    first = services.place(booking_request)
    services.odoo.answer = None
    again = services.place(replace(booking_request, name=" ada  LOVELACE", email="Ada@Example.com"), "another key")
    assert again == first
    assert (services.stored(), len(services.odoo.asked)) == (1, 1)


def test_same_person_with_many_keys_at_once_books_once(services, booking_request):
    with ThreadPoolExecutor(8) as threads:
        placed = list(threads.map(lambda number: services.place(booking_request, f"key {number}"), range(8)))
    assert {booking.token for booking in placed} == {placed[0].token}
    assert (services.stored(), len(services.odoo.asked)) == (1, 1)
    assert services.mailed() == ["booked"]


def test_same_person_books_again_after_the_first_booking_was_cancelled(services, booking_request):
    first = services.place(booking_request)
    services.on_cancelled(first.reference)
    services.odoo.taken = []
    assert services.place(booking_request, "another key").token != first.token
