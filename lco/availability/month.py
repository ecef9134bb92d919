"""A month of one vehicle's calendar, day by day."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

WEEKS = calendar.Calendar(firstweekday=calendar.SUNDAY)  # the usual first day of a week in the United States
MONTHS_AHEAD = 12


class DayState(StrEnum):
    """The state of one day, as far as it is known."""

    FREE = "free"
    TAKEN = "taken"
    PAST = "past"
    UNKNOWN = "unknown"
    """Odoo could not be asked in time."""
    CLOSED = "closed"
    """The business is closed: no rental begins or ends on this day."""
    NO_START = "no-start"
    """Free, but no rental may begin: too soon, too far ahead, or too few free days behind it."""


@dataclass(frozen=True, slots=True)
class Month:
    """The states of all days of one month."""

    states: Mapping[date, DayState]

    @property
    def complete(self) -> bool:
        """Whether every day is known."""
        return DayState.UNKNOWN not in self.states.values()


def first_of(day: date, months: int = 0) -> date:
    """The first day of the month that lies `months` after the one of `day`."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def last_of(first: date) -> date:
    """The last day of the month that starts with `first`."""
    return first_of(first, 1) - timedelta(days=1)


def may_show(first: date, today: date) -> bool:
    """Whether the calendar goes that far: from this month on, MONTHS_AHEAD months."""
    return first_of(today) <= first <= first_of(today, MONTHS_AHEAD)
