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
class Cell:
    """One day of a month and its state."""

    day: date
    state: DayState


@dataclass(frozen=True, slots=True)
class Month:
    """The month that starts with `first`, its days' states, and the neighbours that may be looked at."""

    first: date
    states: Mapping[date, DayState]
    previous: date | None
    next: date | None

    @property
    def label(self) -> str:
        """The month and year in words."""
        return f"{calendar.month_name[self.first.month]} {self.first.year}"

    @property
    def complete(self) -> bool:
        """Whether every day is known."""
        return DayState.UNKNOWN not in self.states.values()

    @property
    def weeks(self) -> tuple[tuple[Cell | None, ...], ...]:
        """Rows of seven from Sunday to Saturday. None where a day belongs to another month."""
        rows = WEEKS.monthdatescalendar(self.first.year, self.first.month)
        return tuple(tuple(self._cell(day) for day in row) for row in rows)

    def _cell(self, day: date) -> Cell | None:
        return Cell(day, self.states[day]) if day in self.states else None


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
