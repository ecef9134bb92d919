"""The vehicles and settings of the demo Odoo, the one lock around them, and the event of each change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from threading import RLock
from typing import Any

from lco.demo import events
from lco.demo.booking_index import BookingIndex
from lco.demo.bookings import STARTING_BOOKINGS, Booking, Customer, Stay, new_ref
from lco.demo.business import Business
from lco.demo.events import Event
from lco.demo.pricing import estimate
from lco.demo.refusals import BadField, UnknownVehicle
from lco.demo.rules import Rules
from lco.demo.vehicles import Vehicle, starting_fleet

Publish = Callable[[Event, int], None]


@dataclass(frozen=True)
class Criteria:
    """The filters of a list of vehicles; prices are daily rates, None means no limit."""

    listing_type: str | None = None
    brand_id: int | None = None
    fuel_type: str | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    free: Stay | None = None
    featured: bool = False


class Inventory:
    """Every read and change goes through one lock, so that no two bookings of a vehicle can overlap.

    `now` gives the present instant in the business's time zone. `publish` is called with (event, version of the
    contract) of every change while the lock is held, so that events of one record leave in the order of the
    changes.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        publish: Publish,
        extra_vehicles: int = 0,
        business: Business | None = None,
    ) -> None:
        self.now = now
        self._publish = publish
        self._extra_vehicles = extra_vehicles
        self._start = business or Business()
        self.lock = RLock()
        self.reset()

    def reset(self) -> None:
        """Go back to the starting state. Publish nothing: a reset is no change of a vehicle."""
        with self.lock:
            self.business = self._start
            self.calendar_version = self.storefront_version = 1
            fleet = starting_fleet(self.today(), self._extra_vehicles)
            self._vehicles = {vehicle.id: replace(vehicle, currency=self.business.currency) for vehicle in fleet}
            self._retired: dict[int, Vehicle] = {}
            self._last_vehicle_id = max(self._vehicles)
            self._brand_ids: dict[str, int] = {}
            self.bookings = BookingIndex()
            for start in STARTING_BOOKINGS:
                self._enter_start(self._vehicles[start.vehicle_id], start.stay(self.today()), start)

    def today(self) -> date:
        """The present day in the business's time zone."""
        return self.now().date()

    @property
    def rules(self) -> Rules:
        """The check of the present instant."""
        return Rules(self.business, self.bookings, self.now())

    def vehicle(self, vehicle_id: int) -> Vehicle:
        """The vehicle with this id; raises UnknownVehicle."""
        try:
            return self._vehicles[vehicle_id]
        except KeyError as missing:
            raise UnknownVehicle(f"There is no vehicle with the id {vehicle_id}.") from missing

    def on_record(self, vehicle_id: int) -> Vehicle:
        """The same, also for a vehicle that was removed; raises UnknownVehicle."""
        return self._retired.get(vehicle_id) or self.vehicle(vehicle_id)

    def view(self, vehicle_id: int) -> Vehicle:
        """The same, and one more view is counted."""
        with self.lock:
            vehicle = self.vehicle(vehicle_id)
            vehicle.view_count += 1
            return vehicle

    def search(self, wanted: Criteria) -> list[Vehicle]:
        """The vehicles that meet all criteria, in the order of their ids."""
        with self.lock:
            rules = self.rules
            return [vehicle for vehicle in self._vehicles.values() if self._meets(vehicle, wanted, rules)]

    def brand_id(self, brand: str) -> int:
        """The id by which Odoo knows this brand; a brand never seen before gets the next one."""
        with self.lock:
            return self._brand_ids.setdefault(brand, len(self._brand_ids) + 1)

    def status(self, vehicle: Vehicle) -> str:
        """The status of the vehicle that a customer reads today."""
        with self.lock:
            return self.bookings.status(vehicle, self.today())

    def is_free(self, vehicle: Vehicle, stay: Stay) -> bool:
        """True when the vehicle can be had on all these days; raises BadField for days that cannot be booked."""
        self.check_dates(stay)
        with self.lock:
            return self.bookings.is_free(vehicle, stay, self.today())

    def busy(self, vehicle: Vehicle, within: Stay) -> list[Stay]:
        """The parts of these days in which the vehicle cannot be had; raises BadField for days that are none."""
        if within.days < 1:
            raise BadField("The end date must be after the start date.")
        with self.lock:
            return self.bookings.busy(vehicle, within, self.today())

    def change(self, vehicle_id: int, changes: Mapping[str, Any]) -> Vehicle:
        """The vehicle with these fields set; every kind of change sends its own event. Raises UnknownVehicle."""
        with self.lock:
            before = self.vehicle(vehicle_id)
            after = before.changed(**changes, version=before.version + 1)
            changed = list(events.vehicle_changes(before, after))
            if any(
                getattr(before, name) != getattr(after, name) for name in ("availability_status", "buffer_days")
            ):
                changed.append(self._availability(after))
            if not changed:
                return before
            self._vehicles[vehicle_id] = after
            for event in changed:
                self.publish(event)
            return after

    def add(self, fields: Mapping[str, Any]) -> Vehicle:
        """A new vehicle with the next free id."""
        with self.lock:
            self._last_vehicle_id += 1
            vehicle = Vehicle(id=self._last_vehicle_id, **{"currency": self.business.currency, **fields})
            self._vehicles[vehicle.id] = vehicle
            self.publish(events.vehicle_added(vehicle))
            return vehicle

    def remove(self, vehicle_id: int) -> None:
        """Take the vehicle out of the catalogue; its bookings stay on record. Raises UnknownVehicle."""
        with self.lock:
            vehicle = self.vehicle(vehicle_id)
            vehicle.version += 1
            vehicle.published = False
            self._retired[vehicle_id] = self._vehicles.pop(vehicle_id)
            self.publish(events.vehicle_removed(vehicle))

    def configure(self, fields: Mapping[str, Any]) -> Business:
        """The settings with these fields set. Another currency is that of every vehicle from then on."""
        with self.lock:
            before, self.business = self.business, self.business.changed(**fields)
            if before.currency != self.business.currency:
                for vehicle_id in list(self._vehicles):
                    self.change(vehicle_id, {"currency": self.business.currency})
            if before.calendar != self.business.calendar:
                self.calendar_version += 1
                self.publish(events.calendar_updated(self.calendar_version))
            if before.storefront != self.business.storefront:
                self.storefront_version += 1
                self.publish(events.storefront_updated(self.storefront_version))
            return self.business

    def publish(self, event: Event) -> None:
        """Send the event as the contract in force words it. The lock is held."""
        self._publish(event, self.business.contract)

    def publish_availability(self, vehicle_id: int, booking_ref: str) -> None:
        """Send the status of the vehicle; nothing for a vehicle that was removed meanwhile."""
        vehicle = self._vehicles.get(vehicle_id)
        if vehicle:
            vehicle.version += 1
            self.publish(self._availability(vehicle, booking_ref))

    def check_dates(self, stay: Stay) -> None:
        """Raises BadField for days in the wrong order or in the past."""
        if stay.days < 1:
            raise BadField("The end date must be after the start date.")
        if stay.start < self.today():
            raise BadField("The start date is in the past.")

    def _enter_start(self, vehicle: Vehicle, stay: Stay, start: Any) -> None:
        picked_up_on = stay.start if start.state == "picked_up" else None
        self.bookings.enter(
            self.drafted(vehicle, stay, start.customer, state=start.state, picked_up_on=picked_up_on)
        )

    def drafted(self, vehicle: Vehicle, stay: Stay, customer: Customer, **details: Any) -> Booking:
        """A new booking, priced but not yet entered."""
        return Booking(
            id=self.bookings.next_id(),
            ref=new_ref(self.today()),
            vehicle_id=vehicle.id,
            stay=stay,
            customer=customer,
            total_amount=estimate(vehicle.rates, stay.days),
            currency=vehicle.currency,
            **details,
        )

    def _availability(self, vehicle: Vehicle, booking_ref: str | None = None) -> Event:
        free = self.bookings.next_free(vehicle, self.today())
        return events.availability_changed(vehicle, self.status(vehicle), free, booking_ref)

    def _meets(self, vehicle: Vehicle, wanted: Criteria, rules: Rules) -> bool:
        daily = vehicle.rental_price_daily
        return (
            (wanted.listing_type is None or vehicle.listing_type in (wanted.listing_type, "both"))
            and (wanted.brand_id is None or self.brand_id(vehicle.brand) == wanted.brand_id)
            and (wanted.fuel_type is None or vehicle.fuel_type == wanted.fuel_type)
            and (wanted.min_price is None or daily >= wanted.min_price)
            and (wanted.max_price is None or daily <= wanted.max_price)
            and (not wanted.featured or vehicle.featured)
            and (wanted.free is None or self._can_be_had(vehicle, wanted.free, rules))
        )

    def _can_be_had(self, vehicle: Vehicle, stay: Stay, rules: Rules) -> bool:
        """In version 1 the list knows only bookings and maintenance, as today's Odoo does."""
        if self.business.contract == 1:
            return self.bookings.is_free(vehicle, stay, self.today())
        return not rules.reasons(vehicle, stay)
