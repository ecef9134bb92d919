"""Offer days that become free to the customer who asked first, and to the next one after TURN."""

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Protocol

from lco import clock
from lco.availability.rules import RentalRules
from lco.changes.log import ChangeLog
from lco.changes.topics import ODOO, vehicle_of
from lco.db import Database
from lco.domain.date_range import DateRange
from lco.domain.quote import Quote
from lco.domain.vehicle import Vehicle
from lco.domain.wish import Ending, Wish
from lco.errors import Gone, LcoError, NotFound
from lco.failures import guard
from lco.wishes.repository import WishRepository
from lco.wishes.service import Catalogue

log = logging.getLogger(__name__)

TURN = timedelta(hours=2)
"""The time for which days are offered to one customer before the next one gets a mail."""
CONFIRM_WITHIN = timedelta(days=2)


class Availability(Protocol):
    """See `lco.availability.service.Availability`."""

    def rentable(self, vehicle: Vehicle, ranges: Iterable[DateRange]) -> set[DateRange]:
        """Return those of `ranges` that can be rented, as far as it is known. Raises OdooError."""


class Odoo(Protocol):
    """See `lco.odoo.client.OdooClient`."""

    def quote(self, vehicle_id: int, days: DateRange) -> Quote:
        """Odoo's answer of this moment about these days. Raises OdooError."""


class WishWatcher:
    """Follows the change log. Every process runs one; each offer is made by one of them."""

    def __init__(  # noqa: PLR0913 - what days depend on
        self,
        *,
        db: Database,
        changes: ChangeLog,
        catalogue: Catalogue,
        availability: Availability,
        odoo: Odoo,
        rules: RentalRules,
    ) -> None:
        self._db = db
        self._changes = changes
        self._catalogue = catalogue
        self._availability = availability
        self._odoo = odoo
        self._rules = rules
        self._seen = changes.head()

    def follow(self) -> None:
        """Look at the machines that changed since the last call, and at turns that are over. Call every 2 s."""
        entries = self._changes.since(self._seen)
        if entries is None:
            self._seen = self._changes.head()
            self.look_at_all()
            return
        if entries:
            self._seen = entries[-1].id
        if any(entry.topic == ODOO for entry in entries):  # what could not be looked at while Odoo was away
            self.look_at_all()
        changed = {vehicle_id for entry in entries if (vehicle_id := vehicle_of(entry.topic)) is not None}
        with self._db.connection() as connection:
            changed |= set(WishRepository(connection).over_turns(clock.now()))
        self._look(sorted(changed))

    def look_at_all(self) -> None:
        """End what is over, and look at every machine that is waited for. Call now and then."""
        with self._db.connection() as connection:
            wishes = WishRepository(connection)
            wishes.end_begun(self._rules.today, clock.now() - CONFIRM_WITHIN)
            vehicles = wishes.vehicles()
        self._look(vehicles)

    def is_still_free(self, wish: Wish) -> bool:
        """Whether Odoo offers the days now; a wish whose days are taken waits again. Raises OdooError."""
        if self._is_free(wish.vehicle_id, wish.days):
            return True
        with self._db.connection() as connection:
            WishRepository(connection).withdraw(wish)
        return False

    def _look(self, vehicle_ids: Iterable[int]) -> None:
        for vehicle_id in vehicle_ids:
            with guard("wishes", f"the wishes for machine {vehicle_id} could not be looked at"):
                self._look_at(vehicle_id)

    def _look_at(self, vehicle_id: int) -> None:
        today = self._rules.today
        with self._db.connection() as connection:
            wishes = WishRepository(connection)
            queue, offered = wishes.queue(vehicle_id, today), wishes.offered(vehicle_id, today)
        if not (queue or offered):
            return
        try:
            vehicle = self._catalogue.with_limits(vehicle_id)
            ranges = [*(wish.days for wish in offered), *(one.days for one in queue)]
            rentable = self._availability.rentable(vehicle, ranges)
            # Their customers may be told again when the days come free the next time.
            for wish in offered:
                if wish.days not in rentable:
                    self._withdraw_or_end(wish)
            for one in queue:
                if one.days in rentable:
                    self._offer(one.first)
        except (NotFound, Gone):
            log.info("machine %d is waited for and is not for rent now", vehicle_id)
        except LcoError as error:
            log.warning("the wishes for machine %d cannot be looked at: %s", vehicle_id, error.code)

    def _withdraw_or_end(self, wish: Wish) -> None:
        with self._db.connection() as connection:
            wishes = WishRepository(connection)
            if wishes.has_booking(wish):
                wishes.end(wish, Ending.BOOKED)
            else:
                wishes.withdraw(wish)

    def _offer(self, wish_id: int) -> None:
        """Offer its days to the customer of a wish, unless it is still another one's turn for some of them."""
        now = clock.now()
        with self._db.connection() as connection:
            wishes = WishRepository(connection)
            wish = wishes.by_id(wish_id)
            wishes.lock(f"machine {wish.vehicle_id}")
            if any(wish.days.overlaps(days) for days in wishes.turns(wish.vehicle_id, self._rules.today)):
                return
            if wishes.has_booking(wish):
                wishes.end(wish, Ending.BOOKED)
            else:
                wishes.offer(wish, now, now + TURN)

    def _is_free(self, vehicle_id: int, days: DateRange) -> bool:
        try:
            vehicle = self._catalogue.with_limits(vehicle_id)
        except (NotFound, Gone):
            return False
        return not self._rules.check(vehicle, days, self._odoo.quote(vehicle_id, days))
