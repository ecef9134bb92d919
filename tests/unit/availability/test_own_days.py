"""The days around a booking that only the booking keeps, found by few questions."""

from datetime import date
from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lco.availability.own_days import own_days
from lco.domain.date_range import DAY, DateRange

OWN = DateRange(date(2027, 3, 10), date(2027, 3, 14))


def days(first: int, last: int) -> set[date]:
    """The days from `first` up to but not including `last`, counted from the first day of the booking."""
    return {OWN.start + DAY * number for number in range(first, last)}


class Others:
    """The days that other bookings keep, with their buffers, and how often it was asked about them."""

    def __init__(self, kept: set[date]) -> None:
        self.kept, self.asked = kept, 0

    def leave_free(self, asked: DateRange) -> bool:
        self.asked += 1
        return self.kept.isdisjoint(asked)


@pytest.mark.parametrize(
    ("buffer", "kept", "expected", "questions"),
    [
        (0, set(), (0, 4), 0),
        (2, set(), (-2, 6), 2),
        (2, days(8, 14), (-2, 6), 2),
        (2, days(6, 14), (-2, 6), 6),
        (3, days(5, 40), (-3, 5), 4),
        (3, days(4, 400), (-3, 4), 3),
        (3, days(-400, -1) | days(4, 400), (-1, 4), 5),
    ],
)
def test_own_days_reach_to_those_of_others(buffer, kept, expected, questions):
    others = Others(kept)
    assert own_days(OWN, kept | days(-buffer, 4 + buffer), others.leave_free) == days(*expected)
    assert others.asked == questions


@given(
    buffer=st.integers(0, 12),
    before=st.sets(st.integers(-40, -1), max_size=5),
    after=st.sets(st.integers(4, 40), max_size=5),
)
def test_own_days_are_the_free_ones_next_to_the_booking(buffer, before, after):
    kept = {day for number in before | after for day in days(number, number + 1)}
    expected = set(OWN)
    for step, first in ((-1, OWN.start - DAY), (1, OWN.end)):
        next_to_it = (first + DAY * step * number for number in range(buffer))
        expected.update(takewhile(lambda day: day not in kept, next_to_it))
    assert own_days(OWN, kept | days(-buffer, 4 + buffer), Others(kept).leave_free) == expected
