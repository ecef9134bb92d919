"""Two months as a grid in which a range of days is chosen with two taps: the first day, then the day of return.

Pure: the states of days come in, what each day means for the choice comes out. Days are those of the business's
time zone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from lco.availability.month import WEEKS, DayState, first_of
from lco.domain.date_range import DAY

MONTHS = 2
WORDS = {
    DayState.FREE: "available",
    DayState.TAKEN: "taken",
    DayState.PAST: "past",
    DayState.UNKNOWN: "not known",
}
RETURNABLE = frozenset({DayState.FREE})


class Role(StrEnum):
    """What a day is within the chosen range."""

    NONE = ""
    FIRST = "first"
    INSIDE = "inside"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen first day and the chosen day of return; None while they are not chosen."""

    start: date | None = None
    end: date | None = None

    @property
    def is_half(self) -> bool:
        return self.start is not None and self.end is None

    def role(self, day: date) -> Role:
        if day == self.start:
            return Role.FIRST
        if self.start and self.end and self.start < day <= self.end:
            return Role.RETURN if day == self.end else Role.INSIDE
        return Role.NONE


@dataclass(frozen=True, slots=True)
class Limits:
    """The shortest and the longest rental in days; None where there is no limit."""

    shortest: int | None = None
    longest: int | None = None

    def objection(self, length: int) -> str:
        """Return why a rental of `length` days is refused, or an empty text."""
        if self.shortest and length < self.shortest:
            return f"{self.shortest}-day minimum"
        if self.longest and length > self.longest:
            return f"{self.longest}-day maximum"
        return ""


@dataclass(frozen=True, slots=True)
class GridDay:
    """One day. `choice` is what a tap on it selects; None when it cannot be chosen, for which `words` say why."""

    day: date
    state: DayState
    role: Role
    choice: Selection | None
    words: str


@dataclass(frozen=True, slots=True)
class DateGrid:
    """The grid of MONTHS months from `first` on, over the states of its days and of those since the first day."""

    first: date
    states: Mapping[date, DayState]
    selection: Selection
    limits: Limits
    today: date

    @property
    def months(self) -> tuple[date, ...]:
        """The first days of the months shown."""
        return tuple(first_of(self.first, number) for number in range(MONTHS))

    def weeks(self, month: date) -> Iterator[tuple[GridDay | None, ...]]:
        """The rows of a month, Sunday first, without weeks that are over; None where a day belongs to another."""
        for week in WEEKS.monthdatescalendar(month.year, month.month):
            if week[-1] >= self.today:
                yield tuple(self._day(day) if day.month == month.month else None for day in week)

    @property
    def obstacle(self) -> date | None:
        """The first day after the chosen first day on which the machine is not there: the last day of return."""
        start = self.selection.start
        if start is None:
            return None
        later = sorted(day for day in self.states if day > start)
        return next((day for day in later if self.states[day] in {DayState.TAKEN, DayState.UNKNOWN}), None)

    @property
    def next_start(self) -> date | None:
        """The first day after the obstacle on which another rental may begin, as far as it is known."""
        obstacle = self.obstacle
        free = (day for day, state in self.states.items() if state is DayState.FREE)
        return min((day for day in free if obstacle and day > obstacle), default=None)

    @property
    def complete(self) -> bool:
        """Whether every day is known."""
        return DayState.UNKNOWN not in self.states.values()

    def _day(self, day: date) -> GridDay:
        state = self.states.get(day, DayState.UNKNOWN)
        role = self.selection.role(day)
        if self.selection.is_half and role is not Role.FIRST and self._is_within_reach(day):
            choice, words = self._as_return(day, state)
        elif role is Role.FIRST and self.selection.is_half:
            choice, words = Selection(), "first day, choose again"
        else:
            choice, words = self._as_first(day, state)
        return GridDay(day, state, role, choice, words)

    def _is_within_reach(self, day: date) -> bool:
        start, obstacle = self.selection.start, self.obstacle
        return start is not None and start < day and (obstacle is None or day <= obstacle)

    def _as_return(self, day: date, state: DayState) -> tuple[Selection | None, str]:
        start = self.selection.start or day
        length = (day - start).days
        objection = self.limits.objection(length) or _closed(state)
        if objection:
            return None, objection
        return Selection(start, day), f"return day, {length} day{'' if length == 1 else 's'}"

    @staticmethod
    def _as_first(day: date, state: DayState) -> tuple[Selection | None, str]:
        return (Selection(day) if state is DayState.FREE else None), _words(state)


def _words(state: DayState) -> str:
    return WORDS.get(state, state.value.replace("-", " "))


def _closed(state: DayState) -> str:
    return "closed" if state.value == "closed" else ""


def shop_states(first: date, today: date, last: date) -> dict[date, DayState]:
    """The states of the days of a grid when no machine is chosen: all from `today` to `last` are free."""
    end = first_of(first, MONTHS)
    days = (first + DAY * number for number in range((end - first) // timedelta(days=1)))
    return {day: DayState.FREE if today <= day <= last else DayState.PAST for day in days}
