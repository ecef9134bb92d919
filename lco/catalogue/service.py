"""The catalogue: what is for rent, from one reading of Odoo, kept right by webhooks and by reading again."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from lco import background, clock
from lco.availability.service import Availability
from lco.caching.memory import CachedValue
from lco.caching.swr import CacheQuery, StaleWhileRevalidateCache
from lco.catalogue import events
from lco.catalogue.missing import MissingVehicles
from lco.catalogue.removed import RemovedVehicles
from lco.catalogue.serialization import BRANDS, DETAILS, LISTING, VehicleVersion
from lco.catalogue.snapshot import Snapshot
from lco.catalogue.state import CatalogueState, VehicleUpdate
from lco.changes.log import Change, ChangeId, ChangeLog
from lco.changes.topics import CATALOGUE, ODOO, EventType, vehicle_of, vehicle_topic
from lco.domain.date_range import DateRange
from lco.domain.vehicle import Details, Rates, Status, Vehicle
from lco.errors import Gone, NotFound, OdooError
from lco.odoo.client import OdooClient
from lco.odoo.errors import VehicleUnknown

log = logging.getLogger(__name__)

LIST_MAX_AGE = timedelta(seconds=60)
VEHICLE_MAX_AGE = timedelta(seconds=30)
REREAD_PAUSE = timedelta(seconds=1)
"""Between two readings of one vehicle because of webhooks: a burst makes Odoo be asked twice, not fifty times."""
DOUBT_PAUSE = timedelta(seconds=5)
"""Before a list that lacks many vehicles is read again."""
LIMITS_AT_ONCE = 24
"""So many vehicles are read after a list of free ones, when their shortest and longest rental are not known."""
REFETCH: Mapping[str, object] = {}
"""The replica of a vehicle that the publishing process does not know itself: the others read it from Odoo."""


class Catalogue:
    """All vehicles for rent.

    What is asked is answered from memory where possible; OdooError is raised when nothing is known and Odoo is
    no help. An event of a webhook is shown at once, and then the vehicle is read again from Odoo, which is the
    truth: delivered twice, late or out of order, pages end right.
    """

    def __init__(
        self,
        odoo: OdooClient,
        cache: StaleWhileRevalidateCache,
        availability: Availability,
        changes: ChangeLog,
        removed: RemovedVehicles,
    ) -> None:
        self.pause = REREAD_PAUSE
        self.doubt_pause = DOUBT_PAUSE
        self._odoo = odoo
        self._cache = cache
        self._availability = availability
        self._changes = changes
        self._removed = removed
        self._state = CatalogueState()
        self._missing = MissingVehicles(odoo, self._read_list_soon)
        self._list = CacheQuery("vehicles", LIST_MAX_AGE, self._read_list, LISTING, self._listed)
        self._list_needed_from = clock.now()
        self._available = True
        changes.replicate(self._on_remote_change, self._on_gap)

    def vehicles(self) -> Snapshot:
        """The catalogue as it is known now: at most LIST_FRESH old while Odoo answers."""
        return self._accepted(self._listing())

    def find(self, vehicle_id: int) -> Vehicle:
        """One vehicle. Raises Gone for one that was removed, NotFound for one that never was."""
        vehicle = self.vehicles().by_id.get(vehicle_id)
        if vehicle is None:
            raise Gone if vehicle_id in self._removed else NotFound
        return vehicle

    def details(self, vehicle_id: int) -> Details:
        """Everything about one vehicle, with status and rates as `find` has them. Raises Gone, NotFound."""
        self.find(vehicle_id)
        details = self._details(vehicle_id)
        if details is None:
            raise Gone
        return replace(details, vehicle=self.find(vehicle_id))

    def free(self, days: DateRange) -> frozenset[int]:
        """Return the ids of what can be rented on `days`: Odoo lists it as free, and the rules agree."""
        vehicles = self.vehicles().by_id
        listed = [vehicles[vehicle_id] for vehicle_id in self._listed_free(days) if vehicle_id in vehicles]
        unknown = (vehicle.id for vehicle in listed if vehicle.minimum_days is None)
        if chosen := tuple(islice(unknown, LIMITS_AT_ONCE)):
            background.throttle("learn limits", "limits", self.pause, lambda: self._learn_limits(chosen, days))
        check = self._availability.rules.check
        return frozenset(vehicle.id for vehicle in listed if not check(vehicle, days))

    def _learn_limits(self, vehicle_ids: Iterable[int], days: DateRange) -> None:
        """Read vehicles whose limits are not known, as in version 1, and correct what was shown of `days`."""
        for vehicle_id in vehicle_ids:
            self._details(vehicle_id)
            vehicle = self._state.vehicles().get(vehicle_id)
            if vehicle and self._availability.rules.check(vehicle, days):
                events.publish_corrected(self._changes, vehicle_id)

    def _listed_free(self, days: DateRange) -> frozenset[int]:
        """The ids that Odoo lists as free in all of `days`. Pages that show another list are corrected."""
        key = f"free:{days.start}:{days.end}"

        def load() -> frozenset[int]:
            return frozenset(vehicle.id for vehicle in self._odoo.vehicles(free=days))

        def publish(before: frozenset[int], after: frozenset[int]) -> None:
            for vehicle_id in before ^ after:
                events.publish_corrected(self._changes, vehicle_id)

        return self._cache.get(CacheQuery(key, LIST_MAX_AGE, load, on_change=publish)).value

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
        """While Odoo does not answer: the instant at which it was last read. None while it does."""
        return self._state.listed_at if not self._available else None

    @property
    def is_available(self) -> bool:
        """Whether Odoo answered when its list was last read. True before the first time."""
        return self._available

    def added_since(self, seen: ChangeId) -> int:
        """How many of the vehicles now for rent appeared after `seen`."""
        entries = self._changes.since(seen) or ()
        added = {entry.data["vehicle_id"] for entry in entries if entry.kind == EventType.VEHICLE_ADDED}
        return len(added & self.vehicles().by_id.keys())

    def status_changed(
        self, vehicle_id: int, status: Status | None, back_on: date | None, data: Mapping[str, object]
    ) -> None:
        """The vehicle's availability is no longer what it was; `data` is what else is public about it."""

        def update(vehicle: Vehicle) -> Vehicle:
            now = status or vehicle.status
            return replace(vehicle, status=now, back_on=None if now is Status.AVAILABLE else back_on)

        self._apply_webhook(vehicle_id, EventType.AVAILABILITY_CHANGED, update, data)

    def maintenance_changed(self, vehicle_id: int, *, in_maintenance: bool, until: date | None) -> None:
        """The vehicle went into the workshop, expected back on `until`, or came out of it."""
        status, back_on = (Status.MAINTENANCE, until) if in_maintenance else (Status.AVAILABLE, None)
        data = {"in_maintenance": in_maintenance, "maintenance_until": back_on and back_on.isoformat()}
        self._apply_webhook(
            vehicle_id, EventType.MAINTENANCE_STATUS, lambda v: replace(v, status=status, back_on=back_on), data
        )

    def price_changed(self, vehicle_id: int, rates: Rates) -> None:
        """The vehicle has new rates; None in `rates` leaves that rate as it was."""

        def update(vehicle: Vehicle) -> Vehicle:
            old = vehicle.rates
            new = Rates(rates.daily or old.daily, rates.weekly or old.weekly, rates.monthly or old.monthly)
            return replace(vehicle, rates=new)

        self._apply_webhook(vehicle_id, EventType.PRICE_UPDATED, update)

    def updated(self, vehicle_id: int) -> None:
        """Something about the vehicle changed; only Odoo knows what, so it is read first and shown then."""
        self.reread(vehicle_id, then=lambda: self._publish_updated(vehicle_id))

    def added(self, vehicle_id: int) -> None:
        """The vehicle is new, or for rent again; it is read first and shown then."""
        self.reread(vehicle_id)

    def removed(self, vehicle_id: int) -> None:
        """The vehicle is no longer for rent."""
        self._apply_webhook(vehicle_id, EventType.VEHICLE_REMOVED, lambda _: None)

    def reread(self, vehicle_id: int, then: Callable[[], object] | None = None) -> None:
        """Ask Odoo soon how the vehicle is, correct what pages show, and do `then`."""
        self._invalidate(vehicle_id)

        def read() -> None:
            self._details(vehicle_id)
            if then:
                then()

        if then:
            background.run("read a vehicle again", read)
        else:
            background.throttle("read a vehicle again", vehicle_topic(vehicle_id), self.pause, read)

    def refresh(self) -> None:
        """Read the list again if it is not fresh, so that changes without a webhook are shown as well."""
        try:
            # What an earlier process left comes first, so that what has changed since is seen as a change.
            self.vehicles()
            self._accepted(self._listing(newer_than=max(self._list_needed_from, clock.now() - LIST_MAX_AGE)))
        except OdooError as error:
            log.warning("the catalogue could not be read: %s", error.code)

    def _listing(self, newer_than: datetime | None = None) -> CachedValue[tuple[Vehicle, ...]]:
        return self._cache.get(self._list, newer_than=newer_than)

    def _read_list(self) -> tuple[Vehicle, ...]:
        try:
            listing = self._odoo.listing()
        except OdooError:
            self._set_available(available=False)
            raise
        self._set_available(available=True)
        return self._missing.complete(listing, self._state.vehicles())

    def _read_list_soon(self) -> None:
        def read() -> None:
            self._list_needed_from = clock.now()
            self.refresh()

        background.later("read the catalogue again", self.doubt_pause, read)

    def _set_available(self, *, available: bool) -> None:
        if available != self._available:
            self._available = available
            self._changes.append(ODOO, EventType.ODOO_BACK if available else EventType.ODOO_AWAY)

    def _listed(self, listing: CachedValue[tuple[Vehicle, ...]]) -> None:
        if listing.from_peer:
            self._set_available(available=True)
        self._accepted(listing)

    def _accepted(self, listing: CachedValue[tuple[Vehicle, ...]]) -> Snapshot:
        """The snapshot with this reading of the list in it; its changes are appended to the log."""
        snapshot, differences = self._state.apply_listing(listing)
        for was, now in differences:
            self._publish_diff(was, now, listing)
        return snapshot

    def _details(self, vehicle_id: int) -> Details | None:
        """The vehicle as Odoo has it, taken into the snapshot; None when Odoo no longer rents it out."""

        def load() -> Details | None:
            try:
                return self._odoo.vehicle(vehicle_id)
            except VehicleUnknown:
                return None

        def stored(reading: CachedValue[Details | None]) -> None:
            was, now = self._state.apply_details(vehicle_id, reading) or (None, None)
            if was != now and not (was and now and events.is_completion(was, now)):
                self._publish_diff(was, now, reading)

        key = f"vehicle:{vehicle_id}:details"
        reading = self._cache.get(CacheQuery(key, VEHICLE_MAX_AGE, load, DETAILS, stored))
        self._state.complete(vehicle_id, reading)
        return reading.value

    def _apply_webhook(
        self, vehicle_id: int, kind: EventType, update: VehicleUpdate, data: Mapping[str, object] | None = None
    ) -> None:
        """Apply an event of a webhook at once, publish it, and read the vehicle again from Odoo."""
        at = clock.now()
        was, now = self._state.apply_webhook(vehicle_id, update, at)
        if was:
            self._track_removed(vehicle_id, is_for_rent=now is not None)
        self._publish(vehicle_id, kind, now or was, data, VehicleVersion(at, now) if was else None)
        self.reread(vehicle_id)

    def _publish_updated(self, vehicle_id: int) -> None:
        version = self._state.version_of(vehicle_id)
        self._publish(vehicle_id, EventType.VEHICLE_UPDATED, version.vehicle if version else None, None, version)

    def _publish_diff(self, was: Vehicle | None, now: Vehicle | None, reading: CachedValue[Any]) -> None:
        """Publish the difference. If a peer fetched it, notify pages only: the peer has published."""
        subject = now or was
        if subject is None:
            return
        self._track_removed(subject.id, is_for_rent=now is not None)
        if was and now and (was.rates, was.status) != (now.rates, now.status):
            self._availability.invalidate(subject.id)  # quotes of before have another price, or another answer
        kind = EventType.VEHICLE_CORRECTED if reading.from_peer else events.event_type(was, now)
        self._publish(subject.id, kind, subject, None, VehicleVersion(reading.fetched_at, now))
        if was is None and not reading.from_peer:
            self._changes.append(CATALOGUE, EventType.CATALOGUE_GREW, {"vehicle_id": subject.id})

    def _publish(
        self,
        vehicle_id: int,
        kind: EventType,
        vehicle: Vehicle | None,
        data: Mapping[str, object] | None,
        version: VehicleVersion | None,
    ) -> None:
        public = events.public_payload(vehicle) if vehicle else {"vehicle_id": vehicle_id}
        replica = version.dumps() if version else REFETCH
        self._changes.append(vehicle_topic(vehicle_id), kind, {**public, **(data or {})}, replica)

    def _track_removed(self, vehicle_id: int, *, is_for_rent: bool) -> None:
        if is_for_rent:
            self._removed.discard(vehicle_id)
        else:
            self._removed.add(vehicle_id)

    def _invalidate(self, vehicle_id: int, before: datetime | None = None) -> None:
        self._cache.invalidate(f"vehicle:{vehicle_id}:", before)
        self._availability.invalidate(vehicle_id, before)

    # What other processes say

    def _on_remote_change(self, change: Change) -> None:
        """Apply a change of another process before any page hears of it."""
        if change.topic == ODOO:
            self._available = change.kind != EventType.ODOO_AWAY
        elif (vehicle_id := vehicle_of(change.topic)) is not None:
            self._apply_replica(vehicle_id, change)

    def _apply_replica(self, vehicle_id: int, change: Change) -> None:
        try:
            version = VehicleVersion.loads(change.replica) if change.replica else None
        except (KeyError, TypeError, ValueError):
            log.exception("another version of the site tells of vehicle %d", vehicle_id)
            self.reread(vehicle_id)
            return
        self._invalidate(vehicle_id, version.at if version else change.at)
        if version:
            self._state.apply_replica(vehicle_id, version)
            self._track_removed(vehicle_id, is_for_rent=version.vehicle is not None)
        elif change.replica == REFETCH:
            background.run("read a vehicle again", lambda: self._details(vehicle_id))

    def _on_gap(self) -> None:
        """Changes may have been missed: invalidate everything."""
        for prefix in ("vehicle:", "free:", "availability:"):
            self._cache.invalidate(prefix)
        self._list_needed_from = clock.now()
        background.run("read the catalogue again", self.refresh)
