from datetime import date, time

import pytest

from lco.domain.business_calendar import OpeningHours
from lco.domain.calendar_text import parse_closed_dates, parse_time, parse_week
from lco.settings import SettingsError
from tests.environment import read_settings

LONG = OpeningHours(time(7), time(18))
SHORT = OpeningHours(time(8, 30), time(12))


@pytest.mark.parametrize(
    ("text", "week"),
    [
        ("Mon-Fri 7:00-18:00, Sat 8:30-12:00", (LONG,) * 5 + (SHORT, None)),
        ("Mon-Sun 07:00-18:00", (LONG,) * 7),
        ("monday - saturday 7:00 - 18:00; sun closed", (LONG,) * 6 + (None,)),
        ("Mon-Sun 7:00-18:00, Wed closed", (LONG, LONG, None) + (LONG,) * 4),
        ("Sat-Mon 8:30-12:00", (SHORT, None, None, None, None, SHORT, SHORT)),
    ],
)
def test_opening_hours_are_read(text, week):
    assert parse_week(text) == week


@pytest.mark.parametrize(
    "text", ["always", "Mon 7-18", "Mon 18:00-7:00", "Xyz 7:00-18:00", "Mon closed", ",", "7:00"]
)
def test_invalid_opening_hours_are_refused(text):
    with pytest.raises(ValueError, match=r"opening hours like|time of day"):
        parse_week(text)


def test_closed_dates_are_read_with_their_reasons():
    assert parse_closed_dates("2026-12-25 Christmas Day, 2027-01-01") == {
        date(2026, 12, 25): "Christmas Day",
        date(2027, 1, 1): "",
    }


@pytest.mark.parametrize("text", ["25.12.2026", "Christmas", "2026-02-30"])
def test_invalid_closed_dates_are_refused(text):
    with pytest.raises(ValueError, match="closed dates like"):
        parse_closed_dates(text)


@pytest.mark.parametrize("text", ["7", "24:00", "7:60", "noon", ""])
def test_invalid_times_are_refused(text):
    with pytest.raises(ValueError, match="a time of day like"):
        parse_time(text)


def test_settings_hold_the_calendar_and_name_refused_values():
    settings = read_settings({"OPENING_HOURS": "Mon-Fri 7:00-18:00", "CUT_OFF": "15:00", "LEAD_DAYS": "1"})
    calendar = settings.calendar()
    assert calendar.opening_hours == (LONG,) * 5 + (None, None)
    assert (calendar.cut_off, calendar.lead_days, calendar.horizon_days) == (time(15), 1, None)
    with pytest.raises(SettingsError, match=r"OPENING_HOURS: expected opening hours like"):
        read_settings({"OPENING_HOURS": "always"})
