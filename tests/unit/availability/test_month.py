from datetime import date

import pytest

from lco.availability.month import DayState, Month, first_of, last_of, may_show
from lco.domain.date_range import DAY, DateRange

FEBRUARY = date(2027, 2, 1)


def test_a_month_with_an_unknown_day_is_not_complete():
    states = dict.fromkeys(DateRange(FEBRUARY, last_of(FEBRUARY) + DAY), DayState.FREE)
    assert Month(states).complete
    states[date(2027, 2, 3)] = DayState.UNKNOWN
    assert not Month(states).complete


@pytest.mark.parametrize(
    ("day", "months", "first"),
    [
        (date(2026, 12, 31), 0, date(2026, 12, 1)),
        (date(2026, 12, 31), 1, date(2027, 1, 1)),
        (date(2026, 1, 15), -1, date(2025, 12, 1)),
        (date(2026, 3, 31), 12, date(2027, 3, 1)),
        (date(2026, 3, 31), -27, date(2023, 12, 1)),
    ],
)
def test_months_are_counted_over_the_turn_of_the_year(day, months, first):
    assert first_of(day, months) == first


def test_leap_years_have_a_29th_of_february():
    assert last_of(date(2028, 2, 1)) == date(2028, 2, 29)
    assert last_of(FEBRUARY) == date(2027, 2, 28)


def test_the_calendar_goes_from_this_month_a_year_ahead():
    today = date(2026, 12, 10)
    assert not may_show(date(2026, 11, 1), today)
    assert may_show(date(2026, 12, 1), today)
    assert may_show(date(2027, 12, 1), today)
    assert not may_show(date(2028, 1, 1), today)
