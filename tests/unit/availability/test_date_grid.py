from dataclasses import replace
from datetime import date, timedelta

import pytest

from lco.availability.date_grid import Check, DateGrid, Role, Selection, shop_states
from lco.availability.month import DayState, first_of, last_of
from lco.domain.date_range import DAY, DateRange
from lco.domain.rental import Reason, ReasonCode

FIRST = date(2027, 3, 1)
TODAY = date(2027, 3, 10)
TAKEN = {date(2027, 3, 20), date(2027, 3, 21)}


def start_state(day: date) -> DayState:
    return DayState.PAST if day < TODAY else DayState.FREE


def from_3_to_5_days(days: DateRange) -> tuple[Reason, ...]:
    if len(days) < 3:
        return (Reason(ReasonCode.TOO_SHORT, "Too short.", 3),)
    return (Reason(ReasonCode.TOO_LONG, "Too long.", 5),) if len(days) > 5 else ()


def grid(selection: Selection | None = None, check: Check = lambda _: ()) -> DateGrid:
    states = shop_states(FIRST, start_state)
    states |= dict.fromkeys(TAKEN, DayState.TAKEN)
    return DateGrid(FIRST, states, selection or Selection(), check, TODAY)


def cells(shown: DateGrid) -> dict[date, object]:
    return {cell.day: cell for month in shown.months for week in shown.weeks(month) for cell in week if cell}


def test_two_months_are_shown_from_the_week_of_today():
    shown = cells(grid())
    assert min(shown) == date(2027, 3, 7)
    assert max(shown) == date(2027, 4, 30)


@pytest.mark.parametrize("first", [first_of(FIRST, n) for n in range(-14, 14)])
def test_every_day_is_in_its_month_once_under_its_weekday(first):
    weeks = list(DateGrid(first, {}, Selection(), lambda _: (), today=first).weeks(first))
    assert all(len(week) == 7 for week in weeks)
    days = [(column, cell.day) for week in weeks for column, cell in enumerate(week) if cell]
    assert [day for _, day in days] == list(DateRange(first, last_of(first) + DAY))
    assert all(column == (day.weekday() + 1) % 7 for column, day in days)


def test_before_a_choice_every_free_day_can_be_the_first():
    shown = cells(grid())
    assert shown[date(2027, 3, 12)].choice == Selection(date(2027, 3, 12))
    assert (shown[date(2027, 3, 9)].choice, shown[date(2027, 3, 9)].words) == (None, "past")
    assert (shown[date(2027, 3, 20)].choice, shown[date(2027, 3, 20)].words) == (None, "taken")


def test_every_day_up_to_the_next_taken_one_can_be_the_return_day():
    start = date(2027, 3, 17)
    shown = cells(grid(Selection(start)))
    returns = [day for day, cell in shown.items() if cell.choice and cell.choice.end]
    assert returns == [start + DAY * n for n in (1, 2, 3)]
    assert shown[date(2027, 3, 19)].words == "return day, 2 days"
    assert shown[date(2027, 3, 21)].choice is None


def test_a_free_day_out_of_reach_starts_a_new_choice():
    shown = cells(grid(Selection(date(2027, 3, 17))))
    for day in (date(2027, 3, 12), date(2027, 3, 22)):
        assert shown[day].choice == Selection(day)


def test_the_first_day_itself_takes_the_choice_back():
    assert cells(grid(Selection(TODAY)))[TODAY].choice == Selection()


@pytest.mark.parametrize(("length", "words"), [(1, "3-day minimum"), (2, "3-day minimum"), (6, "5-day maximum")])
def test_lengths_that_are_not_rented_are_refused_with_the_reason(length, words):
    shown = cells(grid(Selection(TODAY), from_3_to_5_days))
    cell = shown[TODAY + timedelta(days=length)]
    assert (cell.choice, cell.words) == (None, words)
    assert shown[TODAY + DAY * 3].choice == Selection(TODAY, TODAY + DAY * 3)


def test_each_day_of_the_range_has_its_role():
    start, end = date(2027, 3, 12), date(2027, 3, 15)
    shown = cells(grid(Selection(start, end)))
    roles = [shown[start + DAY * n].role for n in range(-1, 5)]
    assert roles == [Role.NONE, Role.FIRST, Role.INSIDE, Role.INSIDE, Role.RETURN, Role.NONE]
    assert shown[start].choice == Selection(start)


def test_the_obstacle_and_the_next_free_day_are_named():
    shown = grid(Selection(date(2027, 3, 17)))
    assert (shown.obstacle, shown.next_start) == (date(2027, 3, 20), date(2027, 3, 22))
    assert (grid().obstacle, grid().next_start) == (None, None)


def test_a_day_that_is_not_known_ends_the_reach():
    shown = grid(Selection(TODAY))
    unknown = DateGrid(
        FIRST, {**shown.states, TODAY + DAY * 2: DayState.UNKNOWN}, shown.selection, shown.check, TODAY
    )
    assert unknown.obstacle == TODAY + DAY * 2
    assert not unknown.complete
    assert shown.complete


def test_a_return_on_a_day_that_the_rules_refuse_is_no_choice():
    def closed(days: DateRange) -> tuple[Reason, ...]:
        is_closed = days.end == date(2027, 3, 12)
        return (Reason(ReasonCode.CLOSED_RETURN, "We are closed."),) if is_closed else ()

    cell = cells(grid(Selection(TODAY), closed))[date(2027, 3, 12)]
    assert (cell.choice, cell.words) == (None, "closed")


@pytest.mark.parametrize(
    ("state", "words"),
    [(DayState.CLOSED, "closed"), (DayState.NO_START, "available, but not as the first day")],
)
def test_a_day_on_which_no_rental_begins_is_no_first_day(state, words):
    shown = grid()
    cell = cells(replace(shown, states={**shown.states, TODAY: state}))[TODAY]
    assert (cell.choice, cell.words) == (None, words)
