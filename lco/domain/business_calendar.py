"""The days and hours on which machines are handed out and taken back (docs/odoo-contract.md, section 4.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

DAYS_A_WEEK = 7


class OpeningHours(NamedTuple):
    """Opening and closing time of one day, in the business's time zone."""

    opens: time
    closes: time


Week = tuple[OpeningHours | None, ...]
"""Seven entries, Monday first; None is a day off."""

HORIZON_DAYS = 548


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """Opening hours by weekday, closed dates with a reason, and how far ahead a rental begins.

    `weekdays` is None while opening hours are not known; then every day counts as open. From `cut_off` on, the
    present day cannot be booked. The first day is at least `lead_days` and at most `horizon_days` from today,
    HORIZON_DAYS where that is None. `return_time` is the time until which machines are brought back; None means
    the opening time of that day.
    """

    weekdays: Week | None = None
    closed: Mapping[date, str] = field(default_factory=dict)
    cut_off: time | None = None
    lead_days: int = 0
    horizon_days: int | None = None
    return_time: time | None = None

    def hours(self, day: date) -> OpeningHours | None:
        """Return the opening hours of `day`. Returns None on a closed day, and while they are not known."""
        return self.weekdays[day.weekday()] if self.weekdays and day not in self.closed else None

    def is_open(self, day: date) -> bool:
        """Whether machines are handed out and taken back on `day`."""
        return day not in self.closed and (self.weekdays is None or self.weekdays[day.weekday()] is not None)

    def first_start(self, now: datetime) -> date:
        """Return the first day on which a rental may begin at the instant `now`, in the business's time zone."""
        too_late_today = self.lead_days == 0 and self.cut_off is not None and now.time() >= self.cut_off
        return now.date() + timedelta(days=1 if too_late_today else self.lead_days)

    def last_start(self, today: date) -> date:
        """Return the last day on which a rental may begin."""
        return today + timedelta(days=HORIZON_DAYS if self.horizon_days is None else self.horizon_days)

    def return_by(self, day: date) -> time | None:
        """Return the time until which a machine is brought back on `day`. Returns None when it is not known."""
        hours = self.hours(day)
        return self.return_time or (hours.opens if hours else None)


class CalendarSettings(NamedTuple):
    """The calendar in the settings. None where Odoo decides (docs/odoo-contract.md, section 4.2)."""

    opening_hours: Week | None = None
    closed_dates: Mapping[date, str] | None = None
    cut_off: time | None = None
    lead_days: int | None = None
    horizon_days: int | None = None
    return_time: time | None = None

    def applied_to(self, calendar: BusinessCalendar) -> BusinessCalendar:
        """Return `calendar`, Odoo's, with what the settings say.

        The settings decide on hours and reasons. What Odoo refuses stays refused, since it would not take the
        booking: of two limits the stricter one holds, and a day is open when both say so.
        """
        cut_offs = [one for one in (self.cut_off, calendar.cut_off) if one is not None]
        horizons = [days for days in (self.horizon_days, calendar.horizon_days) if days is not None]
        return replace(
            calendar,
            weekdays=_both_open(self.opening_hours, calendar.weekdays),
            closed={**calendar.closed, **(self.closed_dates or {})},
            cut_off=min(cut_offs, default=None),
            lead_days=max(self.lead_days or 0, calendar.lead_days),
            horizon_days=min(horizons, default=HORIZON_DAYS),
            return_time=self.return_time,
        )


def _both_open(ours: Week | None, theirs: Week | None) -> Week | None:
    """Our hours on the days on which both are open; the other's where one says nothing."""
    if ours is None or theirs is None:
        return ours or theirs
    return tuple(hours if other else None for hours, other in zip(ours, theirs, strict=True))
