"""The one place that decides what can be rented: days, opening hours, limits, status and Odoo's own answer."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from lco import clock
from lco.availability.month import DayState
from lco.domain.business_calendar import BusinessCalendar
from lco.domain.date_range import DAY, DateRange
from lco.domain.date_text import format_date, format_date_short, format_hour, format_weekday_date
from lco.domain.quote import Quote
from lco.domain.rental import Reason, ReasonCode
from lco.domain.vehicle import Status, Vehicle
from lco.errors import InvalidInput, NotRentable

Reasons = tuple[Reason, ...]


class RentalRules:
    """Every list, calendar, quick choice, quote, form and API asks here; days are those of `zone`.

    `calendar` returns the calendar that holds now, `now` the present instant.
    """

    def __init__(
        self, calendar: Callable[[], BusinessCalendar], zone: ZoneInfo, now: Callable[[], datetime] = clock.now
    ) -> None:
        self._calendar = calendar
        self._zone = zone
        self._now = now

    @property
    def now(self) -> datetime:
        """The present instant, in the zone of the business."""
        return self._now().astimezone(self._zone)

    @property
    def today(self) -> date:
        """The present day of the business."""
        return self.now.date()

    @property
    def first_start(self) -> date:
        """The first day on which a rental may begin now, open or not."""
        return self._calendar().first_start(self.now)

    @property
    def last_start(self) -> date:
        """The last day on which a rental may begin, open or not."""
        return self._calendar().last_start(self.today)

    @property
    def calendar(self) -> BusinessCalendar:
        """The calendar that holds now."""
        return self._calendar()

    def frozen(self) -> "RentalRules":
        """Return the same rules as they are at this instant, read once for many questions in a row."""
        calendar, now = self._calendar(), self.now
        return RentalRules(lambda: calendar, self._zone, lambda: now)

    def check_days(self, days: DateRange) -> Reasons:
        """Return every obstacle that holds for all machines: lead time, horizon, closed days."""
        return tuple(_days_obstacles(days, self._calendar(), self.now))

    def check(self, vehicle: Vehicle, days: DateRange, quote: Quote | None = None) -> Reasons:
        """Return every obstacle to renting `vehicle` on `days`; an empty tuple when the days can be rented.

        Whether a machine is taken is Odoo's answer in `quote`. Without one, only what the site knows is checked.
        """
        now = self.now
        reasons = [*_days_obstacles(days, self._calendar(), now), *_limit_obstacles(days, vehicle)]
        reasons += _status_obstacles(vehicle, days) if quote is None else _quote_obstacles(quote, vehicle)
        by_code: dict[ReasonCode, Reason] = {}
        for reason in reasons:
            by_code.setdefault(reason.code, reason)
        return tuple(by_code.values())

    def check_change(
        self, vehicle: Vehicle, old: DateRange, days: DateRange, quote: Quote | None = None
    ) -> Reasons:
        """Return every obstacle to moving a booking from `old` to `days`, as `check` does.

        A first day that stays is agreed, so what the site itself has against it does not count.
        """
        reasons = self.check(vehicle, days, quote)
        if days.start != old.start:
            return reasons
        said = {reason.code for reason in quote.reasons} if quote else set()
        return tuple(one for one in reasons if one.code in said or one.field != "date_from")

    def require_change(self, vehicle: Vehicle, old: DateRange, days: DateRange, quote: Quote) -> None:
        """Raise InvalidInput for days to change, NotRentable for every other obstacle to moving a booking there.

        Days that are taken pass: Odoo decides between two who want them.
        """
        reasons = self.check_change(vehicle, old, days, quote)
        _raise_for_fields(reasons)
        for reason in reasons:
            if reason.code is not ReasonCode.TAKEN:
                raise NotRentable(reason.code, reason.sentence)

    def next_return(self, day: date) -> date | None:
        """Return the next day after `day` on which machines are brought back. Returns None when all are closed."""
        calendar = self._calendar()
        later = (day + DAY * number for number in range(1, MAX_CLOSED_DAYS + 2))
        return next((one for one in later if calendar.is_open(one)), None)

    def start_state(self, day: date) -> DayState:
        """Return what the rules say of `day` as the first day of a rental of any machine."""
        calendar, now = self._calendar(), self.now
        if day < now.date():
            return DayState.PAST
        if not calendar.is_open(day):
            return DayState.CLOSED
        may_start = calendar.first_start(now) <= day <= calendar.last_start(now.date())
        return DayState.FREE if may_start else DayState.NO_START

    def require_days(self, days: DateRange) -> None:
        """Raise InvalidInput, with sentences by field, when no machine can be rented on `days`."""
        _raise_for_fields(self.check_days(days))

    def require_dates(self, vehicle: Vehicle, days: DateRange) -> None:
        """Raise InvalidInput, with sentences by field, when other days have to be chosen for `vehicle`."""
        _raise_for_fields(self.check(vehicle, days))

    def require(self, vehicle: Vehicle, days: DateRange) -> None:
        """Raise InvalidInput for days to change, NotRentable for a machine that cannot be had on these days.

        Odoo is not asked, so days that are taken pass.
        """
        reasons = self.check(vehicle, days)
        _raise_for_fields(reasons)
        if reasons:
            raise NotRentable(reasons[0].code, reasons[0].sentence)

    def offer_from(self, vehicle: Vehicle, start: date) -> DateRange | None:
        """Return the shortest range from `start` on that the rules allow. Returns None when there is none.

        It lasts the machine's shortest rental, or longer until a day on which the business is open.
        """
        shortest, calendar = vehicle.minimum_days or 1, self._calendar()
        for length in range(shortest, shortest + MAX_CLOSED_DAYS + 1):
            days = DateRange(start, start + DAY * length)
            if calendar.is_open(days.end):
                return None if self.check(vehicle, days) else days
        return None

    def return_by(self, days: DateRange) -> time | None:
        """Return the time until which a machine is brought back on the day of return.

        Returns None when the time is not known.
        """
        return self._calendar().return_by(days.end)


MAX_CLOSED_DAYS = 14
"""The most closed days in a row in an offered range."""


def _raise_for_fields(reasons: Iterable[Reason]) -> None:
    fields: dict[str, list[str]] = {}
    for reason in reasons:
        if reason.field:
            fields.setdefault(reason.field, []).append(reason.sentence)
    if fields:
        raise InvalidInput(fields)


def _days_obstacles(days: DateRange, calendar: BusinessCalendar, now: datetime) -> Iterator[Reason]:
    first, last = calendar.first_start(now), calendar.last_start(now.date())
    if days.start < first:
        yield Reason(ReasonCode.TOO_SOON, _too_soon(days.start, now, calendar), calendar.lead_days)
    elif days.start > last:
        sentence = f"We take bookings that start on {format_date(last)} at the latest."
        yield Reason(ReasonCode.TOO_FAR, sentence, calendar.horizon_days)
    if not calendar.is_open(days.start):
        yield Reason(ReasonCode.CLOSED_START, f"{_closed(days.start, calendar)}. Choose another first day.")
    if not calendar.is_open(days.end):
        yield Reason(
            ReasonCode.CLOSED_RETURN, f"{_closed(days.end, calendar)}. Choose another day to bring it back."
        )


def _too_soon(start: date, now: datetime, calendar: BusinessCalendar) -> str:
    today, first = now.date(), calendar.first_start(now)
    if start < today:
        return "The rental cannot start before today."
    later = f"Choose {format_weekday_date(first)} or later."
    if calendar.lead_days == 0 and calendar.cut_off:
        return f"Today can be booked until {format_hour(calendar.cut_off)}. {later}"
    return f"We need some time to prepare. {later}"


def _closed(day: date, calendar: BusinessCalendar) -> str:
    reason = calendar.closed.get(day)
    return f"We are closed on {format_weekday_date(day)}" + (f" ({reason})" if reason else "")


def _limit_obstacles(days: DateRange, vehicle: Vehicle) -> Iterator[Reason]:
    shortest, longest = vehicle.minimum_days, vehicle.maximum_days
    if shortest and len(days) < shortest:
        yield Reason(ReasonCode.TOO_SHORT, f"This machine is rented for {_days(shortest)} or more.", shortest)
    if longest and len(days) > longest:
        yield Reason(ReasonCode.TOO_LONG, f"This machine is rented for at most {_days(longest)}.", longest)


def _status_obstacles(vehicle: Vehicle, days: DateRange) -> Iterator[Reason]:
    """The obstacles that follow from the machine's status alone, without Odoo's answer about these days."""
    if vehicle.status is Status.SOLD:
        yield NOT_FOR_RENT
    elif vehicle.status is Status.MAINTENANCE and vehicle.back_on and days.start < vehicle.back_on:
        yield _in_maintenance(vehicle)


def _quote_obstacles(quote: Quote, vehicle: Vehicle) -> Iterator[Reason]:
    """The reasons why Odoo does not offer the days: its own where it gives some, else by the machine's status."""
    if quote.is_bookable:
        return
    if quote.reasons:
        yield from (_reworded(reason, vehicle) for reason in quote.reasons)
    elif vehicle.status is Status.SOLD:
        yield NOT_FOR_RENT
    elif vehicle.status is Status.MAINTENANCE and not (vehicle.back_on and vehicle.back_on <= quote.days.start):
        yield _in_maintenance(vehicle)
    else:
        yield TAKEN


NOT_FOR_RENT = Reason(ReasonCode.NOT_FOR_RENT, "This machine is sold.")
TAKEN = Reason(ReasonCode.TAKEN, "Some of these days are taken.")


def _in_maintenance(vehicle: Vehicle) -> Reason:
    until = f" until {format_date_short(vehicle.back_on)}" if vehicle.back_on else ""
    return Reason(ReasonCode.IN_MAINTENANCE, f"This machine is in maintenance{until}.")


def _reworded(reason: Reason, vehicle: Vehicle) -> Reason:
    """Return a reason of Odoo's in the words of this site, where it has some."""
    match reason.code:
        case ReasonCode.TAKEN:
            return TAKEN
        case ReasonCode.IN_MAINTENANCE:
            return _in_maintenance(vehicle)
        case _:
            return reason


def _days(number: int) -> str:
    return f"{number} day" if number == 1 else f"{number} days"
