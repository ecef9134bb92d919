from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from lco import clock
from lco.domain import date_text
from lco.domain.date_range import DateRange
from lco.domain.money import Money
from lco.domain.vehicle import Rates, Status, Vehicle
from lco.web import filters

TUESDAY = date(2026, 12, 1)
LATER = date(2026, 12, 5)
FEW_DAYS = DateRange(TUESDAY, LATER)


def vehicle(status: Status, back_on: date | None = None) -> Vehicle:
    return Vehicle(1, "Chainsaw", "chainsaw", status, Rates(), back_on=back_on)


def test_days_are_written_three_ways():
    assert date_text.format_date(TUESDAY) == "Tue, Dec 1, 2026"
    assert date_text.format_date_short(TUESDAY) == "Dec 1"
    assert date_text.format_weekday_date(TUESDAY) == "Tue, Dec 1"
    assert date_text.format_date_long(TUESDAY) == "Tuesday, December 1, 2026"


def test_a_range_names_first_day_return_and_length():
    assert filters.format_date_range(FEW_DAYS) == "Tue, Dec 1 – Sat, Dec 5, 2026 (4 days)"
    assert filters.format_date_range_short(FEW_DAYS) == "Dec 1 – Dec 5"


def test_one_day_is_singular_and_a_turn_of_the_year_names_both_years():
    new_year = DateRange(date(2026, 12, 31), date(2027, 1, 1))
    assert filters.format_date_range(new_year) == "Thu, Dec 31, 2026 – Fri, Jan 1, 2027 (1 day)"


@pytest.mark.parametrize("letter", ["\x00", "\x1f", "\x7f", "\ud800", "\ufdd0", "\uffff", "\U0010ffff"])
def test_characters_invalid_in_html_are_left_out(letter):
    assert filters.printable(f"saw{letter}s") == "saws"


@pytest.mark.parametrize("kept", ["a\tb\nc", "Gr\u00fc\u00dfe, \u96ea \U0001f69c", 7, None])
def test_everything_else_is_printed_as_it_is(kept):
    assert filters.printable(kept) == kept


def test_an_instant_is_written_on_the_clock_of_the_business():
    instant = datetime(2026, 7, 1, 15, 42, tzinfo=UTC)
    with clock.moved(instant - clock.now()):
        assert filters.format_time(instant, ZoneInfo("America/Chicago")) == "10:42 am"


def test_an_instant_of_another_day_is_shown_with_its_date():
    instant = datetime(2026, 7, 1, 15, 42, tzinfo=UTC)
    with clock.moved(instant + timedelta(days=1) - clock.now()):
        assert filters.format_time(instant, ZoneInfo("America/Chicago")) == "10:42 am on Jul 1"


@pytest.mark.parametrize(
    ("hour", "text"),
    [(time(7), "7 am"), (time(17, 30), "5:30 pm"), (time(12), "12 pm"), (time(0, 5), "12:05 am")],
)
def test_a_time_of_day_is_written_without_minutes_where_it_has_none(hour, text):
    assert date_text.format_hour(hour) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 days"), (1, "1 day"), (2, "2 days"), (1500, "1,500 days")])
def test_counts_agree_with_their_noun(count, text):
    assert filters.pluralize(count, "day") == text


def test_money_that_is_not_known_is_written_as_nothing():
    assert filters.format_money(None) == ""
    assert filters.format_money(Money(Decimal("99.50"), "USD")) == "$99.50"


@pytest.mark.parametrize(
    ("status", "back_on", "words"),
    [
        (Status.AVAILABLE, None, "Available now"),
        (Status.AVAILABLE, LATER, "Available now"),
        (Status.RESERVED, None, "Reserved"),
        (Status.RENTED, LATER, "Rented out, back Dec 5"),
        (Status.RENTED, TUESDAY, "Rented out"),
        (Status.MAINTENANCE, LATER, "In maintenance until Dec 5"),
        (Status.MAINTENANCE, TUESDAY, "In maintenance"),
        (Status.MAINTENANCE, None, "In maintenance"),
        (Status.SOLD, LATER, "Sold"),
    ],
)
def test_a_status_says_when_the_machine_is_back_where_that_is_known_and_to_come(status, back_on, words):
    assert filters.status_label(vehicle(status, back_on), TUESDAY) == words


def test_every_status_has_a_label():
    assert set(filters.STATUS_LABELS) == set(Status)
