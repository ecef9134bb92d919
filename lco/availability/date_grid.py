"""Two months as a grid in which a range of days is chosen with two taps: the first day, then the day of return.

Pure: the states of days come in, what each day means for the choice comes out. Days are those of the business's
time zone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from lco.availability.month import WEEKS, DayState, first_of
from lco.domain.date_range import DateRange
from lco.domain.rental import Reason, ReasonCode

MONTHS = 2
WORDS = {
    DayState.FREE: "available",
    DayState.TAKEN: "taken",
    DayState.PAST: "past",
    DayState.UNKNOWN: "not known",
    DayState.CLOSED: "closed",
    DayState.NO_START: "available, but not as the first day",
}
Check = Callable[[DateRange], Sequence[Reason]]


class Role(StrEnum):
    """The part of a day in the chosen range."""

    NONE = ""
    FIRST = "first"
    INSIDE = "inside"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen first day and the chosen day of return. Each is None while it is not chosen."""

    start: date | None = None
    end: date | None = None

    @property
    def is_half(self) -> bool:
        """Whether the first day is chosen and the return day is not."""
        return self.start is not None and self.end is None

    def role(self, day: date) -> Role:
        """The part of `day` in the chosen range."""
        if day == self.start:
            return Role.FIRST
        if self.start and self.end and self.start < day <= self.end:
            return Role.RETURN if day == self.end else Role.INSIDE
        return Role.NONE


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
    """The grid of MONTHS months from `first` on, over the states of its days and of those since the first day.

    `check` returns the obstacles to renting a range of days: see `lco.availability.rules`.
    """

    first: date
    states: Mapping[date, DayState]
    selection: Selection
    check: Check
    today: date

    @property
    def months(self) -> tuple[date, ...]:
        """The first days of the months shown."""
        return tuple(first_of(self.first, number) for number in range(MONTHS))

    def weeks(self, month: date) -> Iterator[tuple[GridDay | None, ...]]:
        """The rows of a month, Sunday first, without weeks that are over. None where a day belongs to another."""
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
            choice, words = self._as_return(day)
        elif role is Role.FIRST and self.selection.is_half:
            choice, words = Selection(), "first day, choose again"
        else:
            choice, words = self._as_first(day, state)
        return GridDay(day, state, role, choice, words)

    def _is_within_reach(self, day: date) -> bool:
        start, obstacle = self.selection.start, self.obstacle
        return start is not None and start < day and (obstacle is None or day <= obstacle)

    def _as_return(self, day: date) -> tuple[Selection | None, str]:
        start = self.selection.start or day
        length = (day - start).days
        if reasons := self.check(DateRange(start, day)):
            return None, _objection(reasons[0])
        return Selection(start, day), f"return day, {length} day{'' if length == 1 else 's'}"

    @staticmethod
    def _as_first(day: date, state: DayState) -> tuple[Selection | None, str]:
        return (Selection(day) if state is DayState.FREE else None), _words(state)


def _words(state: DayState) -> str:
    return WORDS[state]


def _objection(reason: Reason) -> str:
    """The obstacle in the few words that a day of the grid has room for."""
    match reason.code:
        case ReasonCode.TOO_SHORT:
            return f"{reason.limit}-day minimum"
        case ReasonCode.TOO_LONG:
            return f"{reason.limit}-day maximum"
        case ReasonCode.CLOSED_RETURN:
            return "closed"
        case _:
            return reason.sentence


def shop_states(first: date, start_state: Callable[[date], DayState]) -> dict[date, DayState]:
    """Return the states of the days of a grid when no machine is chosen."""
    return {day: start_state(day) for day in DateRange(first, first_of(first, MONTHS))}
