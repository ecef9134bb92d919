"""Queries over the vehicles for rent, answered from memory where possible."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from lco import background
from lco.availability.cache_keys import free_key
from lco.availability.service import Availability
from lco.caching.memory import CachedValue
from lco.caching.swr import CacheQuery, StaleWhileRevalidateCache
from lco.catalogue import events
from lco.catalogue.removed import RemovedVehicles
from lco.catalogue.replication import CatalogueReplication
from lco.catalogue.serialization import BRANDS
from lco.catalogue.snapshot import Snapshot
from lco.catalogue.sync import LIST_MAX_AGE, CatalogueSync
from lco.changes.log import ChangeId, ChangeLog
from lco.changes.topics import EventType
from lco.domain.date_range import DateRange
from lco.domain.money import DEFAULT_CURRENCY
from lco.domain.vehicle import Details, Vehicle
from lco.errors import Gone, NotFound, OdooError, OdooUnavailable
from lco.odoo.budget import charged_to, payer
from lco.odoo.client import OdooClient

log = logging.getLogger(__name__)

LIMITS_AT_ONCE = 5
"""So many vehicles are read in a row, when their longer rates or their limits are not known."""


class Catalogue:
    """All vehicles for rent. Raises OdooError when nothing is known and Odoo is no help.

    `sync` applies the events of webhooks and reads Odoo again.
    """

    def __init__(
        self,
        odoo: OdooClient,
        cache: StaleWhileRevalidateCache,
        availability: Availability,
        changes: ChangeLog,
        removed: RemovedVehicles,
    ) -> None:
        self.sync = CatalogueSync(odoo, cache, availability, changes, removed)
        self._odoo = odoo
        self._cache = cache
        self._availability = availability
        self._changes = changes
        self._removed = removed
        CatalogueReplication(self.sync, changes)

    def vehicles(self) -> Snapshot:
        """The catalogue as it is known now: at most LIST_MAX_AGE old while Odoo answers."""
        return self.sync.snapshot()

    def find(self, vehicle_id: int) -> Vehicle:
        """One vehicle. Raises Gone for one that was removed, NotFound for one that never was."""
        vehicle = self.vehicles().by_id.get(vehicle_id)
        if vehicle is None:
            raise Gone if vehicle_id in self._removed else NotFound
        return vehicle

    def currency(self, vehicle_id: int | None) -> str:
        """Return the currency of the vehicle; the usual one where it is not known. Raises OdooError."""
        vehicles = self.vehicles()
        known = vehicles.by_id.get(vehicle_id or 0) or next(iter(vehicles.vehicles), None)
        return known.currency if known else DEFAULT_CURRENCY

    def details(self, vehicle_id: int) -> Details:
        """Everything about one vehicle, with status and rates as `find` has them. Raises Gone, NotFound."""
        self.find(vehicle_id)
        details = self.sync.details(vehicle_id)
        if details is None:
            raise Gone
        return replace(details, vehicle=self.find(vehicle_id))

    def free(self, days: DateRange) -> frozenset[int]:
        """Return the ids of what can be rented on `days`: Odoo lists it as free, and the rules agree.

        Vehicles for which that is not known are left out: their bookings have changed since, and Odoo does not
        answer.
        """
        vehicles, answer = self.vehicles().by_id, self._listed_free(days)
        self._learn_unknown(answer.value, days)
        check, is_valid = self._availability.rules.frozen().check, self._availability.is_valid
        listed = (vehicles[vehicle_id] for vehicle_id in answer.value if vehicle_id in vehicles)
        return frozenset(v.id for v in listed if not check(v, days) and is_valid(v.id, answer))

    def is_free(self, vehicle_id: int, days: DateRange) -> bool:
        """Return whether `free` has the vehicle, without a look at all the others.

        Raises OdooError when that is not known.
        """
        vehicle, answer = self.vehicles().by_id.get(vehicle_id), self._listed_free(days)
        if not self._availability.is_valid(vehicle_id, answer):
            raise OdooUnavailable
        listed = answer.value
        if vehicle is None or vehicle_id not in listed:
            return False
        if not self.sync.state.is_complete(vehicle_id):
            self._learn_unknown(listed, days)
        return not self._availability.rules.check(vehicle, days)

    def _learn_unknown(self, listed: Iterable[int], days: DateRange) -> None:
        """Have the listed vehicles read whose longer rates or limits are not known, for the present client."""
        client = payer()
        if self._unknown(listed) and (client is None or client.has_plenty()):

            def learn() -> None:
                with charged_to(client):
                    self._learn_limits(listed, days)

            background.throttle("learn limits", "limits", self.sync.pause, learn)

    def _unknown(self, listed: Iterable[int]) -> Sequence[int]:
        """The vehicles to be read next. With version 2, the list holds everything that is needed."""
        vehicles, is_complete = self.vehicles().by_id, self.sync.state.is_complete
        unknown = (vehicle_id for vehicle_id in listed if vehicle_id in vehicles and not is_complete(vehicle_id))
        return tuple(islice(unknown, LIMITS_AT_ONCE))

    def _learn_limits(self, listed: Iterable[int], days: DateRange) -> None:
        """Read some, correct what was shown of `days`, and go on after a pause until all are known.

        Or until half of the client's calls are used up: its own questions come first.
        """
        chosen = self._unknown(listed)
        for vehicle_id in chosen:
            try:
                self.sync.details(vehicle_id)
            except OdooError as error:
                log.info("the limits of vehicle %d are not known yet: %s", vehicle_id, error.code)
                return
            vehicle = self.sync.state.vehicles().get(vehicle_id)
            if vehicle and self._availability.rules.check(vehicle, days):
                events.publish_corrected(self._changes, vehicle_id)
        if self._unknown(listed) != chosen:
            self._learn_unknown(listed, days)

    def _listed_free(self, days: DateRange) -> CachedValue[frozenset[int]]:
        """The ids that Odoo lists as free in all of `days`. Pages that show another list are corrected."""
        key = free_key(days)

        def load() -> frozenset[int]:
            return self._odoo.free(days)

        def publish(before: frozenset[int], after: frozenset[int]) -> None:
            for vehicle_id in before ^ after:
                events.publish_corrected(self._changes, vehicle_id)

        return self._cache.get(CacheQuery(key, LIST_MAX_AGE, load, on_change=publish))

    def with_limits(self, vehicle_id: int) -> Vehicle:
        """Return the same as `find`, with the shortest and longest rental known, unless Odoo cannot tell now."""
        vehicle = self.find(vehicle_id)
        if vehicle.minimum_days is not None:
            return vehicle
        try:
            return self.details(vehicle_id).vehicle
        except OdooError as error:
            log.warning("the limits of vehicle %d cannot be read: %s", vehicle_id, error.code)
            return vehicle

    def brands(self) -> Mapping[int, str]:
        """The names of Odoo's brands by their id there."""
        return self._cache.get(CacheQuery("brands", LIST_MAX_AGE, self._odoo.brands, BRANDS)).value

    def stale_since(self) -> datetime | None:
        """The instant at which Odoo was last read, while it does not answer. None while it answers."""
        return self.sync.state.listed_at if not self.sync.is_available else None

    @property
    def is_available(self) -> bool:
        """Whether Odoo answered when its list was last read. True before the first time."""
        return self.sync.is_available

    def invalidate(self, vehicle_id: int) -> None:
        """Read the vehicle and its days again before they are shown."""
        self.sync.invalidate(vehicle_id)

    def added_since(self, seen: ChangeId) -> int:
        """The number of vehicles now for rent that appeared after `seen`."""
        entries = self._changes.since(seen) or ()
        added = {entry.data["vehicle_id"] for entry in entries if entry.kind == EventType.VEHICLE_ADDED}
        return len(added & self.vehicles().by_id.keys())

    def refresh(self) -> None:
        """Read the list again if it is not fresh, so that changes without a webhook are shown as well."""
        self.sync.refresh()
