"""Actions of staff on bookings: list open ones, settle them by hand, read the audit."""

from datetime import timedelta

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from lco.db.models import BookingChange
from lco.domain.booking import BookingEvent, State
from lco.errors import InvalidInput, NotFound, OdooUnavailable
from lco.odoo.errors import OutcomeUnknown
from tests.app.bookings.fakes import DAYS

LONG = timedelta(hours=3)


@pytest.fixture
def kept(services, booking_request):
    services.odoo.answer = OdooUnavailable()
    booking = services.place(booking_request)
    services.odoo.answer = None
    return booking


def test_a_booking_open_for_two_hours_needs_a_person(services, left_open, advance_clock):
    assert services.bookings.admin.needing_attention() == []
    advance_clock(timedelta(minutes=121))
    assert [booking.id for booking in services.bookings.admin.needing_attention()] == [left_open.id]


def test_booked_and_declined_bookings_need_no_person(services, booking_request, advance_clock):
    services.place(booking_request)
    advance_clock(LONG)
    assert services.bookings.admin.needing_attention() == []


def test_an_expired_booking_needs_a_person_until_it_is_acknowledged(services, kept, advance_clock):
    services.odoo.answer = OdooUnavailable()
    advance_clock(DAYS.start - kept.created_at.date() + timedelta(days=2))
    services.bookings.recovery.process_due()
    assert [booking.state for booking in services.bookings.admin.needing_attention()] == [State.EXPIRED]
    services.bookings.admin.settle(kept.id, State.DECLINED, "called, has rented elsewhere")
    assert services.bookings.admin.needing_attention() == []


def test_a_person_settles_with_the_reference_that_odoo_has(services, left_open):
    settled = services.bookings.admin.settle(left_open.id, State.BOOKED, "", "BK-55")
    assert (settled.state, settled.reference) == (State.BOOKED, "BK-55")
    assert services.audit()[-1] == ("checking", "booked", "person")
    assert services.mailed() == ["received", "booked"]
    services.on_confirmed("BK-55")
    assert services.bookings.service.by_token(left_open.token).state is State.CONFIRMED


def test_a_booking_without_a_reference_is_refused(services, left_open):
    with pytest.raises(InvalidInput, match="check the fields"):
        services.bookings.admin.settle(left_open.id, State.BOOKED, "")


def test_a_person_may_have_it_placed_again(services, left_open, advance_clock):
    services.bookings.admin.settle(left_open.id, State.REQUESTED, "Odoo's log has nothing of it")
    advance_clock(timedelta(seconds=10))
    services.bookings.recovery.process_due()
    assert services.bookings.service.by_token(left_open.token).state is State.BOOKED


def test_a_person_declines_and_the_customer_reads_why(services, left_open):
    services.bookings.admin.settle(left_open.id, State.DECLINED, "The machine is broken.")
    assert services.bookings.service.by_token(left_open.token).reason == "The machine is broken."
    assert services.mailed() == ["received", "declined"]


@pytest.mark.parametrize("state", [State.REQUESTED, State.PLACING, State.CHECKING, State.EXPIRED])
def test_a_person_takes_no_step_that_the_table_lacks(services, booking_request, state):
    booking = services.place(booking_request)
    with pytest.raises(InvalidInput, match="cannot become"):
        services.bookings.admin.settle(booking.id, state, "because")
    assert services.bookings.service.by_token(booking.token) == booking


def test_a_booking_that_does_not_exist_is_not_found(services):
    with pytest.raises(NotFound, match="no booking 99"):
        services.bookings.admin.settle(99, State.DECLINED, "because")


def test_a_change_made_by_staff_in_another_process_is_published_once(services, left_open):
    serving, desk = services.bookings.admin, services.another_process().admin
    serving.publish_left()
    before = len(services.published("booking:1"))
    desk.settle(left_open.id, State.BOOKED, "", "BK-55")
    assert len(services.published("booking:1")) == before
    for _ in range(2):
        serving.publish_left()
    assert services.published("booking:1")[before:] == ["booking.created"]
    assert services.published("vehicle:7") == ["availability.changed"]


def test_steps_settled_before_the_start_are_published_once_after_it(services, left_open):
    services.bookings.admin.settle(left_open.id, State.BOOKED, "", "BK-55")
    for _ in range(2):
        services.another_process().admin.publish_left()
    assert services.published("booking:1").count("booking.created") == 1


def test_a_step_whose_process_was_killed_before_publishing_is_published_by_another(
    services, booking_request, advance_clock
):
    booking = services.place(booking_request)
    killed = services.another_process()
    killed.events._publisher.publish = lambda step: None
    killed.events.on_changed(BookingEvent(booking.reference, State.CONFIRMED))
    assert "booking.confirmed" not in services.published("booking:1")
    services.bookings.admin.publish_left()
    assert "booking.confirmed" not in services.published("booking:1"), "its process may still be about to"
    advance_clock(timedelta(seconds=8))
    for _ in range(2):
        services.bookings.admin.publish_left()
    assert services.published("booking:1").count("booking.confirmed") == 1


def test_a_published_step_is_not_published_again(services, booking_request, advance_clock):
    services.place(booking_request)
    published = services.published()
    services.bookings.admin.publish_left()
    advance_clock(timedelta(minutes=1))
    services.another_process().admin.publish_left()
    assert services.published() == published


def test_a_slow_transaction_with_a_lower_number_is_published_too(services, booking_request, other, advance_clock):
    services.place(booking_request, "1")
    services.bookings.admin.publish_left()
    with services.db.session() as session:
        session.execute(update(BookingChange).where(BookingChange.id == 2).values(published=False))
    advance_clock(timedelta(seconds=8))
    published = services.published("booking:1")
    services.bookings.admin.publish_left()
    assert services.published("booking:1") == [*published, "booking.changed"]


def test_bookings_are_counted_by_state(services, booking_request, other):
    services.place(booking_request, "1")
    services.odoo.answer = OutcomeUnknown()
    services.place(other, "2")
    counts = services.bookings.admin.counts()
    assert counts.keys() == set(State)
    assert {state: count for state, count in counts.items() if count} == {State.BOOKED: 1, State.CHECKING: 1}


def test_the_newest_bookings_come_first(services, booking_request, other):
    services.place(booking_request, "1")
    services.place(other, "2")
    assert [booking.id for booking in services.bookings.admin.newest(5)] == [2, 1]
    assert [booking.id for booking in services.bookings.admin.newest(1)] == [2]


def test_the_audit_has_actor_time_states_and_reason(services, left_open):
    services.bookings.admin.settle(left_open.id, State.DECLINED, "The machine is broken.")
    first, *_, last = services.bookings.admin.audit(left_open.id)
    assert (first.before, first.after, first.actor) == (None, State.REQUESTED, "customer")
    assert (last.before, last.after, last.actor) == (State.CHECKING, State.DECLINED, "person")
    assert last.reason == "The machine is broken."
    assert first.at <= last.at


def test_the_audit_is_read_for_one_booking_or_for_all_and_page_by_page(services, booking_request, other):
    services.place(booking_request, "1")
    services.place(other, "2")
    everything = services.bookings.admin.audit()
    assert [step.booking_id for step in everything] == [1, 1, 1, 2, 2, 2]
    assert services.bookings.admin.audit(2) == everything[3:]
    assert services.bookings.admin.audit(after=everything[1].id) == everything[2:]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE booking_changes SET reason = 'another'", "DELETE FROM booking_changes", "DELETE FROM bookings"],
)
def test_the_audit_is_only_ever_added_to(services, booking_request, statement):
    services.place(booking_request)
    before = services.bookings.admin.audit()
    with pytest.raises(DBAPIError, match="only ever added to"), services.db.engine.begin() as connection:
        connection.execute(text(statement))
    assert services.bookings.admin.audit() == before
