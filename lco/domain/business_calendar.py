"""When the business hands machines out and takes them back (docs/odoo-contract.md, section 4.2)."""

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
    present day cannot be booked. The first day is at least `lead_days` and at most `horizon_days` from today.
    `return_time` is the time until which machines are brought back; None means the opening time of that day.
    """

    weekdays: Week | None = None
    closed: Mapping[date, str] = field(default_factory=dict)
    cut_off: time | None = None
    lead_days: int = 0
    horizon_days: int = HORIZON_DAYS
    return_time: time | None = None

    def hours(self, day: date) -> OpeningHours | None:
        """Return the opening hours of `day`; None on a closed day, and while they are not known."""
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
        return today + timedelta(days=self.horizon_days)

    def return_by(self, day: date) -> time | None:
        """Return the time until which a machine is brought back on `day`; None when it is not known."""
        hours = self.hours(day)
        return self.return_time or (hours.opens if hours else None)


class CalendarSettings(NamedTuple):
    """What the settings say of the calendar; None where Odoo decides (docs/odoo-contract.md, section 4.2)."""

    opening_hours: Week | None = None
    closed_dates: Mapping[date, str] | None = None
    cut_off: time | None = None
    lead_days: int | None = None
    horizon_days: int | None = None
    return_time: time | None = None

    def applied_to(self, calendar: BusinessCalendar) -> BusinessCalendar:
        """Return `calendar` with everything replaced that the settings say."""
        said = {name: value for name, value in self._asdict().items() if value is not None}
        names = {"opening_hours": "weekdays", "closed_dates": "closed"}
        return replace(calendar, **{names.get(name, name): value for name, value in said.items()})
