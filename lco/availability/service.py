"""Availability of one vehicle: quotes, calendars and free alternatives, all from what Odoo answers."""

import logging
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from lco import clock, metrics
from lco.availability.busy_days import BusyDays
from lco.availability.month import DayState, Month, first_of, last_of, may_show
from lco.caching.swr import CacheQuery, StaleWhileRevalidateCache
from lco.domain.date_range import DAY, DateRange
from lco.domain.quote import Quote
from lco.errors import OdooError
from lco.odoo.client import OdooClient

log = logging.getLogger(__name__)

MAX_AGE = timedelta(seconds=15)
MAX_ALTERNATIVES = 3
SEARCH_DAYS = 28


class Availability:
    """Everything about free and taken days. Days are those of `zone`, the business's time zone."""

    def __init__(self, odoo: OdooClient, cache: StaleWhileRevalidateCache, zone: ZoneInfo) -> None:
        self._odoo = odoo
        self._days = BusyDays(odoo)
        self._cache = cache
        self._zone = zone

    def quote(self, vehicle_id: int, days: DateRange) -> Quote:
        """Odoo's answer about these days, at most FRESH old. Raises OdooError, VehicleUnknown."""
        key = f"availability:{vehicle_id}:quote:{days.start}:{days.end}"
        return self._cache.get(CacheQuery(key, MAX_AGE, lambda: self._odoo.quote(vehicle_id, days))).value

    def month(self, vehicle_id: int, first: date) -> Month:
        """The calendar month that starts with `first`; days that Odoo could not be asked about are unknown."""
        today = clock.today(self._zone)
        states = dict.fromkeys(DateRange(first, last_of(first) + DAY), DayState.PAST)
        if last_of(first) >= today:
            ahead = DateRange(max(first, today), last_of(first) + DAY)
            states |= self._states(vehicle_id, ahead)
        previous, following = first_of(first, -1), first_of(first, 1)
        return Month(
            first,
            states,
            previous if may_show(previous, today) else None,
            following if may_show(following, today) else None,
        )

    def alternatives(self, vehicle_id: int, days: DateRange) -> tuple[DateRange, ...]:
        """Up to ALTERNATIVES free ranges of the same length, the nearest first, within FARTHEST days either way.

        Only ranges that Odoo itself calls free are offered. Fewer, or none, when Odoo is no help.
        """
        found: list[DateRange] = []
        try:
            for candidate in _nearest(days, clock.today(self._zone)):
                if any(candidate.overlaps(other) for other in found):
                    continue
                if self.quote(vehicle_id, candidate).available:
                    found.append(candidate)
                if len(found) == MAX_ALTERNATIVES:
                    break
        except OdooError as error:
            metrics.stale_answers.labels("alternatives").inc()
            log.warning("not all alternatives could be asked for: %s", error.code)
        return tuple(found)

    def invalidate(self, vehicle_id: int, before: datetime | None = None) -> None:
        """Something about the vehicle's bookings changed: what is asked next goes to Odoo.

        With `before`, unless it was read after that instant.
        """
        self._cache.invalidate(f"availability:{vehicle_id}:", before)

    def _states(self, vehicle_id: int, days: DateRange) -> dict[date, DayState]:
        try:
            taken = self._busy_days(vehicle_id, days)
        except OdooError as error:
            metrics.stale_answers.labels("calendar").inc()
            log.warning("a calendar is shown without its days: %s", error.code)
            return dict.fromkeys(days, DayState.UNKNOWN)
        return {day: DayState.TAKEN if day in taken else DayState.FREE for day in days}

    def _busy_days(self, vehicle_id: int, days: DateRange) -> frozenset[date]:
        key = f"availability:{vehicle_id}:taken:{days.start}:{days.end}"
        return self._cache.get(CacheQuery(key, MAX_AGE, lambda: self._days.get(vehicle_id, days))).value


def _nearest(days: DateRange, today: date) -> Iterator[DateRange]:
    """The range moved by ever more days, later before earlier at the same distance, never to before `today`."""
    for distance in range(1, SEARCH_DAYS + 1):
        yield days.shift(DAY * distance)
        earlier = days.shift(-DAY * distance)
        if earlier.start >= today:
            yield earlier
