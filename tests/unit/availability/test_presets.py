from datetime import date

import pytest

from lco.availability.presets import presets
from lco.domain.date_range import DAY, DateRange

MONDAY = date(2026, 12, 7)
WEEK = [MONDAY + DAY * n for n in range(7)]


def test_on_a_wednesday_people_want_tomorrow_the_weekend_or_next_week():
    assert presets(date(2026, 12, 9)) == (
        ("Tomorrow", DateRange(date(2026, 12, 10), date(2026, 12, 11))),
        ("This weekend", DateRange(date(2026, 12, 11), date(2026, 12, 14))),
        ("Next week", DateRange(date(2026, 12, 14), date(2026, 12, 19))),
    )


@pytest.mark.parametrize("today", WEEK)
def test_every_pick_lies_ahead_and_on_its_weekdays(today):
    tomorrow, weekend, week = (days for _, days in presets(today))
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
    assert presets(today)[1][0] == name
