from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lco.availability.schemas import parse_date_range, parse_iso_interval
from lco.domain.date_range import DateRange
from lco.errors import InvalidInput

TODAY = date(2026, 12, 10)


def chosen(start: str, end: str) -> DateRange | None:
    return parse_date_range({"date_from": start, "date_to": end})


def test_two_dates_are_a_range():
    assert chosen("2026-12-10", "2026-12-11") == DateRange(TODAY, date(2026, 12, 11))
    assert chosen(" 2026-12-14 ", "2026-12-18\n") == DateRange(date(2026, 12, 14), date(2026, 12, 18))


def test_no_dates_are_no_mistake():
    assert chosen("", " ") is None
    assert parse_date_range({}) is None


@pytest.mark.parametrize(
    ("start", "end", "sentences"),
    [
        ("", "2026-12-18", {"date_from": "Choose the first day of the rental."}),
        ("2026-12-14", "", {"date_to": "Choose the day you bring it back."}),
        ("soon", "2026-12-18", {"date_from": "Enter a date like 2026-12-01."}),
        ("2026-12-14", "2026-02-30", {"date_to": "Enter a date like 2026-12-01."}),
        ("2026-12-14", "2026-12-14", {"date_to": "Bring it back at least one day after you pick it up."}),
        ("2026-12-14", "2026-12-01", {"date_to": "Bring it back at least one day after you pick it up."}),
        ("2026-12-14", "2027-12-15", {"date_to": "For more than a year, please call us."}),
        ("2026-12-14", "9999-12-31", {"date_to": "For more than a year, please call us."}),
        (
            "x",
            "y",
            {"date_from": "Enter a date like 2026-12-01.", "date_to": "Enter a date like 2026-12-01."},
        ),
    ],
)
def test_unusable_days_have_a_sentence_at_their_field(start, end, sentences):
    with pytest.raises(InvalidInput) as error:
        chosen(start, end)
    assert error.value.fields == {name: [sentence] for name, sentence in sentences.items()}


def test_the_longest_rental_is_a_year():
    assert len(chosen("2026-12-14", "2027-12-14")) == 365


@settings(deadline=None)
@given(start=st.text(max_size=12), end=st.text(max_size=12))
def test_every_typed_text_gives_days_or_none_or_a_sentence(start, end):
    _, errors = tried(start, end)
    assert errors.keys() <= {"date_from", "date_to"}
    assert all(errors.values())


def tried(start: str, end: str) -> tuple[DateRange | None, dict[str, list[str]]]:
    try:
        return chosen(start, end), {}
    except InvalidInput as error:
        return None, error.fields


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2026-12-01/2026-12-05", DateRange(date(2026, 12, 1), date(2026, 12, 5))),
        ("2026-12-05/2026-12-01", None),
        ("2026-12-01", None),
        ("2026-12-01/2026-12-05/2026-12-06", None),
        ("", None),
        ("/", None),
    ],
)
def test_an_interval_is_read_or_is_none(text, days):
    assert parse_iso_interval(text) == days
