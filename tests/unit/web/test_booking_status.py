"""The words and steps of a booking for each state and stage."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from lco.bookings.life import Stage
from lco.domain.booking import Booking, BookingRequest, State
from lco.domain.date_range import DateRange
from lco.web.booking_status import booking_status

DAYS = DateRange(date(2027, 3, 5), date(2027, 3, 8))
NOW = datetime(2027, 3, 1, tzinfo=UTC)
REQUEST = BookingRequest(1, DAYS, "Ann Larsen", "ann@example.com", "(218) 555-0143")
HELD = Booking(1, "t" * 32, State.BOOKED, REQUEST, "Saw", "BK-1", 1, "", None, "", NOW, NOW, 0)
OUT = replace(HELD, state=State.CONFIRMED, picked_up_on=DAYS.start)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("stage", [None, *Stage])
def test_every_state_and_stage_has_words_without_placeholders(state, stage):
    status = booking_status(replace(HELD, state=state), stage, time(7))
    assert status.title
    assert status.text
    assert "{" not in status.text
    assert 1 <= status.reached <= len(status.steps)


@pytest.mark.parametrize(
    ("booking", "steps", "reached"),
    [
        (replace(HELD, state=State.CHECKING, reference=None), ("Requested", "Booked", "Confirmed"), 1),
        (HELD, ("Requested", "Booked", "Confirmed"), 2),
        (replace(HELD, state=State.CONFIRMED), ("Requested", "Booked", "Confirmed"), 3),
        (OUT, ("Confirmed", "Picked up", "Returned"), 2),
        (replace(OUT, returned_on=DAYS.end), ("Confirmed", "Picked up", "Returned"), 3),
        (replace(HELD, returned_on=DAYS.end), ("Requested", "Booked", "Confirmed"), 3),
        (replace(HELD, state=State.CANCELLED), ("Requested", "Booked", "Canceled"), 3),
        (replace(HELD, state=State.CANCELLED, reference=None), ("Requested", "Canceled"), 2),
        (replace(HELD, state=State.EXPIRED, reference=None), ("Requested", "Not booked"), 2),
    ],
)
def test_steps_end_with_the_one_that_is_reached(booking, steps, reached):
    status = booking_status(booking, None, None)
    assert (tuple(status.steps), status.reached) == (steps, reached)


def test_hour_of_return_is_named_only_when_it_is_known():
    assert booking_status(OUT, Stage.OUT, time(7)).text == "Return it by 7 am on Mon, Mar 8."
    assert booking_status(OUT, Stage.OUT, None).text == "Return it on Mon, Mar 8."


def test_inquiry_is_not_called_booked_until_the_machine_is_out():
    inquiry = replace(HELD, request=replace(REQUEST, kind="inquiry"))
    assert booking_status(inquiry, Stage.AHEAD, None).title == "Inquiry"
    assert booking_status(replace(inquiry, picked_up_on=DAYS.start), Stage.OUT, None).title == "You have it"
