"""The catalogue: what is for rent, from one reading of Odoo, kept right by webhooks and by reading again."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

from lco import background, clock
from lco.availability.days import Days
from lco.availability.service import Availability
from lco.catalogue import news
from lco.catalogue.removed import Removed
from lco.catalogue.snapshot import Snapshot, differences
from lco.catalogue.vehicle import Details, Rates, Status, Vehicle
from lco.errors import Gone, NotFound, OdooError
from lco.freshness import Freshness, Question, Reading
from lco.live.log import ChangeId, ChangeLog
from lco.odoo.client import OdooClient
from lco.odoo.errors import VehicleUnknown

log = logging.getLogger(__name__)

LIST_FRESH = timedelta(seconds=60)
VEHICLE_FRESH = timedelta(seconds=30)

Turn = Callable[[Vehicle], Vehicle | None]


class Catalogue:
    """All vehicles for rent.

    What is asked is answered from memory where possible; OdooError is raised when nothing is known and Odoo is
    no help. What webhooks tell is shown at once and then read again from Odoo, which is the truth: told twice,
    late or out of order, pages end right.
    """

    def __init__(
        self,
        odoo: OdooClient,
        freshness: Freshness,
        availability: Availability,
        changes: ChangeLog,
        removed: Removed,
    ) -> None:
        self._odoo = odoo
        self._freshness = freshness
        self._availability = availability
        self._changes = changes
        self._removed = removed
        self._lock = threading.RLock()
        self._snapshot: Snapshot | None = None
        self._listed_at: datetime | None = None
        self._learned: dict[int, datetime] = {}
        self._away = False

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

    def free(self, days: Days) -> frozenset[int]:
        """The ids that Odoo lists as free in all of `days`."""

        def load() -> frozenset[int]:
            return frozenset(vehicle.id for vehicle in self._odoo.vehicles(free=days))

        return self._freshness.read(Question(f"free:{days.start}:{days.end}", LIST_FRESH, load)).value

    def brands(self) -> Mapping[int, str]:
        """The names of Odoo's brands by their id there."""
        return self._freshness.read(Question("brands", LIST_FRESH, self._odoo.brands, keep=True)).value

    def old_since(self) -> datetime | None:
        """While Odoo does not answer: the instant at which it was last read. None while it does."""
        return self._listed_at if self._away else None

    @property
    def is_away(self) -> bool:
        """Whether Odoo did not answer when its list was last asked for."""
        return self._away

    def added_since(self, seen: ChangeId) -> int:
        """How many of the vehicles now for rent appeared after `seen`."""
        entries = self._changes.since(seen) or ()
        added = {entry.data["vehicle_id"] for entry in entries if entry.kind == "vehicle.added"}
        return len(added & self.vehicles().by_id.keys())

    def status_changed(
        self, vehicle_id: int, status: Status | None, back_on: date | None, data: Mapping[str, object]
    ) -> None:
        """The vehicle's availability is no longer what it was; `data` is what else is public about it."""

        def turn(vehicle: Vehicle) -> Vehicle:
            now = status or vehicle.status
            return replace(vehicle, status=now, back_on=None if now is Status.AVAILABLE else back_on)

        self._told(vehicle_id, "availability.changed", turn, data)

    def maintenance_changed(self, vehicle_id: int, *, in_maintenance: bool, until: date | None) -> None:
        """The vehicle went into the workshop, expected back on `until`, or came out of it."""
        status, back_on = (Status.MAINTENANCE, until) if in_maintenance else (Status.AVAILABLE, None)
        data = {"in_maintenance": in_maintenance, "maintenance_until": back_on and back_on.isoformat()}
        self._told(vehicle_id, "maintenance.status", lambda v: replace(v, status=status, back_on=back_on), data)

    def price_changed(self, vehicle_id: int, rates: Rates) -> None:
        """The vehicle has new rates; None in `rates` leaves that rate as it was."""

        def turn(vehicle: Vehicle) -> Vehicle:
            old = vehicle.rates
            new = Rates(rates.daily or old.daily, rates.weekly or old.weekly, rates.monthly or old.monthly)
            return replace(vehicle, rates=new)

        self._told(vehicle_id, "price.updated", turn)

    def updated(self, vehicle_id: int) -> None:
        """Something about the vehicle changed; only Odoo knows what, so it is read first and shown then."""
        self.read_again(
            vehicle_id, then=lambda: self._told(vehicle_id, "vehicle.updated", lambda v: v, again=False)
        )

    def added(self, vehicle_id: int) -> None:
        """The vehicle is new, or for rent again; it is read first and shown then."""
        self.read_again(vehicle_id)

    def removed(self, vehicle_id: int) -> None:
        """The vehicle is no longer for rent."""
        self._told(vehicle_id, "vehicle.removed", lambda _: None)

    def read_again(self, vehicle_id: int, then: Callable[[], object] | None = None) -> None:
        """Ask Odoo soon how the vehicle is, correct what pages show, and do `then`."""
        self._freshness.forget(f"vehicle:{vehicle_id}:")
        self._freshness.forget("free:")
        self._availability.forget(vehicle_id)

        def read() -> None:
            self._details(vehicle_id)
            if then:
                then()

        if then:
            background.run("read a vehicle again", read)
        else:
            background.run_once("read a vehicle again", f"vehicle:{vehicle_id}", read)

    def refresh(self) -> None:
        """Read the list again if it is not fresh, so that what no webhook told is shown all the same."""
        try:
            # What an earlier process left comes first, so that what has changed since is seen as a change.
            self.vehicles()
            self._accepted(self._listing(wait=True))
        except OdooError as error:
            log.warning("the catalogue could not be read: %s", error.code)

    def _listing(self, *, wait: bool = False) -> Reading[tuple[Vehicle, ...]]:
        question = Question("vehicles", LIST_FRESH, self._read_list, keep=True, stored=self._accepted)
        return self._freshness.read(question, wait=wait)

    def _read_list(self) -> tuple[Vehicle, ...]:
        try:
            vehicles = tuple(self._odoo.vehicles())
        except OdooError:
            self._set_away(away=True)
            raise
        self._set_away(away=False)
        return vehicles

    def _set_away(self, *, away: bool) -> None:
        if away != self._away:
            self._away = away
            self._changes.append("odoo", "odoo.away" if away else "odoo.back")

    def _accepted(self, listing: Reading[tuple[Vehicle, ...]]) -> Snapshot:
        """The snapshot with this reading of the list in it; whatever it changes is appended to the log."""
        with self._lock:
            before = self._snapshot
            if before is not None and self._listed_at is not None and listing.read_at <= self._listed_at:
                return before
            after = (before or Snapshot()).after_listing(listing.value, listing.read_at, self._learned)
            self._snapshot, self._listed_at = after, listing.read_at
            self._learned = {id_: at for id_, at in self._learned.items() if at >= listing.read_at}
        for was, now in differences(before, after) if before else ():
            self._announce(was, now)
        return after

    def _details(self, vehicle_id: int) -> Details | None:
        def load() -> Details | None:
            return self._read_details(vehicle_id)

        key = f"vehicle:{vehicle_id}:details"
        return self._freshness.read(Question(key, VEHICLE_FRESH, load, keep=True)).value

    def _read_details(self, vehicle_id: int) -> Details | None:
        """The vehicle as Odoo has it now, taken into the snapshot; None when Odoo no longer rents it out."""
        began = clock.now()
        try:
            details = self._odoo.vehicle(vehicle_id)
        except VehicleUnknown:
            details = None
        self._read(vehicle_id, details.vehicle if details else None, began)
        return details

    def _read(self, vehicle_id: int, vehicle: Vehicle | None, began: datetime) -> None:
        with self._lock:
            # A webhook that arrived while Odoo was answering is newer than the answer; it has asked again itself.
            if self._snapshot is None or self._learned.get(vehicle_id, began) > began:
                return
            was = self._snapshot.by_id.get(vehicle_id)
            if vehicle and was and was.status is vehicle.status:
                vehicle = replace(vehicle, back_on=was.back_on)
            self._learn(vehicle_id, vehicle, began)
        if was != vehicle and not (was and vehicle and news.only_completes(was, vehicle)):
            self._announce(was, vehicle)

    def _told(
        self,
        vehicle_id: int,
        kind: str,
        turn: Turn,
        data: Mapping[str, object] | None = None,
        *,
        again: bool = True,
    ) -> None:
        """A webhook told of a vehicle: show it at once, say so, and ask Odoo whether it is so."""
        with self._lock:
            was = self._snapshot.by_id.get(vehicle_id) if self._snapshot else None
            now = turn(was) if was else None
            if was:
                self._learn(vehicle_id, now, clock.now())
        subject = now or was
        if was:
            self._remember(vehicle_id, is_for_rent=now is not None)
        public = news.data(subject) if subject else {"vehicle_id": vehicle_id}
        self._changes.append(f"vehicle:{vehicle_id}", kind, {**public, **(data or {})})
        if again:
            self.read_again(vehicle_id)

    def _learn(self, vehicle_id: int, vehicle: Vehicle | None, at: datetime) -> None:
        if self._snapshot is not None:
            self._snapshot = self._snapshot.having(vehicle_id, vehicle)
            self._learned[vehicle_id] = at

    def _announce(self, was: Vehicle | None, now: Vehicle | None) -> None:
        subject = now or was
        if subject is None:
            return
        self._remember(subject.id, is_for_rent=now is not None)
        self._changes.append(f"vehicle:{subject.id}", news.kind(was, now), news.data(subject))
        if was is None:
            self._changes.append("catalogue", "catalogue.grew", {"vehicle_id": subject.id})

    def _remember(self, vehicle_id: int, *, is_for_rent: bool) -> None:
        if is_for_rent:
            self._removed.discard(vehicle_id)
        else:
            self._removed.add(vehicle_id)
