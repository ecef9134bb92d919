from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lco.domain.date_range import DAY, DateRange

MON, TUE, FRI, SAT = (date(2026, 12, n) for n in (7, 8, 11, 12))

dates = st.dates(date(2026, 1, 1), date(2026, 3, 1))
ranges = st.builds(lambda start, length: DateRange(start, start + DAY * length), dates, st.integers(1, 40))


def test_the_day_of_return_is_not_part_of_the_rental():
    days = DateRange(MON, FRI)
    assert len(days) == 4
    assert list(days)[-1] == date(2026, 12, 10)
    assert MON in days
    assert FRI not in days


@pytest.mark.parametrize("end", [MON, date(2026, 12, 6)])
def test_a_range_is_never_empty(end):
    with pytest.raises(ValueError, match="ends after it starts"):
        DateRange(MON, end)


def test_ranges_that_only_touch_do_not_overlap():
    assert not DateRange(MON, FRI).overlaps(DateRange(FRI, SAT))
    assert not DateRange(FRI, SAT).overlaps(DateRange(MON, FRI))
    assert DateRange(MON, FRI).overlaps(DateRange(TUE, SAT))


@given(one=ranges, other=ranges)
def test_two_ranges_overlap_when_they_share_a_day(one, other):
    assert one.overlaps(other) == bool(set(one) & set(other))


@given(days=ranges)
def test_halves_make_up_the_whole(days):
    if len(days) > 1:
        first, second = days.split()
        assert [*first, *second] == list(days)
        assert abs(len(first) - len(second)) <= 1


@given(days=ranges, by=st.integers(-30, 30))
def test_a_moved_range_is_as_long(days, by):
    moved = days.shift(DAY * by)
    assert (len(moved), moved.start - days.start) == (len(days), DAY * by)
