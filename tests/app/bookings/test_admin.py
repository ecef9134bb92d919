"""What people do with bookings: see which ones need them, settle those by hand, read the audit."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from lco.domain.booking import State
from lco.errors import InvalidInput, NotFound, OdooAway
from lco.odoo.errors import OutcomeUnknown
from tests.app.bookings.fakes import DAYS

LONG = timedelta(hours=3)


@pytest.fixture
def kept(shop, wanted):
    shop.odoo.answer = OdooAway()
    booking = shop.place(wanted)
    shop.odoo.answer = None
    return booking


def test_what_is_open_for_two_hours_needs_a_person(shop, left_open, later):
    assert shop.bookings.needing_a_person() == []
    later(timedelta(minutes=121))
    assert [booking.id for booking in shop.bookings.needing_a_person()] == [left_open.id]


def test_what_is_booked_or_declined_needs_nobody(shop, wanted, later):
    shop.place(wanted)
    later(LONG)
    assert shop.bookings.needing_a_person() == []


def test_what_has_expired_needs_a_person_until_one_takes_note(shop, kept, later):
    shop.odoo.answer = OdooAway()
    later(DAYS.start - kept.created_at.date() + timedelta(days=2))
    shop.bookings.attend()
    assert [booking.state for booking in shop.bookings.needing_a_person()] == [State.EXPIRED]
    shop.bookings.settle(kept.id, State.DECLINED, "called, has rented elsewhere")
    assert shop.bookings.needing_a_person() == []


def test_a_person_settles_with_the_reference_that_odoo_has(shop, left_open):
    settled = shop.bookings.settle(left_open.id, State.BOOKED, "", "BK-55")
    assert (settled.state, settled.reference) == (State.BOOKED, "BK-55")
    assert shop.audit()[-1] == ("checking", "booked", "person")
    assert shop.mailed() == ["received", "booked"]
    shop.bookings.on_confirmed("BK-55")
    assert shop.bookings.by_token(left_open.token).state is State.CONFIRMED


def test_a_booking_without_a_reference_is_refused(shop, left_open):
    with pytest.raises(InvalidInput, match="another look"):
        shop.bookings.settle(left_open.id, State.BOOKED, "")


def test_a_person_may_have_it_placed_again(shop, left_open, later):
    shop.bookings.settle(left_open.id, State.REQUESTED, "Odoo's log has nothing of it")
    later(timedelta(seconds=10))
    shop.bookings.attend()
    assert shop.bookings.by_token(left_open.token).state is State.BOOKED


def test_a_person_declines_and_the_customer_reads_why(shop, left_open):
    shop.bookings.settle(left_open.id, State.DECLINED, "The machine is broken.")
    assert shop.bookings.by_token(left_open.token).reason == "The machine is broken."
    assert shop.mailed() == ["received", "declined"]


@pytest.mark.parametrize("state", [State.REQUESTED, State.PLACING, State.CHECKING, State.EXPIRED])
def test_a_person_takes_no_step_that_the_table_lacks(shop, wanted, state):
    booking = shop.place(wanted)
    with pytest.raises(InvalidInput, match="cannot become"):
        shop.bookings.settle(booking.id, state, "because")
    assert shop.bookings.by_token(booking.token) == booking


def test_a_booking_that_does_not_exist_is_not_found(shop):
    with pytest.raises(NotFound, match="no booking 99"):
        shop.bookings.settle(99, State.DECLINED, "because")


def test_open_pages_are_told_of_what_a_person_did_in_another_process(shop, left_open):
    serving, desk = shop.bookings, shop.another_process()
    serving.hear_of_people()
    before = len(shop.told("booking:1"))
    desk.settle(left_open.id, State.BOOKED, "", "BK-55")
    assert len(shop.told("booking:1")) == before
    for _ in range(2):
        serving.hear_of_people()
    assert shop.told("booking:1")[before:] == ["booking.created"]
    assert shop.told("vehicle:7") == ["availability.changed"]


def test_what_people_did_before_the_start_is_not_told_again(shop, left_open):
    shop.bookings.settle(left_open.id, State.BOOKED, "", "BK-55")
    shop.another_process().hear_of_people()
    assert "booking.created" not in shop.told("booking:1")


def test_bookings_are_counted_by_state(shop, wanted, other):
    shop.place(wanted, "1")
    shop.odoo.answer = OutcomeUnknown()
    shop.place(other, "2")
    counts = shop.bookings.counts()
    assert counts.keys() == set(State)
    assert {state: count for state, count in counts.items() if count} == {State.BOOKED: 1, State.CHECKING: 1}


def test_the_newest_bookings_come_first(shop, wanted, other):
    shop.place(wanted, "1")
    shop.place(other, "2")
    assert [booking.id for booking in shop.bookings.latest(5)] == [2, 1]
    assert [booking.id for booking in shop.bookings.latest(1)] == [2]


def test_the_audit_tells_who_when_from_where_to_where_and_why(shop, left_open):
    shop.bookings.settle(left_open.id, State.DECLINED, "The machine is broken.")
    first, *_, last = shop.bookings.audit(left_open.id)
    assert (first.before, first.after, first.actor) == (None, State.REQUESTED, "customer")
    assert (last.before, last.after, last.actor) == (State.CHECKING, State.DECLINED, "person")
    assert last.reason == "The machine is broken."
    assert first.at <= last.at


def test_the_audit_is_read_for_one_booking_or_for_all_and_page_by_page(shop, wanted, other):
    shop.place(wanted, "1")
    shop.place(other, "2")
    everything = shop.bookings.audit()
    assert [step.booking_id for step in everything] == [1, 1, 1, 2, 2, 2]
    assert shop.bookings.audit(2) == everything[3:]
    assert shop.bookings.audit(after=everything[1].id) == everything[2:]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE booking_changes SET reason = 'another'", "DELETE FROM booking_changes", "DELETE FROM bookings"],
)
def test_the_audit_is_only_ever_added_to(shop, wanted, statement):
    shop.place(wanted)
    before = shop.bookings.audit()
    with pytest.raises(DBAPIError, match="only ever added to"), shop.store.engine.begin() as connection:
        connection.execute(text(statement))
    assert shop.bookings.audit() == before
