from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lco import clock, metrics
from lco.availability.month import DayState
from lco.availability.service import MAX_AGE
from lco.deadline import deadline
from lco.domain.business_calendar import BusinessCalendar
from lco.domain.date_range import DAY, DateRange
from lco.domain.money import Money
from lco.errors import OdooError
from tests.serving import wait_until
from tests.unit.availability.conftest import machine

TODAY = date(2026, 12, 10)
DECEMBER, JANUARY, NOVEMBER = date(2026, 12, 1), date(2027, 1, 1), date(2026, 11, 1)
FREE, TAKEN, PAST, UNKNOWN = DayState.FREE, DayState.TAKEN, DayState.PAST, DayState.UNKNOWN
NEXT_WEEK = DateRange(date(2026, 12, 14), date(2026, 12, 18))

taken_days = st.sets(st.integers(0, 60).map(lambda n: TODAY + DAY * n))


def test_a_quote_is_odoos_and_asked_for_once_in_15_seconds(odoo):
    quote = odoo.availability.quote(7, NEXT_WEEK)
    assert (quote.available, quote.total) == (True, Money(Decimal(600), "USD"))
    odoo.availability.quote(7, NEXT_WEEK)
    assert odoo.asked == [NEXT_WEEK]
    with clock.moved(MAX_AGE + timedelta(seconds=1)):
        odoo.availability.quote(7, NEXT_WEEK)
        wait_until(lambda: len(odoo.asked) == 2, "a second question")


def test_vehicles_and_days_have_quotes_of_their_own(odoo):
    odoo.availability.quote(7, NEXT_WEEK)
    odoo.availability.quote(70, NEXT_WEEK)
    odoo.availability.quote(7, NEXT_WEEK.shift(DAY))
    assert len(odoo.asked) == 3


def test_after_forget_everything_about_the_vehicle_is_asked_again_and_nothing_else(odoo):
    for vehicle_id in (7, 70):
        odoo.availability.quote(vehicle_id, NEXT_WEEK)
        odoo.availability.month(machine(vehicle_id), JANUARY)
    odoo.asked.clear()
    odoo.taken = set(NEXT_WEEK)
    odoo.availability.invalidate(7)
    assert not odoo.availability.quote(7, NEXT_WEEK).available
    odoo.availability.month(machine(7), JANUARY)
    odoo.availability.quote(70, NEXT_WEEK)
    odoo.availability.month(machine(70), JANUARY)
    assert odoo.asked == [NEXT_WEEK, DateRange(JANUARY, date(2027, 2, 1))]


def test_a_free_month_costs_one_question(odoo):
    month = odoo.availability.month(machine(7), JANUARY)
    assert set(month.states.values()) == {FREE}
    assert odoo.asked == [DateRange(JANUARY, date(2027, 2, 1))]


def test_one_booking_costs_few_questions(odoo):
    odoo.taken = set(DateRange(date(2027, 1, 12), date(2027, 1, 15)))
    states = odoo.availability.month(machine(7), JANUARY).states
    assert {day for day, state in states.items() if state is TAKEN} == odoo.taken
    assert len(odoo.asked) <= 2 * len(odoo.taken) * 5  # two for each halving on the way to each taken day


def test_a_month_that_is_all_taken_costs_two_questions_a_day_at_most(odoo):
    odoo.taken = set(DateRange(JANUARY, date(2027, 2, 1)))
    assert set(odoo.availability.month(machine(7), JANUARY).states.values()) == {TAKEN}
    assert len(odoo.asked) == 2 * 31 - 1


def test_days_before_today_are_past_and_not_asked_about(odoo):
    states = odoo.availability.month(machine(7), DECEMBER).states
    assert [day for day, state in states.items() if state is PAST] == list(DateRange(DECEMBER, TODAY))
    assert states[TODAY] is FREE
    assert odoo.asked == [DateRange(TODAY, JANUARY)]


def test_a_month_gone_by_asks_nothing(odoo):
    assert set(odoo.availability.month(machine(7), NOVEMBER).states.values()) == {PAST}
    assert odoo.asked == []


@pytest.mark.parametrize("answered_before", [0, 3])
def test_days_without_an_answer_from_odoo_are_unknown_and_counted(odoo, answered_before, caplog):
    counted = metrics.stale_answers.labels("calendar")
    before = counted._value.get()
    odoo.taken, odoo.fails_at = {date(2026, 12, 20)}, answered_before
    month = odoo.availability.month(machine(7), DECEMBER)
    assert {state for day, state in month.states.items() if day >= TODAY} == {UNKNOWN}
    assert not month.complete
    assert counted._value.get() == before + 1
    assert "without its days" in caplog.text


def test_a_calendar_that_takes_too_long_is_unknown_now_and_known_soon(odoo):
    with deadline(timedelta()):
        assert not odoo.availability.month(machine(7), JANUARY).complete
    wait_until(lambda: odoo.availability.month(machine(7), JANUARY).complete, "the whole month")
    assert len(odoo.asked) == 1


@settings(max_examples=15, deadline=None)
@given(taken=taken_days)
def test_every_taken_day_is_taken_in_the_calendar(any_odoo, taken):
    with any_odoo() as odoo:
        odoo.taken = taken
        for first in (DECEMBER, JANUARY):
            for day, state in odoo.availability.month(machine(7), first).states.items():
                assert state is (PAST if day < TODAY else TAKEN if day in taken else FREE)


def test_alternatives_are_the_nearest_free_ranges_of_the_same_length(odoo):
    odoo.taken = set(NEXT_WEEK)
    assert odoo.availability.alternatives(machine(7), NEXT_WEEK) == (
        DateRange(date(2026, 12, 18), date(2026, 12, 22)),
        DateRange(date(2026, 12, 10), date(2026, 12, 14)),
        DateRange(date(2026, 12, 22), date(2026, 12, 26)),
    )


def test_alternatives_never_lie_in_the_past(odoo):
    today_only = DateRange(TODAY, TODAY + DAY)
    odoo.taken = set(today_only)
    assert [days.start for days in odoo.availability.alternatives(machine(7), today_only)] == [
        TODAY + DAY * n for n in (1, 2, 3)
    ]


def test_without_a_free_range_near_there_are_no_alternatives(odoo):
    odoo.taken = set(DateRange(TODAY, TODAY + DAY * 200))
    assert odoo.availability.alternatives(machine(7), NEXT_WEEK) == ()


def test_without_an_answer_of_odoo_there_are_no_alternatives(odoo, caplog):
    odoo.fails_at = 0
    assert odoo.availability.alternatives(machine(), NEXT_WEEK) == ()
    assert "not all alternatives" in caplog.text


def test_alternatives_keep_the_rules(odoo):
    odoo.calendar = BusinessCalendar(closed={date(2026, 12, 18): "Party", date(2026, 12, 20): ""}, lead_days=2)
    assert odoo.availability.alternatives(machine(), NEXT_WEEK) == (
        DateRange(date(2026, 12, 15), date(2026, 12, 19)),
        DateRange(date(2026, 12, 19), date(2026, 12, 23)),
        DateRange(date(2026, 12, 23), date(2026, 12, 27)),
    )
    assert odoo.availability.alternatives(machine(minimum_days=5), NEXT_WEEK) == ()


def test_a_day_on_which_the_rules_let_no_rental_begin_is_no_start(odoo):
    odoo.calendar = BusinessCalendar(closed={date(2026, 12, 15): ""}, lead_days=1)
    odoo.taken = {date(2026, 12, 20)}
    states = odoo.availability.month(machine(minimum_days=2, maximum_days=2), DECEMBER).states
    no_start = [day.day for day, state in states.items() if state is DayState.NO_START]
    assert no_start == [10, 13, 19]
    assert (states[date(2026, 12, 15)], states[date(2026, 12, 20)]) == (DayState.CLOSED, TAKEN)


def test_an_answer_that_changes_is_published(odoo):
    published = []
    odoo.availability._on_change = published.append
    odoo.availability.quote(7, NEXT_WEEK)
    odoo.taken = set(NEXT_WEEK)
    with clock.moved(MAX_AGE + timedelta(seconds=1)):
        assert odoo.availability.quote(7, NEXT_WEEK).available
        wait_until(lambda: published == [7], "the change")
        assert not odoo.availability.quote(7, NEXT_WEEK).available


def test_a_quote_that_odoo_cannot_give_is_an_error(odoo):
    odoo.fails_at = 0
    with pytest.raises(OdooError):
        odoo.availability.quote(7, NEXT_WEEK)


@settings(max_examples=15, deadline=None)
@given(taken=taken_days, start=st.integers(0, 20), length=st.integers(1, 7))
def test_alternatives_are_free_ahead_apart_and_nearest_first(any_odoo, taken, start, length):
    wanted = DateRange(TODAY + DAY * start, TODAY + DAY * (start + length))
    with any_odoo() as odoo:
        odoo.taken = taken
        offered = odoo.availability.alternatives(machine(7), wanted)
    distances = [abs((days.start - wanted.start).days) for days in offered]
    assert distances == sorted(distances)
    assert len(offered) <= 3
    for days in offered:
        assert len(days) == length
        assert days.start >= TODAY
        assert not taken & set(days)
        assert not any(days.overlaps(other) for other in offered if other is not days)
    if len(offered) < 3:  # then no other free range lies within reach, beside those offered
        reach = (wanted.shift(DAY * n) for n in range(-28, 29) if n)
        missed = [d for d in reach if d.start >= TODAY and not taken & set(d)]
        assert all(any(d.overlaps(other) for other in offered) for d in missed)


# Each of these is about a machine of its own, since one is asked about at most once in 15 seconds.


def test_next_free_days_of_a_taken_machine_are_learned_behind_the_page_in_one_call(odoo):
    odoo.offers_busy()
    odoo.taken = {*NEXT_WEEK, date(2026, 12, 20)}
    assert odoo.availability.next_free(machine(7), NEXT_WEEK) is None
    expected = DateRange(date(2026, 12, 21), date(2026, 12, 25))
    wait_until(lambda: odoo.availability.next_free(machine(7), NEXT_WEEK) == expected, "the next free days")
    assert (len(odoo.asked_busy), odoo.asked) == (1, [])


def test_next_free_days_follow_the_rules(odoo):
    odoo.offers_busy()
    odoo.taken = set(NEXT_WEEK)
    odoo.calendar = BusinessCalendar(closed={date(2026, 12, 18): "", date(2026, 12, 23): ""})
    expected = DateRange(date(2026, 12, 20), date(2026, 12, 24))
    wait_until(lambda: odoo.availability.next_free(machine(71), NEXT_WEEK) == expected, "the next free days")


def test_without_one_answer_about_all_days_the_next_free_ones_are_not_asked_for(odoo):
    assert odoo.availability.next_free(machine(72), NEXT_WEEK) is None
    wait_until(lambda: odoo.asked_busy, "a call of Odoo")
    assert odoo.availability.next_free(machine(72), NEXT_WEEK) is None
    assert len(odoo.asked_busy) == 1
    assert len(odoo.asked) <= 1


def test_taken_days_that_are_not_known_any_more_are_asked_again(odoo):
    odoo.offers_busy()
    odoo.taken = set(NEXT_WEEK)
    wait_until(lambda: odoo.availability.next_free(machine(73), NEXT_WEEK), "the next free days")
    odoo.availability.invalidate(73)
    assert odoo.availability.next_free(machine(73), NEXT_WEEK) is None
