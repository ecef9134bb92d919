"""Which days of a vehicle are taken: in one answer where Odoo can give it, else by questions about ranges."""

import logging
import math
from collections.abc import Iterator
from datetime import date, timedelta

from lco import clock
from lco.domain.date_range import Days
from lco.errors import OdooAway, OdooError
from lco.odoo.client import OdooClient
from lco.odoo.errors import OdooRefused, VehicleUnknown

log = logging.getLogger(__name__)

ASIDE = timedelta(minutes=5)
"""How long the one answer is not asked for after it was none: an Odoo that is upgraded meanwhile is noticed
without a restart of the site, and one that never will be costs one call in this time."""


class TakenDays:
    """What Odoo says of single days. Both ways of asking give the same days. Safe for many threads."""

    def __init__(self, odoo: OdooClient) -> None:
        self._odoo = odoo
        self._next_try = -math.inf

    def within(self, vehicle_id: int, days: Days) -> frozenset[date]:
        """Those of `days` on which the vehicle cannot be had. Raises OdooError, VehicleUnknown."""
        if clock.seconds() >= self._next_try:
            try:
                return self._in_one_answer(vehicle_id, days)
            except (OdooAway, VehicleUnknown):
                raise  # which the other way would meet as well
            except OdooRefused as error:  # said at once, so there is time for the other way
                self._set_aside(error)
            except OdooError as error:  # an Odoo in trouble is not waited for twice
                self._set_aside(error)
                raise
        return frozenset(self._by_questions(vehicle_id, days))

    def _in_one_answer(self, vehicle_id: int, days: Days) -> frozenset[date]:
        ranges = self._odoo.busy(vehicle_id, days)
        return frozenset(day for day in days if any(day in taken for taken in ranges))

    def _by_questions(self, vehicle_id: int, days: Days) -> Iterator[date]:
        """The taken ones of `days`.

        A range that is free as a whole costs one question; only one that is not is split, down to single days.
        """
        if self._odoo.quote(vehicle_id, days).available:
            return
        if len(days) == 1:
            yield days.start
            return
        for half in days.halves():
            yield from self._by_questions(vehicle_id, half)

    def _set_aside(self, error: OdooError) -> None:
        self._next_try = clock.seconds() + ASIDE.total_seconds()
        log.info("odoo does not give taken days in one answer (%s): asked about ranges for %s", error.code, ASIDE)
