"""The two ways to learn which days are taken: they agree, and each is used when it should be."""

from contextlib import nullcontext
from datetime import date, timedelta

import pytest
import requests
from cachelib import SimpleCache
from hypothesis import given, settings
from hypothesis import strategies as st

from lco import clock
from lco.availability.busy_days import BUSY_CALL_PAUSE
from lco.availability.month import DayState
from lco.availability.service import MAX_AGE
from lco.caching.swr import StaleWhileRevalidateCache
from lco.domain.date_range import DAY, DateRange
from tests.unit.availability.conftest import NO_SUCH_PAGE, TODAY, machine

JANUARY, FEBRUARY = date(2027, 1, 1), date(2027, 2, 1)
WHOLE_JANUARY = DateRange(JANUARY, FEBRUARY)
ALL_MONTHS = DateRange(TODAY, date(2028, 2, 1))
SOME = set(DateRange(date(2027, 1, 12), date(2027, 1, 15)))
UNFIT = {"status_code": 200, "text": '{"success": true, "data": "every other tuesday"}'}
REFUSED = {"status_code": 400, "text": '{"success": false, "error": "x"}'}
UNKNOWN_VEHICLE = {"status_code": 404, "text": '{"success": false, "error": "x"}'}
TAKEN_DAYS = st.sets(st.integers(0, 60).map(lambda n: TODAY + DAY * n))
BROKEN = {"status_code": 500, "text": "Internal Server Error"}


def taken_in(odoo, first: date = JANUARY, vehicle_id: int = 7) -> set[date] | None:
    """The taken days of the month; None while they are unknown."""
    month = odoo.availability.month(machine(vehicle_id), first)
    return {day for day, state in month.states.items() if state is DayState.TAKEN} if month.complete else None


@pytest.mark.parametrize("taken", [set(), SOME, set(WHOLE_JANUARY)])
def test_an_odoo_with_busy_days_is_asked_once_for_every_month(odoo, taken):
    odoo.offers_busy()
    odoo.taken = taken
    assert taken_in(odoo) == taken
    assert (odoo.asked_busy, odoo.asked) == ([ALL_MONTHS], [])


def test_one_answer_serves_every_month_and_the_alternatives(odoo):
    odoo.offers_busy()
    odoo.taken = SOME
    assert (taken_in(odoo, date(2026, 12, 1)), taken_in(odoo)) == (set(), SOME)
    wanted = DateRange(date(2027, 1, 12), date(2027, 1, 14))
    assert odoo.availability.alternatives(machine(), wanted)[0] == wanted.shift(DAY * -2)
    assert (odoo.asked_busy, odoo.asked) == ([ALL_MONTHS], [])


def test_ranges_that_reach_beyond_the_month_or_overlap_are_cut_and_joined(odoo):
    ranges = [("2026-11-01", "2027-01-03"), ("2027-01-02", "2027-01-04"), ("2027-01-31", "9999-12-31")]
    data = ", ".join(f'{{"date_from": "{first}", "date_to": "{last}"}}' for first, last in ranges)
    odoo.busy = {"status_code": 200, "text": f'{{"success": true, "data": [{data}]}}'}
    assert taken_in(odoo) == {date(2027, 1, day) for day in (1, 2, 3, 31)}


@settings(max_examples=15, deadline=None)
@given(before=TAKEN_DAYS, after=TAKEN_DAYS, start=st.integers(0, 50), length=st.integers(1, 10))
def test_taken_days_of_before_a_quote_never_contradict_it(any_odoo, before, after, start, length):
    """Bookings change in Odoo, and the webhook is late."""
    wanted = DateRange(TODAY + DAY * start, TODAY + DAY * (start + length))
    with any_odoo() as odoo:
        odoo.offers_busy()
        odoo.taken = before
        taken_in(odoo)
        odoo.taken = after
        is_free = odoo.availability.quote(7, wanted).available
        assert odoo.availability.rentable(machine(7), [wanted]) == ({wanted} if is_free else set())


def test_alternatives_of_a_quote_do_not_have_days_that_it_says_are_taken(odoo):
    odoo.offers_busy()
    taken_in(odoo)
    odoo.taken = set(DateRange(date(2027, 1, 12), date(2027, 1, 14)))
    wanted = DateRange(date(2027, 1, 12), date(2027, 1, 14))
    assert not odoo.availability.quote(7, wanted).available
    assert odoo.availability.alternatives(machine(), wanted)[0] == wanted.shift(DAY * 2)


def test_quote_of_another_process_is_not_contradicted_by_older_taken_days(odoo):
    odoo.offers_busy()
    backend = SimpleCache()
    one, other = (odoo.process(StaleWhileRevalidateCache(backend, mutex=nullcontext)) for _ in range(2))
    other.month(machine(7), JANUARY)
    odoo.taken = SOME
    wanted = DateRange(min(SOME), max(SOME) + DAY)
    assert not one.quote(7, wanted).available
    assert not other.quote(7, wanted).available
    assert odoo.asked == [wanted]
    assert other.rentable(machine(7), [wanted]) == set()


def test_an_odoo_that_contradicts_itself_is_asked_no_more_often_than_quotes_are(odoo):
    odoo.taken = SOME
    odoo.busy = {"status_code": 200, "text": '{"success": true, "data": []}'}
    for _ in range(5):
        taken_in(odoo)
        odoo.availability.quote(7, WHOLE_JANUARY)
    assert (len(odoo.asked_busy), len(odoo.asked)) == (2, 1)


@settings(max_examples=15, deadline=None)
@given(taken=TAKEN_DAYS)
def test_both_ways_say_the_same(any_odoo, taken):
    for first in (date(2026, 12, 1), JANUARY):
        with any_odoo() as old:
            old.taken = taken
            by_questions = old.availability.month(machine(7), first)
        with any_odoo() as new:
            new.taken = taken
            new.offers_busy()
            assert new.availability.month(machine(7), first) == by_questions


@pytest.mark.parametrize("answer", [NO_SUCH_PAGE, UNFIT, REFUSED])
def test_an_odoo_without_busy_days_is_read_range_by_range(odoo, answer):
    odoo.busy, odoo.taken = answer, SOME
    for vehicle_id in (7, 8, 9):
        assert taken_in(odoo, vehicle_id=vehicle_id) == SOME
    assert len(odoo.asked_busy) == 1


def test_an_odoo_that_is_upgraded_while_the_site_runs_is_noticed(odoo):
    odoo.taken = SOME
    assert taken_in(odoo) == SOME
    odoo.offers_busy()
    odoo.asked.clear()
    with clock.moved(BUSY_CALL_PAUSE - timedelta(seconds=1)):
        assert taken_in(odoo, vehicle_id=8) == SOME
        assert len(odoo.asked_busy) == 1
        odoo.asked.clear()
    with clock.moved(BUSY_CALL_PAUSE + timedelta(seconds=1)):
        assert taken_in(odoo, vehicle_id=9) == SOME
        assert (len(odoo.asked_busy), odoo.asked) == (2, [])


def test_that_odoo_cannot_is_no_error_in_the_log_and_is_said_once(odoo, caplog):
    caplog.set_level("INFO", "lco")
    for vehicle_id in (7, 8):
        taken_in(odoo, vehicle_id=vehicle_id)
    (said,) = caplog.records
    assert (said.levelname, said.name) == ("INFO", "lco.availability.busy_days")


def test_an_odoo_in_trouble_is_not_waited_for_twice(odoo):
    """The next visitor's calendar is asked for in the other way, in case only this call is broken."""
    odoo.busy, odoo.taken = BROKEN, SOME
    assert taken_in(odoo) is None
    assert odoo.asked == []
    assert len(odoo.asked_busy) == 3  # the tries of any reading
    assert taken_in(odoo) == SOME
    assert len(odoo.asked_busy) == 3


def test_a_calendar_that_was_good_stays_while_the_call_is_broken(odoo):
    odoo.offers_busy()
    odoo.taken = SOME
    assert taken_in(odoo) == SOME
    odoo.busy, odoo.fails_at = BROKEN, 0
    with clock.moved(MAX_AGE + timedelta(seconds=1)):
        assert taken_in(odoo) == SOME


def test_a_vehicle_that_is_gone_says_nothing_about_the_call(odoo):
    odoo.busy, odoo.is_gone = UNKNOWN_VEHICLE, True
    assert taken_in(odoo) is None
    odoo.is_gone = False
    odoo.offers_busy()
    odoo.taken = SOME
    odoo.asked.clear()
    assert taken_in(odoo, vehicle_id=8) == SOME
    assert odoo.asked == []


def test_an_odoo_with_404_for_busy_days_is_read_range_by_range(odoo):
    odoo.busy, odoo.taken = UNKNOWN_VEHICLE, SOME
    for vehicle_id in (7, 8):
        assert taken_in(odoo, vehicle_id=vehicle_id) == SOME
    assert len(odoo.asked_busy) == 1


def test_an_odoo_that_was_away_is_asked_for_the_one_answer_when_it_is_back(odoo):
    odoo.busy = {"exc": requests.ConnectTimeout}
    assert taken_in(odoo) is None
    odoo.offers_busy()
    assert taken_in(odoo) == set()
    assert odoo.asked == []
