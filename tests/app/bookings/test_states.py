"""The table of states, and that nothing but the table decides."""

import itertools
import re
from pathlib import Path

import pytest
from sqlalchemy import select, update

from lco.bookings import states
from lco.bookings.errors import NotBooked
from lco.bookings.repository import BookingRepository
from lco.db.models import BookingChange, BookingRow
from lco.domain.booking import Actor, DeclineReason, State
from lco.errors import DatesTaken, Gone, InvalidInput
from tests.app.bookings.fakes import FakeOutbox

STEPS = {
    (None, "requested"),
    ("requested", "placing"),
    ("requested", "booked"),
    ("requested", "declined"),
    ("requested", "expired"),
    ("placing", "requested"),
    ("placing", "checking"),
    ("placing", "booked"),
    ("placing", "declined"),
    ("checking", "requested"),
    ("checking", "booked"),
    ("checking", "declined"),
    ("booked", "confirmed"),
    ("booked", "cancelled"),
    ("confirmed", "cancelled"),
    ("declined", "booked"),
    ("expired", "booked"),
    ("expired", "declined"),
}


@pytest.mark.parametrize(("before", "after"), list(itertools.product([None, *State], State)))
def test_a_booking_takes_exactly_the_steps_of_the_table(before, after):
    assert states.may_transition(before, after) == ((before, after) in STEPS)


@pytest.mark.parametrize(("before", "after"), sorted(step for step in STEPS if step[0]))
def test_the_repository_takes_the_steps_of_the_table_and_records_them(services, booking_request, before, after):
    stored(services, booking_request, before)
    with services.db.connection() as connection:
        BookingRepository(connection, FakeOutbox()).transition(
            BookingRepository(connection, FakeOutbox()).by_key("key"), State(after), "site", "because"
        )
    with services.db.connection() as connection:
        assert BookingRepository(connection, FakeOutbox()).by_key("key").state == after
    assert services.audit()[1:] == [(before, after, Actor.SITE)]


def test_the_repository_refuses_every_other_step_and_changes_nothing(services, booking_request):
    for before, after in itertools.product(State, State):
        if (before, after) in STEPS:
            continue
        stored(services, booking_request, before, key=f"{before}-{after}")
        with services.db.connection() as connection:
            repository = BookingRepository(connection, FakeOutbox())
            row = repository.by_key(f"{before}-{after}")
            with pytest.raises(ValueError, match=f"cannot go from {before} to {after}"):
                repository.transition(row, after, Actor.SITE)
            assert (row.state, repository.steps) == (before, [])
            assert (
                len(connection.execute(select(BookingChange).where(BookingChange.booking_id == row.id)).all()) == 1
            )


@pytest.mark.parametrize("state", list(State))
def test_a_step_is_public_only_when_odoo_has_the_booking(state):
    public = {"booked": "booking.created", "confirmed": "booking.confirmed", "cancelled": "booking.cancelled"}
    assert states.event_type(state) == public.get(state, "booking.changed")


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (DeclineReason.DATES_TAKEN, DatesTaken),
        (DeclineReason.INVALID, InvalidInput),
        (DeclineReason.VEHICLE_GONE, Gone),
        (DeclineReason.NOT_MADE, NotBooked),
    ],
)
def test_every_refusal_has_an_error_of_its_own(refusal, error):
    assert type(states.decline_error(refusal, "No.")) is error


def test_odoos_own_sentence_reaches_the_customer():
    assert states.decline_error(DeclineReason.INVALID, "At least 3 days.").message == "At least 3 days."


def stored(services, booking_request, state, key="key") -> None:
    """A booking in `state`, with any history."""
    with services.db.connection() as connection:
        booking = BookingRepository(connection, FakeOutbox()).add(booking_request, key, "Mower")
        connection.execute(update(BookingRow).where(BookingRow.id == booking.id).values(state=state))


def test_the_documented_table_is_the_one_in_force():
    page = (Path(__file__).parents[3] / "docs" / "bookings.md").read_text(encoding="utf-8")
    table = page.partition("| from | to | when |")[2].partition("\n\n")[0]
    documented = set()
    for row in table.splitlines()[2:]:
        before, afters = row.split("|")[1:3]
        for after in re.findall(r"`(\w+)`", afters):
            documented.add(((re.findall(r"`(\w+)`", before) or [None])[0], after))
    assert documented == STEPS
