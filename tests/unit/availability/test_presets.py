from datetime import date, datetime, time

import pytest

from lco import clock
from lco.availability.presets import presets
from lco.availability.rules import RentalRules
from lco.domain.business_calendar import BusinessCalendar
from lco.domain.date_range import DAY, DateRange
from tests.unit.availability.conftest import ZONE, machine

MONDAY = date(2026, 12, 7)
WEDNESDAY = date(2026, 12, 9)
WEEK = [MONDAY + DAY * n for n in range(7)]


def presets_on(today: date, calendar: BusinessCalendar = BusinessCalendar(), **fields: int):  # noqa: B008 - frozen
    with clock.moved(datetime.combine(today, time(12), ZONE) - clock.now()):
        return presets(machine(**fields), RentalRules(lambda: calendar, ZONE))


def test_on_a_wednesday_people_want_tomorrow_the_weekend_or_next_week():
    assert presets_on(date(2026, 12, 9)) == (
        ("Tomorrow", DateRange(date(2026, 12, 10), date(2026, 12, 11))),
        ("This weekend", DateRange(date(2026, 12, 11), date(2026, 12, 14))),
        ("Next week", DateRange(date(2026, 12, 14), date(2026, 12, 19))),
    )


@pytest.mark.parametrize("today", WEEK)
def test_every_pick_lies_ahead_and_on_its_weekdays(today):
    tomorrow, weekend, week = (days for _, days in presets_on(today))
    assert tomorrow.start == today + DAY
    assert weekend.start > today
    assert (weekend.start.strftime("%A"), weekend.end.strftime("%A")) == ("Friday", "Monday")
    assert week.start > today
    assert (week.start.strftime("%A"), week.end.strftime("%A")) == ("Monday", "Saturday")


@pytest.mark.parametrize(
    ("today", "name"),
    [
        (date(2026, 12, 10), "This weekend"),
        (date(2026, 12, 11), "Next weekend"),
        (date(2026, 12, 12), "Next weekend"),
        (date(2026, 12, 14), "This weekend"),
    ],
)
def test_the_weekend_that_has_begun_is_not_meant(today, name):
    assert presets_on(today)[1][0] == name


def test_lengths_outside_the_limits_are_no_choice():
    assert [name for name, _ in presets_on(WEDNESDAY, minimum_days=2)] == ["This weekend", "Next week"]
    assert [name for name, _ in presets_on(WEDNESDAY, minimum_days=2, maximum_days=4)] == ["This weekend"]


def test_days_on_which_the_business_is_closed_are_no_choice():
    closed = BusinessCalendar(closed={date(2026, 12, 14): "Inventory"})
    assert [name for name, _ in presets_on(WEDNESDAY, closed)] == ["Tomorrow"]
