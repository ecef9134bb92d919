"""Availability of one vehicle: quotes, calendars and free alternatives, from Odoo's answers and the rules."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from lco import background, metrics
from lco.availability import cache_keys
from lco.availability.busy_days import BusyDays
from lco.availability.month import MONTHS_AHEAD, DayState, Month, first_of, last_of
from lco.availability.own_days import IsFree, own_days
from lco.availability.price_cliffs import Cliffs, find_cliffs
from lco.availability.rules import RentalRules
from lco.caching.memory import CachedValue
from lco.caching.swr import CacheQuery, StaleWhileRevalidateCache
from lco.domain.date_range import DAY, DateRange
from lco.domain.quote import Quote
from lco.domain.vehicle import Vehicle
from lco.errors import OdooError
from lco.odoo.budget import charged_to, payer
from lco.odoo.client import OdooClient

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_AGE = timedelta(seconds=15)
MAX_ALTERNATIVES = 3
SEARCH_DAYS = 28
NEXT_DAYS = 90


def ignore(_vehicle_id: int) -> None:
    """Do nothing, for callers without open pages."""


class Availability:
    """Everything about free and taken days. Days are those of the business's time zone.

    `on_change` is called with a vehicle's id when an answer of Odoo differs from the one that was shown before.
    """

    def __init__(
        self,
        odoo: OdooClient,
        cache: StaleWhileRevalidateCache,
        rules: RentalRules,
        on_change: Callable[[int], object] = ignore,
    ) -> None:
        self._odoo = odoo
        self._days = BusyDays(odoo)
        self._cache = cache
        self.rules = rules
        self._on_change = on_change
        self.pause = MAX_AGE
        """The least time between two readings behind pages of one vehicle's taken days."""

    def quote(self, vehicle_id: int, days: DateRange) -> Quote:
        """Return Odoo's answer about these days, at most MAX_AGE old, older while Odoo does not answer.

        Raises VehicleUnknown, and OdooError, also when bookings have changed since the last answer.
        """
        key = cache_keys.quote_key(vehicle_id, days)
        query = self._query(vehicle_id, key, lambda: self._odoo.quote(vehicle_id, days))
        quote = self._cache.get_valid(query)
        self._invalidate_contradicted(vehicle_id, self._cache.peek(query))
        return quote

    def month(self, vehicle: Vehicle, first: date, own: Collection[date] = ()) -> Month:
        """Return the month that starts with `first`; days that Odoo could not be asked about are unknown.

        The days in `own` are kept by the customer who looks, so they are not taken.
        """
        today = self.rules.today
        states = dict.fromkeys(DateRange(first, last_of(first) + DAY), DayState.PAST)
        if last_of(first) >= today:
            ahead = DateRange(max(first, today), last_of(first) + DAY)
            taken = self._taken_or_none(vehicle, first)
            if taken is not None:
                taken -= frozenset(own)
            rules = self.rules.frozen()
            states |= {day: _state(rules, vehicle, day, taken) for day in ahead}
        return Month(states)

    def own_days(self, vehicle: Vehicle, own: DateRange, is_free: IsFree) -> frozenset[date]:
        """Return the days that only the booking of `own` keeps: these, and the buffer around them.

        Without Odoo's answers these alone. `is_free` is that of `lco.availability.own_days`.
        """
        key = cache_keys.own_key(vehicle.id, own)
        try:
            taken = self._cache.get_valid(self._busy_query(vehicle.id)) or frozenset()
            return self._cache.get_valid(self._query(vehicle.id, key, lambda: own_days(own, taken, is_free)))
        except OdooError as error:
            log.warning("the buffer around a booking is not known: %s", error.code)
            return frozenset(own)

    def alternatives(self, vehicle: Vehicle, days: DateRange) -> tuple[DateRange, ...]:
        """Return up to MAX_ALTERNATIVES free ranges of the same length, the nearest first.

        They lie within SEARCH_DAYS days either way, and the rules allow them. Fewer, or none, while it is not
        known which days are taken.
        """
        found: list[DateRange] = []
        rules, reach = self.rules.frozen(), DAY * SEARCH_DAYS
        if not rules.today - reach <= days.start <= rules.last_start + reach:
            return ()  # no day within reach can be rented, and none may exist
        try:
            for candidate in _nearest(days, rules.today):
                if any(candidate.overlaps(other) for other in found) or rules.check(vehicle, candidate):
                    continue
                if self._is_free(vehicle, candidate):
                    found.append(candidate)
                if len(found) == MAX_ALTERNATIVES:
                    break
        except OdooError as error:
            metrics.stale_answers.labels("alternatives").inc()
            log.warning("not all alternatives could be asked for: %s", error.code)
        return tuple(found)

    def next_free(self, vehicle: Vehicle, days: DateRange) -> DateRange | None:
        """Return the next days of the same length, after `days`, on which the vehicle can be rented. Never waits.

        Returns None when there are none within NEXT_DAYS, and while that is not known: Odoo is asked in the
        background then, where it can tell in one answer, and `on_change` is called once it has.
        """
        query = self._busy_query(vehicle.id)
        if self._cache.peek(query) is None:
            self._learn_busy(vehicle.id, query)
            return None
        busy = self._cache.get(query).value
        if busy is None:
            return None
        rules = self.rules.frozen()
        later = (days.shift(DAY * distance) for distance in range(1, NEXT_DAYS + 1))
        return next((one for one in later if busy.isdisjoint(one) and not rules.check(vehicle, one)), None)

    def rentable(self, vehicle: Vehicle, ranges: Iterable[DateRange]) -> set[DateRange]:
        """Return those of `ranges` that can be rented, as far as it is known. Raises OdooError."""
        rules, wanted = self.rules.frozen(), set(ranges)
        months = {first_of(day) for days in wanted for day in days}
        taken = frozenset().union(*(self._taken_in_month(vehicle, first) for first in sorted(months)))
        return {days for days in wanted if taken.isdisjoint(days) and not rules.check(vehicle, days)}

    def cliffs(self, vehicle: Vehicle, quote: Quote) -> Cliffs:
        """Return what the customer should know about neighbouring lengths of the quoted days."""
        rules = self.rules.frozen()
        return find_cliffs(vehicle.rates, quote, lambda days: self._may_rent(rules, vehicle, days))

    def invalidate(self, vehicle_id: int, before: datetime | None = None) -> None:
        """Ask Odoo again before the next answer, because a booking of the vehicle changed.

        With `before`, unless the answer was read after that instant. Lists of free vehicles are asked for again.
        """
        self._cache.invalidate(cache_keys.vehicle_prefix(vehicle_id), before)
        self._cache.invalidate(cache_keys.FREE, before)

    def invalidate_all(self) -> None:
        """Ask Odoo again about every vehicle, because changes may have been missed."""
        self._cache.invalidate(cache_keys.VEHICLES)
        self._cache.invalidate(cache_keys.FREE)

    def is_valid(self, vehicle_id: int, answer: CachedValue[Any]) -> bool:
        """Whether no booking of the vehicle has changed since `answer`, about several vehicles, was read."""
        return self._cache.is_valid(cache_keys.vehicle_prefix(vehicle_id), answer)

    def _query(self, vehicle_id: int, key: str, loader: Callable[[], T]) -> CacheQuery[T]:
        return CacheQuery(key, MAX_AGE, loader, on_change=lambda *_: self._on_change(vehicle_id))

    def _invalidate_contradicted(self, vehicle_id: int, quote: CachedValue[Quote] | None) -> None:
        """Have taken days read again that are older than `quote` and contradict it: a booking has changed."""
        busy = self._cache.peek(self._busy_query(vehicle_id))
        if quote is None or busy is None or busy.value is None or busy.fetched_at >= quote.fetched_at:
            return
        days = quote.value.days
        if self._is_in_window(days) and busy.value.isdisjoint(days) != quote.value.available:
            self._cache.invalidate(cache_keys.busy_prefix(vehicle_id), quote.fetched_at)

    def _taken_or_none(self, vehicle: Vehicle, first: date) -> frozenset[date] | None:
        try:
            return self._taken_in_month(vehicle, first)
        except OdooError as error:
            metrics.stale_answers.labels("calendar").inc()
            log.warning("a calendar is shown without its days: %s", error.code)
            return None

    def _is_free(self, vehicle: Vehicle, days: DateRange) -> bool:
        """Whether none of `days` is taken. Raises OdooError."""
        months = {first_of(day) for day in days}
        return all(self._taken_in_month(vehicle, first).isdisjoint(days) for first in sorted(months))

    def _may_rent(self, rules: RentalRules, vehicle: Vehicle, days: DateRange) -> bool:
        """Whether the days can be rented, as far as it is known."""
        try:
            return not rules.check(vehicle, days) and self._is_free(vehicle, days)
        except OdooError as error:
            log.warning("a price is shown without its neighbours: %s", error.code)
            return False

    def _taken_in_month(self, vehicle: Vehicle, first: date) -> frozenset[date]:
        """The taken days from `first`, or from today on, to the end of the month. Raises OdooError.

        So many days of the next month are looked at that a rental of the shortest length fits behind the last day.
        """
        start = max(first, self.rules.today)
        days = DateRange(start, last_of(first) + DAY * (vehicle.minimum_days or 1))
        busy = self._busy_within_window(vehicle.id, days)
        if busy is not None:
            return busy
        key = cache_keys.taken_key(vehicle.id, days)
        return self._cache.get_valid(self._query(vehicle.id, key, lambda: self._days.get(vehicle.id, days)))

    def _busy_within_window(self, vehicle_id: int, days: DateRange) -> frozenset[date] | None:
        """The taken ones of `days` from one answer about all months of the calendar.

        Returns None where Odoo has no such answer.
        """
        if not self._is_in_window(days):
            return None
        busy = self._cache.get_valid(self._busy_query(vehicle_id))
        return None if busy is None else frozenset(day for day in busy if day in days)

    def _is_in_window(self, days: DateRange) -> bool:
        window = self._window()
        return window.start <= days.start and days.end <= window.end

    def _window(self) -> DateRange:
        today = self.rules.today
        return DateRange(today, last_of(first_of(today, MONTHS_AHEAD + 1)) + DAY)

    def _busy_query(self, vehicle_id: int) -> CacheQuery[frozenset[date] | None]:
        window = self._window()
        key = f"{cache_keys.busy_prefix(vehicle_id)}{window.start}"
        return self._query(vehicle_id, key, lambda: self._days.in_one_answer(vehicle_id, window))

    def _learn_busy(self, vehicle_id: int, query: CacheQuery[frozenset[date] | None]) -> None:
        """Ask behind the page which days are taken, on behalf of the client that looks at it."""
        client = payer()

        def learn() -> None:
            with charged_to(client):
                try:
                    known = self._cache.get(query).value
                except OdooError as error:
                    log.info("the next free days of vehicle %d are not known: %s", vehicle_id, error.code)
                    return
            if known is not None:
                self._on_change(vehicle_id)

        background.throttle("learn taken days", f"busy:{vehicle_id}", self.pause, learn)


def _state(rules: RentalRules, vehicle: Vehicle, day: date, taken: Collection[date] | None) -> DayState:
    """The state of `day` as the first one of a rental; `taken` is None when Odoo could not be asked."""
    if taken is None:
        return DayState.UNKNOWN
    state = DayState.TAKEN if day in taken else rules.start_state(day)
    if state is not DayState.FREE:
        return state
    offer = rules.offer_from(vehicle, day)
    return DayState.FREE if offer and not any(one in taken for one in offer) else DayState.NO_START


def _nearest(days: DateRange, today: date) -> Iterator[DateRange]:
    """The range moved by ever more days, later before earlier at the same distance, never to before `today`."""
    for distance in range(1, SEARCH_DAYS + 1):
        yield days.shift(DAY * distance)
        earlier = days.shift(-DAY * distance)
        if earlier.start >= today:
            yield earlier
