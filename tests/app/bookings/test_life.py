"""The state of a rental on each of its days."""

from dataclasses import replace
from datetime import datetime, time

import pytest

from lco.bookings.life import Stage, stage
from lco.domain.booking import Booking, BookingRequest, State
from lco.domain.date_range import DAY
from tests.app.bookings.fakes import DAYS, ZONE

AT = datetime(2030, 1, 1, tzinfo=ZONE)
BOOKING = Booking(
    1,
    "token",
    State.CONFIRMED,
    BookingRequest(7, DAYS, "Ada", "ada@example.com", "+12185550142"),
    "Mower",
    "BK-1",
    None,
    "",
    None,
    "",
    AT,
    AT,
    0,
    version=3,
)
OUT = replace(BOOKING, picked_up_on=DAYS.start)
NINE = time(9)


def at(day, hour=12) -> datetime:
    return datetime.combine(day, time(hour), ZONE)


@pytest.mark.parametrize(
    ("booking", "moment", "expected"),
    [
        (BOOKING, at(DAYS.start - DAY), Stage.AHEAD),
        (replace(BOOKING, state=State.BOOKED), at(DAYS.start), Stage.AHEAD),
        (BOOKING, at(DAYS.start), Stage.READY),
        (replace(BOOKING, version=None), at(DAYS.start), Stage.AHEAD),
        (BOOKING, at(DAYS.end), Stage.OVER),
        (OUT, at(DAYS.start), Stage.OUT),
        (OUT, at(DAYS.end, 8), Stage.OUT),
        (OUT, at(DAYS.end, 10), Stage.OVERDUE),
        (OUT, at(DAYS.end + DAY, 8), Stage.OVERDUE),
        (replace(OUT, returned_on=DAYS.end), at(DAYS.end + DAY), Stage.RETURNED),
        (replace(BOOKING, state=State.CANCELLED), at(DAYS.start), None),
        (replace(BOOKING, state=State.CHECKING, reference=None), at(DAYS.start), None),
    ],
)
def test_stage_follows_from_steps_and_time(booking, moment, expected):
    assert stage(booking, moment, NINE) is expected


def test_without_a_time_of_return_the_whole_day_is_in_time():
    assert stage(OUT, at(DAYS.end, 23), None) is Stage.OUT
