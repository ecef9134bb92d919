from datetime import date

import pytest

from lco.availability.month import DayState, Month, first_of, last_of, may_show
from lco.domain.date_range import DAY, DateRange

FEBRUARY = date(2027, 2, 1)


def month(first: date) -> Month:
    return Month(first, dict.fromkeys(DateRange(first, last_of(first) + DAY), DayState.FREE), None, None)


def test_a_month_is_rows_of_seven_from_sunday_with_nothing_in_other_months():
    weeks = month(FEBRUARY).weeks
    assert all(len(week) == 7 for week in weeks)
    assert weeks[0][0] is None
    assert weeks[0][1].day == FEBRUARY
    assert weeks[-1][0].day == date(2027, 2, 28)
    assert weeks[-1][1:] == (None,) * 6


@pytest.mark.parametrize("first", [first_of(FEBRUARY, n) for n in range(-14, 14)])
def test_every_day_stands_in_its_month_once_under_its_weekday(first):
    cells = [(column, cell) for week in month(first).weeks for column, cell in enumerate(week) if cell]
    assert [cell.day for _, cell in cells] == list(DateRange(first, last_of(first) + DAY))
    assert all(column == (cell.day.weekday() + 1) % 7 for column, cell in cells)


def test_a_month_has_a_name():
    assert month(FEBRUARY).label == "February 2027"


def test_a_month_with_an_unknown_day_is_not_complete():
    states = dict(month(FEBRUARY).states)
    assert Month(FEBRUARY, states, None, None).complete
    states[date(2027, 2, 3)] = DayState.UNKNOWN
    assert not Month(FEBRUARY, states, None, None).complete


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
