"""The whole catalogue at one moment, and how later knowledge is merged into it."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from operator import itemgetter

from lco.catalogue.search_text import Document, document, normalize, vocabulary
from lco.domain.vehicle import Picture, Rates, Status, Vehicle


@dataclass(frozen=True)
class Snapshot:
    """All vehicles for rent, in Odoo's order; what searches need of them is made once, by the first one.

    Names decide among equals, and by price, either way, what has none comes last.
    """

    vehicles: tuple[Vehicle, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[int, Vehicle]:
        """All vehicles by their id."""
        return {vehicle.id: vehicle for vehicle in self.vehicles}

    @cached_property
    def by_name(self) -> tuple[Vehicle, ...]:
        """All vehicles in the order of their names."""
        return tuple(sorted(self.vehicles, key=lambda v: normalize(v.name)))

    @cached_property
    def featured_first(self) -> tuple[Vehicle, ...]:
        """All vehicles, featured ones first, sold ones last."""
        return tuple(sorted(self.by_name, key=lambda v: (v.status is Status.SOLD, not v.featured)))

    @cached_property
    def cheapest_first(self) -> tuple[Vehicle, ...]:
        """All vehicles by daily rate, those without one last."""
        return self._by_price(reverse=False)

    @cached_property
    def dearest_first(self) -> tuple[Vehicle, ...]:
        """All vehicles by daily rate from the highest, those without one last."""
        return self._by_price(reverse=True)

    @cached_property
    def documents(self) -> Mapping[int, Document]:
        """The documents for a search for words, by the vehicle's id."""
        return {vehicle.id: document(vehicle) for vehicle in self.vehicles}

    @cached_property
    def vocabulary(self) -> Mapping[str, None]:
        """Every word of the catalogue."""
        return vocabulary(frozenset(self.documents.values()))

    @cached_property
    def price_range(self) -> tuple[Decimal, Decimal] | None:
        """The lowest and the highest daily rate. None when no vehicle has one."""
        prices = [v.rates.daily.amount for v in self.vehicles if v.rates.daily]
        return (min(prices), max(prices)) if prices else None

    @cached_property
    def pictures(self) -> Mapping[str, Picture]:
        """The main pictures of all vehicles that Odoo can scale, by their path at Odoo."""
        shown = (vehicle.picture for vehicle in self.vehicles)
        return {picture.path: picture for picture in shown if picture and picture.sized}

    def priced(self, low: Decimal | None, high: Decimal | None) -> set[int]:
        """The ids of vehicles that cost from `low` to `high` a day, both included. None sets no limit."""
        first = 0 if low is None else bisect_left(self._prices, low)
        last = len(self._prices) if high is None else bisect_right(self._prices, high)
        return {vehicle.id for vehicle in self.cheapest_first[first:last]}

    @cached_property
    def _prices(self) -> list[Decimal]:
        """The daily rates, in the order of `cheapest_first`, which ends with those that have none."""
        return [v.rates.daily.amount for v in self.cheapest_first if v.rates.daily]

    def _by_price(self, *, reverse: bool) -> tuple[Vehicle, ...]:
        priced = [(v.rates.daily.amount, v) for v in self.by_name if v.rates.daily]
        priced.sort(key=itemgetter(0), reverse=reverse)  # keeps the order of equals either way
        return (*(v for _, v in priced), *(v for v in self.by_name if not v.rates.daily))

    def having(self, vehicle_id: int, vehicle: Vehicle | None) -> "Snapshot":
        """The same catalogue with this vehicle as given, or without it."""
        by_id = dict(self.by_id)
        if vehicle:
            by_id[vehicle_id] = vehicle
        else:
            by_id.pop(vehicle_id, None)
        after = Snapshot(tuple(by_id.values()))
        after.__dict__["by_id"] = by_id  # where cached_property keeps what it has made: this is made already
        return after

    def after_listing(
        self, listed: tuple[Vehicle, ...], began: datetime, changed_at: Mapping[int, datetime]
    ) -> "Snapshot":
        """The catalogue as Odoo's list says, which was asked for at `began`.

        A change after that moment (`changed_at`: the instant, by vehicle id) may not be in the list yet,
        so it stands; anything older is contained in it.
        """
        newer = {vehicle_id for vehicle_id, at in changed_at.items() if at >= began}
        ids = {vehicle.id for vehicle in listed}
        taken = (self.by_id.get(v.id) if v.id in newer else with_known(v, self.by_id.get(v.id)) for v in listed)
        added = (v for v in self.vehicles if v.id in newer and v.id not in ids)
        return Snapshot(tuple(v for v in (*taken, *added) if v))


def with_known(listed: Vehicle, known: Vehicle | None) -> Vehicle:
    """Return a vehicle as the list has it, with the values of other answers, the day it is back included."""
    if known is None:
        return listed
    return replace(completed(listed, known), back_on=known.back_on if known.status is listed.status else None)


def completed(vehicle: Vehicle, details: Vehicle) -> Vehicle:
    """Return `vehicle` with the longer rates and limits of `details`, which a list may leave out."""
    rates = vehicle.rates
    longer = Rates(rates.daily, rates.weekly or details.rates.weekly, rates.monthly or details.rates.monthly)
    if vehicle.minimum_days is not None:
        return replace(vehicle, rates=longer)
    return replace(vehicle, rates=longer, minimum_days=details.minimum_days, maximum_days=details.maximum_days)


def differences(before: Snapshot, after: Snapshot) -> list[tuple[Vehicle | None, Vehicle | None]]:
    """Every vehicle that differs, as it was and as it is. None stands for one that was not there or is gone."""
    changed = [(before.by_id.get(v.id), v) for v in after.vehicles if before.by_id.get(v.id) != v]
    removed = [(v, None) for v in before.vehicles if v.id not in after.by_id]
    return [*changed, *removed]
