"""The Jinja filters, which write money, days, instants and statuses for people."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from markupsafe import Markup

from lco import clock
from lco.domain.date_range import DAY, DateRange
from lco.domain.date_text import format_clock, format_date, format_date_short, format_weekday_date
from lco.domain.money import Money
from lco.domain.typed_text import without_unprintable
from lco.domain.vehicle import Status, Vehicle

STATUS_LABELS = {
    Status.AVAILABLE: "Available now",
    Status.RESERVED: "Reserved",
    Status.RENTED: "Rented out",
    Status.MAINTENANCE: "In maintenance",
    Status.SOLD: "Sold",
    Status.UNKNOWN: "Not available right now",
}


def printable(value: object) -> object:
    """A text without the characters that no HTML document may hold; every other value as it is.

    So is markup: it comes from templates, which were given printable text, or is HTML that was cleaned.
    """
    return value if isinstance(value, Markup) or not isinstance(value, str) else without_unprintable(value)


def format_money(amount: Money | None) -> str:
    """`$1,250`; an empty text for None."""
    return "" if amount is None else str(amount)


def format_date_range(days: DateRange) -> str:
    """`Fri, Dec 11 – Mon, Dec 14, 2026 (3 days)`: the first day, the day of return, and the days that are paid."""
    start = format_weekday_date(days.start) if days.start.year == days.end.year else format_date(days.start)
    return f"{start} – {format_date(days.end)} ({pluralize(len(days), 'day')})"


def format_date_range_short(days: DateRange) -> str:
    """`Dec 11 – Dec 14`."""
    return f"{format_date_short(days.start)} – {format_date_short(days.end)}"


def format_time(instant: datetime, zone: ZoneInfo) -> str:
    """`5:49 am` on the business's clock; with ` on Jul 1` behind it when the day is not today."""
    local = instant.astimezone(zone)
    hour = format_clock(local.time())
    return hour if local.date() == clock.today(zone) else f"{hour} on {format_date_short(local.date())}"


def format_instant(instant: datetime, zone: ZoneInfo) -> str:
    """`6:00 pm on Tue, Dec 1` on the business's clock; midnight is the end of the day before."""
    local = instant.astimezone(zone)
    if local.time() == time():
        return f"the end of {format_weekday_date(local.date() - DAY)}"
    return f"{format_clock(local.time())} on {format_weekday_date(local.date())}"


def format_difference(difference: Money) -> str:
    """`$120 more`, `$40 less`, `none`."""
    if not difference.amount:
        return "none"
    size = Money(abs(difference.amount), difference.currency)
    return f"{size} {'more' if difference.amount > 0 else 'less'}"


def pluralize(count: int, noun: str) -> str:
    """`1 day`, `2 days`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def status_label(vehicle: Vehicle, today: date) -> str:
    """The status of a vehicle in words, with the day it is back if Odoo names one that is still to come."""
    words = STATUS_LABELS[vehicle.status]
    if vehicle.back_on is None or vehicle.back_on <= today or vehicle.status in {Status.AVAILABLE, Status.SOLD}:
        return words
    if vehicle.status is Status.MAINTENANCE:
        return f"{words} until {format_date_short(vehicle.back_on)}"
    return f"{words}, back {format_date_short(vehicle.back_on)}"
