"""The two dates that a visitor chooses: typed, checked, and turned into a range of days."""

from collections.abc import Mapping
from datetime import date, timedelta

from lco.domain.date_range import DAY, DateRange
from lco.errors import InvalidInput

LONGEST = timedelta(days=365)


def parse_date_range(arguments: Mapping[str, str]) -> DateRange | None:
    """Return the days from `date_from` up to `date_to` in `arguments`. Returns None when neither is given.

    Raises InvalidInput with a sentence for each field that cannot be used. Whether these days can be rented is for
    `lco.availability.rules` to say.
    """
    typed_from, typed_to = (arguments.get(name, "").strip() for name in ("date_from", "date_to"))
    if not typed_from and not typed_to:
        return None
    errors: dict[str, list[str]] = {}
    start = _day("date_from", typed_from, "Choose the first day of the rental.", errors)
    end = _day("date_to", typed_to, "Choose the day you bring it back.", errors)
    if start and end and (sentence := _wrong_end(start, end)):
        errors["date_to"] = [sentence]
    if errors or start is None or end is None:
        raise InvalidInput(errors)
    return DateRange(start, end)


def parse_iso_interval(text: str) -> DateRange | None:
    """The days that `2026-12-01/2026-12-05` (ISO 8601 interval) writes. Returns None when it writes none."""
    first, _, last = text.partition("/")
    try:
        return DateRange(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        return None


def _day(name: str, text: str, missing: str, errors: dict[str, list[str]]) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        errors[name] = ["Enter a date like 2026-12-01."] if text else [missing]
        return None


def _wrong_end(start: date, end: date) -> str | None:
    if end - start < DAY:
        return "Bring it back at least one day after you pick it up."
    if end - start > LONGEST:
        return "For more than a year, please call us."
    return None
