"""Which days of a vehicle are taken: in one answer where Odoo can give it, else by questions about ranges."""

import logging
import math
from collections.abc import Iterator
from datetime import date, timedelta

from lco import clock
from lco.domain.date_range import DAY, DateRange
from lco.errors import OdooError, OdooUnavailable
from lco.odoo.client import OdooClient
from lco.odoo.errors import OdooRefused, VehicleUnknown

log = logging.getLogger(__name__)

BUSY_CALL_PAUSE = timedelta(minutes=5)
"""How long the one answer is not asked for after it was none: an Odoo that is upgraded meanwhile is noticed
without a restart of the site, and one that never will be costs one call in this time."""


class BusyDays:
    """Odoo's answer about single days. Both ways of asking give the same days. Safe for many threads."""

    def __init__(self, odoo: OdooClient) -> None:
        self._odoo = odoo
        self._next_try = -math.inf

    def get(self, vehicle_id: int, days: DateRange) -> frozenset[date]:
        """Those of `days` on which the vehicle cannot be had. Raises OdooError, VehicleUnknown."""
        busy = self.in_one_answer(vehicle_id, days)
        return frozenset(self._bisect(vehicle_id, days)) if busy is None else busy

    def in_one_answer(self, vehicle_id: int, days: DateRange) -> frozenset[date] | None:
        """Return the same as `get`, or None when this Odoo does not have the call for it. Raises OdooError."""
        if clock.seconds() < self._next_try:
            return None
        try:
            return self._from_busy_call(vehicle_id, days)
        except OdooUnavailable:
            raise  # the other way would fail as well
        except VehicleUnknown as error:
            # A server may answer so at every unknown address. Raises again when the vehicle is the reason.
            self._odoo.quote(vehicle_id, DateRange(days.start, days.start + DAY))
            self._disable_busy_call(error)
        except OdooRefused as error:  # said at once, so there is time for the other way
            self._disable_busy_call(error)
        except OdooError as error:  # an Odoo in trouble is not waited for twice
            self._disable_busy_call(error)
            raise
        return None

    def _from_busy_call(self, vehicle_id: int, days: DateRange) -> frozenset[date]:
        ranges = self._odoo.busy(vehicle_id, days)
        return frozenset(day for day in days if any(day in taken for taken in ranges))

    def _bisect(self, vehicle_id: int, days: DateRange) -> Iterator[date]:
        """The taken ones of `days`.

        A range that is free as a whole costs one question; only one that is not is split, down to single days.
        """
        if self._odoo.quote(vehicle_id, days).available:
            return
        if len(days) == 1:
            yield days.start
            return
        for half in days.split():
            yield from self._bisect(vehicle_id, half)

    def _disable_busy_call(self, error: OdooError) -> None:
        self._next_try = clock.seconds() + BUSY_CALL_PAUSE.total_seconds()
        log.info(
            "odoo does not give taken days in one answer (%s): asked about ranges for %s",
            error.code,
            BUSY_CALL_PAUSE,
        )
