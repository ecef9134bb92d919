"""The settings of the business in Odoo: version of the contract, opening hours, limits and storefront."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Hours(NamedTuple):
    """Opening and closing time of one day, in the business's time zone."""

    opens: time
    closes: time


ALL_DAY_LONG = Hours(time(7), time(18))


@dataclass(frozen=True)
class Calendar:
    """The days and hours on which machines are handed out and taken back (docs/odoo-contract.md, section 4.2).

    `weekdays` has seven entries, Monday first; None is a day off. `closed` are single closed days with a reason.
    From `cut_off` on, the present day cannot be booked. The first day is at least `lead_days` and at most
    `horizon_days` from today.
    """

    weekdays: tuple[Hours | None, ...] = (ALL_DAY_LONG,) * 7
    closed: Mapping[date, str] = field(default_factory=dict)
    cut_off: time | None = None
    lead_days: int = 0
    horizon_days: int = 730

    def with_weekday(self, name: str, *, is_open: bool) -> "Calendar":
        """A copy that is open all day long, or not at all, on this weekday."""
        hours = list(self.weekdays)
        hours[WEEKDAYS.index(name)] = ALL_DAY_LONG if is_open else None
        return replace(self, weekdays=tuple(hours))

    def with_closed(self, day: date, reason: str | None) -> "Calendar":
        """A copy that is closed on this day for this reason, or open where the reason is None."""
        others = {other: said for other, said in self.closed.items() if other != day}
        return replace(self, closed=others if reason is None else {**others, day: reason})

    def is_open(self, day: date) -> bool:
        """Whether a machine can be picked up or returned on `day`."""
        return day not in self.closed and self.weekdays[day.weekday()] is not None

    def earliest(self, now: datetime) -> date:
        """The first day that can be booked at this instant of the business's time zone."""
        too_late_for_today = self.lead_days == 0 and self.cut_off is not None and now.time() >= self.cut_off
        return now.date() + timedelta(days=1 if too_late_for_today else self.lead_days)

    def latest(self, today: date) -> date:
        """The last day on which a rental may begin."""
        return today + timedelta(days=self.horizon_days)


@dataclass(frozen=True)
class Storefront:
    """The business as its shop presents it (docs/odoo-contract.md, section 4.6)."""

    name: str = "Larson County Outdoor Rentals"
    tagline: str = "Equipment for the yard, the field and the site"
    logo: str = ""
    accent: str = "#1f5f4a"
    about_html: str = "<p>We rent out what we use ourselves.</p>"
    terms_html: str = "<p>Bring a driver's license and a card for the deposit.</p>"
    phone: str = "+1 218-555-0142"
    email: str = "rentals@lco.example"
    street: str = "1420 County Road 7"
    city: str = "Larson, MN"
    map_url: str = ""
    languages: tuple[str, ...] = ("en",)


@dataclass(frozen=True)
class Business:
    """The settings of Odoo that programs notice.

    `contract` is 1 or 2. Without `api_key` there is no key. Writing calls without a key are held to
    `writes_a_minute` for each client address. A customer may change or cancel a booking until `change_hours`
    before its first day begins.
    """

    contract: int = 2
    busy: bool = False
    api_key: str = ""
    currency: str = "USD"
    writes_a_minute: int = 600
    change_hours: int = 24
    calendar: Calendar = Calendar()
    storefront: Storefront = Storefront()

    @property
    def has_busy(self) -> bool:
        """True when the call for busy days exists: always in version 2, in version 1 only when set."""
        return self.busy or self.contract > 1

    def changed(self, **fields: Any) -> "Business":
        """A copy with these fields set, those of the calendar and of the storefront included."""
        for part in ("calendar", "storefront"):
            inner = getattr(self, part)
            own = {name: fields.pop(name) for name in list(fields) if hasattr(inner, name)}
            fields[part] = replace(inner, **own)
        return replace(self, **fields)
