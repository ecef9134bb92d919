"""Vehicles that Odoo's list suddenly lacks: asked for one by one, and never all believed gone at once."""

import logging
from collections.abc import Callable, Mapping

from lco import metrics
from lco.domain.vehicle import Vehicle
from lco.errors import OdooError
from lco.odoo.client import Listing, OdooClient
from lco.odoo.errors import VehicleUnknown

log = logging.getLogger(__name__)

MANY = 5
SHARE = 0.2
"""More missing vehicles than MANY and this share of all are believed only when a second list lacks them, too."""
INCOMPLETE = "incomplete list"
"""The outcome of a reading that lacks vehicles without reason, in the counts of calls."""
MAX_QUESTIONS = 20
"""So many missing vehicles are asked for after each reading; the others stay until a later one."""


class MissingVehicles:
    """Completes each reading of the list with the known vehicles that it lacks without reason.

    `read_again` is called when a list lacks too many to be believed; it has to read the list again soon.
    """

    def __init__(self, odoo: OdooClient, read_again: Callable[[], object]) -> None:
        self._odoo = odoo
        self._read_again = read_again
        self._awaits_second_list = False

    def complete(self, listing: Listing, known: Mapping[int, Vehicle]) -> tuple[Vehicle, ...]:
        """Return the vehicles of `listing`, and those of `known` that are kept.

        A record that cannot be read keeps its last good form. A missing one is gone after its own 404.
        """
        listed = {vehicle.id for vehicle in listing.vehicles}
        kept = [known[vehicle_id] for vehicle_id in listing.unreadable if vehicle_id in known]
        missing = [one for one in known.values() if one.id not in listed | listing.unreadable]
        return (*listing.vehicles, *kept, *self._still_there(missing, len(known)))

    def _still_there(self, missing: list[Vehicle], all_known: int) -> list[Vehicle]:
        if len(missing) <= max(MANY, SHARE * all_known):
            self._awaits_second_list = False
            return [one for one in missing[:MAX_QUESTIONS] if not self._is_gone(one.id)] + missing[MAX_QUESTIONS:]
        self._awaits_second_list = not self._awaits_second_list
        if not self._awaits_second_list:
            return []
        metrics.odoo_calls.labels("vehicles", INCOMPLETE).inc()
        log.warning("odoo's list lacks %d of %d vehicles: it is read again", len(missing), all_known)
        self._read_again()
        return missing

    def _is_gone(self, vehicle_id: int) -> bool:
        try:
            self._odoo.vehicle(vehicle_id)
        except VehicleUnknown:
            return True
        except OdooError as error:
            log.warning("vehicle %d is missing in odoo's list and cannot be asked for: %s", vehicle_id, error.code)
        metrics.odoo_calls.labels("vehicles", INCOMPLETE).inc()
        return False
