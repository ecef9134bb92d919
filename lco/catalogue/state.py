"""The catalogue as one process knows it, and the instant from which each piece of it is."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from lco.caching.memory import CachedValue
from lco.catalogue.serialization import VehicleVersion
from lco.catalogue.snapshot import Snapshot, completed, differences
from lco.domain.vehicle import Details, Vehicle

VehicleUpdate = Callable[[Vehicle], Vehicle | None]
Difference = tuple[Vehicle | None, Vehicle | None]
"""A vehicle as it was and as it is. None where it was not for rent, or no longer is."""


class CatalogueState:
    """The snapshot and its age. Safe for many threads; what comes late never undoes what is newer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changed_at: dict[int, datetime] = {}
        self._snapshot: Snapshot | None = None
        self._read: set[int] = set()
        self.listed_at: datetime | None = None
        """The instant at which the list was read. None before the first time."""

    def vehicles(self) -> Mapping[int, Vehicle]:
        """Return the known vehicles by id; an empty mapping before the first reading of the list."""
        with self._lock:
            return self._snapshot.by_id if self._snapshot else {}

    def is_complete(self, vehicle_id: int) -> bool:
        """Whether the values that the list may leave out are known: longer rates, and in version 1 limits."""
        return vehicle_id in self._read

    def version_of(self, vehicle_id: int) -> VehicleVersion | None:
        """The vehicle as it is known now, or that it is not for rent. Returns None while nothing is known."""
        with self._lock:
            at = self._changed_at.get(vehicle_id, self.listed_at)
            return VehicleVersion(at, self._vehicle(vehicle_id)) if at else None

    def apply_listing(self, listing: CachedValue[tuple[Vehicle, ...]]) -> tuple[Snapshot, list[Difference]]:
        """The snapshot with this reading of the list in it, and every difference that makes."""
        with self._lock:
            before = self._snapshot
            if before is not None and self.listed_at is not None and listing.fetched_at <= self.listed_at:
                return before, []
            after = (before or Snapshot()).after_listing(listing.value, listing.fetched_at, self._changed_at)
            self._snapshot, self.listed_at = after, listing.fetched_at
            self._changed_at = {id_: at for id_, at in self._changed_at.items() if at >= listing.fetched_at}
        return after, differences(before, after) if before else []

    def apply_details(self, vehicle_id: int, reading: CachedValue[Details | None]) -> Difference | None:
        """Take in Odoo's answer about one vehicle. Returns None when something newer is known already."""
        vehicle = reading.value.vehicle if reading.value else None
        with self._lock:
            # A webhook that arrived while Odoo was answering is newer than the answer; it has asked again itself.
            if self._snapshot is None or self._changed_at.get(vehicle_id, reading.fetched_at) > reading.fetched_at:
                return None
            was = self._vehicle(vehicle_id)
            if vehicle and was and was.status is vehicle.status:
                vehicle = replace(vehicle, back_on=was.back_on)
            self._record(vehicle_id, vehicle, reading.fetched_at)
            self._read.add(vehicle_id)
        return was, vehicle

    def complete(self, version: VehicleVersion) -> Vehicle | None:
        """Take longer rates and limits, which the list may leave out, from an older reading or another process.

        Returns the vehicle when that changed it, else None.
        """
        with self._lock:
            known = self._vehicle(version.vehicle.id) if version.vehicle else None
            if known is None or version.vehicle is None or self._changed_at.get(known.id, version.at) > version.at:
                return None
            self._read.add(known.id)
            now = completed(known, version.vehicle)
            if now == known:
                return None
            self._put(known.id, now)
            return now

    def apply_webhook(self, vehicle_id: int, update: VehicleUpdate, at: datetime) -> Difference:
        """Apply `update` to a known vehicle. One that is not known stays so."""
        with self._lock:
            was = self._vehicle(vehicle_id)
            now = update(was) if was else None
            if was:
                self._record(vehicle_id, now, at)
        return was, now

    def apply_replica(self, vehicle_id: int, version: VehicleVersion) -> None:
        """Take over the version of another process, unless the one here is newer."""
        with self._lock:
            newest = max(self._changed_at.get(vehicle_id, version.at), self.listed_at or version.at)
            if newest <= version.at:
                self._record(vehicle_id, version.vehicle, version.at)

    def _vehicle(self, vehicle_id: int) -> Vehicle | None:
        return self._snapshot.by_id.get(vehicle_id) if self._snapshot else None

    def _record(self, vehicle_id: int, vehicle: Vehicle | None, at: datetime) -> None:
        if self._snapshot is not None:
            self._put(vehicle_id, vehicle)
            self._changed_at[vehicle_id] = at

    def _put(self, vehicle_id: int, vehicle: Vehicle | None) -> None:
        if self._snapshot is not None:
            self._snapshot = self._snapshot.having(vehicle_id, vehicle)
