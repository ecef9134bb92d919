"""Changes of other processes, applied before they reach any page of this one."""

import logging

from lco import background
from lco.catalogue import events
from lco.catalogue.serialization import VehicleVersion
from lco.catalogue.sync import REFETCH, CatalogueSync
from lco.changes.log import Change, ChangeLog
from lco.changes.topics import ODOO, EventType, vehicle_of

log = logging.getLogger(__name__)


class CatalogueReplication:
    """Follows the change log for `sync`."""

    def __init__(self, sync: CatalogueSync, changes: ChangeLog) -> None:
        self._sync = sync
        changes.replicate(self._on_remote_change, sync.invalidate_all)

    def _on_remote_change(self, change: Change) -> None:
        """Apply a change of another process before it reaches any page."""
        if change.topic == ODOO:
            self._sync.is_available = change.kind != EventType.ODOO_AWAY
        elif (vehicle_id := vehicle_of(change.topic)) is not None:
            self._apply_replica(vehicle_id, change)

    def _apply_replica(self, vehicle_id: int, change: Change) -> None:
        try:
            version = VehicleVersion.loads(change.replica) if change.replica else None
        except (KeyError, TypeError, ValueError):
            log.exception("another version of the site tells of vehicle %d", vehicle_id)
            self._sync.reread(vehicle_id)
            return
        if version and self._is_completion(change, version):
            self._sync.state.complete(version)
            return
        self._sync.invalidate(vehicle_id, version.at if version else change.at)
        if version:
            self._sync.state.apply_replica(vehicle_id, version)
            self._sync.track_removed(vehicle_id, is_for_rent=version.vehicle is not None)
        elif change.replica == REFETCH:
            background.run("read a vehicle again", lambda: self._sync.details(vehicle_id))

    def _is_completion(self, change: Change, version: VehicleVersion) -> bool:
        """Whether nothing has changed but what is known, so that all answers of Odoo are still right."""
        known = self._sync.state.vehicles().get(version.vehicle.id) if version.vehicle else None
        is_correction = change.kind == EventType.VEHICLE_CORRECTED
        return bool(is_correction and known and version.vehicle and events.is_completion(known, version.vehicle))
