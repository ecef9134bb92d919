"""Keep the catalogue right: readings of Odoo, events of webhooks, and the changes that both publish."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from lco import background, clock
from lco.availability.service import Availability
from lco.caching.memory import CachedValue
from lco.caching.swr import CacheQuery, StaleWhileRevalidateCache
from lco.catalogue import events
from lco.catalogue.missing import MissingVehicles
from lco.catalogue.removed import RemovedVehicles
from lco.catalogue.serialization import DETAILS, LISTING, VehicleVersion
from lco.catalogue.snapshot import Snapshot, with_known
from lco.catalogue.state import CatalogueState, VehicleUpdate
from lco.changes.log import ChangeLog
from lco.changes.topics import CATALOGUE, ODOO, EventType, vehicle_topic
from lco.domain.vehicle import Details, Rates, Status, Vehicle
from lco.errors import OdooError
from lco.odoo.client import OdooClient
from lco.odoo.errors import VehicleUnknown

log = logging.getLogger(__name__)

LIST_MAX_AGE = timedelta(seconds=60)
VEHICLE_MAX_AGE = timedelta(seconds=30)
REREAD_PAUSE = timedelta(seconds=1)
"""Between two readings of one vehicle because of webhooks: a burst makes Odoo be asked twice, not fifty times."""
VEHICLES = "vehicle:"
"""The prefix of the keys in the cache of what Odoo says of single vehicles."""
RECHECK_PAUSE = timedelta(seconds=5)
"""Before a list that lacks many vehicles is read again."""
REFETCH: Mapping[str, object] = {}
"""The replica of a vehicle that the publishing process does not know itself: the others read it from Odoo."""


class CatalogueSync:
    """Brings `state` up to date and publishes each difference.

    An event of a webhook is shown at once, and then the vehicle is read again from Odoo, which is the truth:
    delivered twice, late or out of order, pages end right.
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
        self.recheck_pause = RECHECK_PAUSE
        self.state = CatalogueState()
        self.is_available = True
        """Whether Odoo answered when its list was last read. True before the first time."""
        self._odoo = odoo
        self._cache = cache
        self._availability = availability
        self._changes = changes
        self._removed = removed
        self._missing = MissingVehicles(odoo, self._read_list_soon)
        self._list = CacheQuery("vehicles", LIST_MAX_AGE, self._read_list, LISTING, self._listed)
        self._list_needed_from = clock.now()

    def snapshot(self) -> Snapshot:
        """Return the catalogue, at most LIST_MAX_AGE old while Odoo answers. Raises OdooError without one."""
        return self._accepted(self._listing())

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
        """Ask Odoo soon how the vehicle is, correct what pages show, and do `then`.

        Of many calls within REREAD_PAUSE the first and the last are run, with and without `then` separately.
        """
        self.invalidate(vehicle_id)

        def read() -> None:
            self.details(vehicle_id)
            if then:
                then()

        key = f"{vehicle_topic(vehicle_id)}:{'published' if then else 'corrected'}"
        background.throttle("read a vehicle again", key, self.pause, read)

    def refresh(self) -> None:
        """Read the list again if it is not fresh, so that changes without a webhook are shown as well."""
        try:
            # What an earlier process left comes first, so that what has changed since is seen as a change.
            self.snapshot()
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
        known = self.state.vehicles()
        # The values that the list leaves out are kept with it, so that a new process knows them, too.
        return tuple(with_known(one, known.get(one.id)) for one in self._missing.complete(listing, known))

    def _read_list_soon(self) -> None:
        def read() -> None:
            self._list_needed_from = clock.now()
            self.refresh()

        background.later("read the catalogue again", self.recheck_pause, read)

    def _set_available(self, *, available: bool) -> None:
        if available != self.is_available:
            self.is_available = available
            self._changes.append(ODOO, EventType.ODOO_BACK if available else EventType.ODOO_AWAY)

    def _listed(self, listing: CachedValue[tuple[Vehicle, ...]]) -> None:
        if listing.from_peer:
            self._set_available(available=True)
        self._accepted(listing)

    def _accepted(self, listing: CachedValue[tuple[Vehicle, ...]]) -> Snapshot:
        """The snapshot with this reading of the list in it; its changes are appended to the log."""
        snapshot, differences = self.state.apply_listing(listing)
        for was, now in differences:
            self._publish_diff(was, now, listing)
        return snapshot

    def details(self, vehicle_id: int) -> Details | None:
        """The vehicle as Odoo has it, taken into the snapshot. Returns None when Odoo no longer rents it out."""

        def load() -> Details | None:
            try:
                return self._odoo.vehicle(vehicle_id)
            except VehicleUnknown:
                return None

        def stored(reading: CachedValue[Details | None]) -> None:
            was, now = self.state.apply_details(vehicle_id, reading) or (None, None)
            if was and now and was != now and events.is_completion(was, now):
                self._publish_completed(now, reading)
            elif was != now:
                self._publish_diff(was, now, reading)

        key = f"{_prefix(vehicle_id)}details"
        reading = self._cache.get(CacheQuery(key, VEHICLE_MAX_AGE, load, DETAILS, stored))
        read = VehicleVersion(reading.fetched_at, reading.value.vehicle if reading.value else None)
        if now := self.state.complete(read):
            self._publish_completed(now, reading)
        return reading.value

    def _apply_webhook(
        self, vehicle_id: int, kind: EventType, update: VehicleUpdate, data: Mapping[str, object] | None = None
    ) -> None:
        """Apply an event of a webhook at once, publish it, and read the vehicle again from Odoo."""
        at = clock.now()
        was, now = self.state.apply_webhook(vehicle_id, update, at)
        if was:
            self.track_removed(vehicle_id, is_for_rent=now is not None)
        self._publish(vehicle_id, kind, now or was, data, VehicleVersion(at, now) if was else None)
        self.reread(vehicle_id)

    def _publish_updated(self, vehicle_id: int) -> None:
        version = self.state.version_of(vehicle_id)
        self._publish(vehicle_id, EventType.VEHICLE_UPDATED, version.vehicle if version else None, None, version)

    def _publish_diff(self, was: Vehicle | None, now: Vehicle | None, reading: CachedValue[Any]) -> None:
        """Publish the difference. If a peer fetched it, notify pages only: the peer has published."""
        subject = now or was
        if subject is None:
            return
        self.track_removed(subject.id, is_for_rent=now is not None)
        if was and now and (was.rates, was.status) != (now.rates, now.status):
            self._availability.invalidate(subject.id)  # quotes of before have another price, or another answer
        kind = EventType.VEHICLE_CORRECTED if reading.from_peer else events.event_type(was, now)
        self._publish(subject.id, kind, subject, None, VehicleVersion(reading.fetched_at, now))
        if was is None and not reading.from_peer:
            self._changes.append(CATALOGUE, EventType.CATALOGUE_GREW, {"vehicle_id": subject.id})

    def _publish_completed(self, vehicle: Vehicle, reading: CachedValue[Any]) -> None:
        """Publish longer rates and limits, which the list may leave out: prices of some days depend on them."""
        version = VehicleVersion(reading.fetched_at, vehicle)
        self._publish(vehicle.id, EventType.VEHICLE_CORRECTED, vehicle, None, version)

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

    def track_removed(self, vehicle_id: int, *, is_for_rent: bool) -> None:
        """Note whether the address of the vehicle answers 410."""
        if is_for_rent:
            self._removed.discard(vehicle_id)
        else:
            self._removed.add(vehicle_id)

    def invalidate(self, vehicle_id: int, before: datetime | None = None) -> None:
        """Read the vehicle and its days again before they are shown; with `before`, unless read after it."""
        self._cache.invalidate(_prefix(vehicle_id), before)
        self._availability.invalidate(vehicle_id, before)

    def invalidate_all(self) -> None:
        """Changes may have been missed: invalidate everything, and read the list again."""
        self._cache.invalidate(VEHICLES)
        self._availability.invalidate_all()
        self._list_needed_from = clock.now()
        background.run("read the catalogue again", self.refresh)


def _prefix(vehicle_id: int) -> str:
    """The prefix of the keys in the cache of what Odoo says of one vehicle."""
    return f"{VEHICLES}{vehicle_id}:"
