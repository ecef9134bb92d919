"""The state of the demo Odoo and the one lock around it: what may change, and which event each change sends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from threading import RLock
from typing import Any

from lco.demo import events
from lco.demo.bookings import STARTING_BOOKINGS, Booking, Customer, Stay, new_ref
from lco.demo.diary import Diary
from lco.demo.events import Event
from lco.demo.pricing import estimate
from lco.demo.refusals import BadField, DatesTaken, UnknownVehicle
from lco.demo.vehicles import Vehicle, starting_fleet


@dataclass(frozen=True)
class Criteria:
    """What a list of vehicles is narrowed by; prices are daily rates, None means no limit."""

    listing_type: str | None = None
    brand_id: int | None = None
    fuel_type: str | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    free: Stay | None = None
    featured: bool = False


class Inventory:
    """Every read and change goes through one lock, so that no two live bookings of a vehicle can overlap.

    `today` gives the present day in the business's time zone. `publish` is told (vehicle id, event) of every
    change while the lock is held, so that events of one vehicle leave in the order in which things happened.
    """

    def __init__(
        self, today: Callable[[], date], publish: Callable[[int, Event], None], extra_vehicles: int = 0
    ) -> None:
        self.today = today
        self._publish = publish
        self._extra_vehicles = extra_vehicles
        self._lock = RLock()
        self.reset()

    def reset(self) -> None:
        """Back to the starting state. Tells nobody: it is a new world, not a change of the old one."""
        with self._lock:
            fleet = starting_fleet(self.today(), self._extra_vehicles)
            self._vehicles = {vehicle.id: vehicle for vehicle in fleet}
            self._last_vehicle_id = max(self._vehicles)
            self._brand_ids: dict[str, int] = {}
            self._diary = Diary()
            for start in STARTING_BOOKINGS:
                vehicle = self._vehicles[start.vehicle_id]
                self._enter(vehicle, start.stay(self.today()), start.customer, state=start.state)

    def vehicle(self, vehicle_id: int) -> Vehicle:
        """The vehicle with this id; raises UnknownVehicle."""
        try:
            return self._vehicles[vehicle_id]
        except KeyError as missing:
            raise UnknownVehicle(f"There is no vehicle with the id {vehicle_id}.") from missing

    def view(self, vehicle_id: int) -> Vehicle:
        """The same, and one more view is counted."""
        with self._lock:
            vehicle = self.vehicle(vehicle_id)
            vehicle.view_count += 1
            return vehicle

    def search(self, wanted: Criteria) -> list[Vehicle]:
        """The vehicles that meet all criteria, in the order of their ids."""
        with self._lock:
            return [vehicle for vehicle in self._vehicles.values() if self._meets(vehicle, wanted)]

    def brand_id(self, brand: str) -> int:
        """The id by which Odoo knows this brand; a brand never seen before gets the next one."""
        with self._lock:
            return self._brand_ids.setdefault(brand, len(self._brand_ids) + 1)

    def status(self, vehicle: Vehicle) -> str:
        """What a customer reads about the vehicle today."""
        with self._lock:
            return self._diary.status(vehicle, self.today())

    def is_free(self, vehicle: Vehicle, stay: Stay) -> bool:
        """Whether the vehicle can be had on all these days; raises BadField for days that cannot be booked."""
        self._check_dates(stay)
        with self._lock:
            return self._diary.is_free(vehicle, stay)

    def busy(self, vehicle: Vehicle, within: Stay) -> list[Stay]:
        """The parts of these days in which the vehicle cannot be had; raises BadField for days that are none."""
        if within.days < 1:
            raise BadField("The end date must be after the start date.")
        with self._lock:
            return self._diary.busy(vehicle, within)

    def bookings(self) -> list[Booking]:
        """Every booking, in the order in which they were made."""
        with self._lock:
            return self._diary.all()

    def book(self, vehicle_id: int, stay: Stay, customer: Customer, **details: str) -> Booking:
        """A new draft booking; raises UnknownVehicle, BadField or DatesTaken and then changes nothing."""
        with self._lock:
            vehicle = self.vehicle(vehicle_id)
            self._check_stay(vehicle, stay)
            booking = self._enter(vehicle, stay, customer, **details)
            vehicle.booking_count += 1
            self._publish(vehicle_id, events.booking_created(booking))
            self._publish_availability(vehicle_id, booking.ref)
            return booking

    def confirm(self, ref: str) -> Booking:
        """The booking, now confirmed; raises UnknownBooking, or BadField unless it is a draft."""
        with self._lock:
            booking = self._diary.booking(ref)
            if booking.state != "draft":
                raise BadField(f"Booking {ref} is {booking.state}: only a draft can be confirmed.")
            booking.state = "confirmed"
            self._publish(booking.vehicle_id, events.booking_confirmed(booking))
            return booking

    def cancel(self, ref: str, reason: str) -> Booking:
        """The booking, now cancelled, its days free again; raises UnknownBooking, or BadField if not live."""
        with self._lock:
            booking = self._live_booking(ref)
            booking.state = "cancelled"
            booking.cancellation_reason = reason
            self._publish(booking.vehicle_id, events.booking_cancelled(booking))
            self._publish_availability(booking.vehicle_id, ref)
            return booking

    def move(self, ref: str, stay: Stay) -> Booking:
        """The booking on other dates, priced anew; raises a Refusal of any kind and then changes nothing."""
        with self._lock:
            booking = self._live_booking(ref)
            vehicle = self.vehicle(booking.vehicle_id)
            self._check_stay(vehicle, stay, besides=booking)
            booking.stay = stay
            booking.total_amount = estimate(vehicle.rates, stay.days)
            self._publish(vehicle.id, events.booking_modified(booking))
            self._publish_availability(vehicle.id, ref)
            return booking

    def change(self, vehicle_id: int, changes: Mapping[str, Any]) -> Vehicle:
        """The vehicle with these fields set; every kind of change sends its own event. Raises UnknownVehicle."""
        with self._lock:
            before = self.vehicle(vehicle_id)
            after = before.changed(**changes)
            self._vehicles[vehicle_id] = after
            for event in events.vehicle_changes(before, after):
                self._publish(vehicle_id, event)
            if before.availability_status != after.availability_status:
                self._publish_availability(vehicle_id)
            return after

    def add(self, fields: Mapping[str, Any]) -> Vehicle:
        """A new vehicle with the next free id."""
        with self._lock:
            self._last_vehicle_id += 1
            vehicle = Vehicle(id=self._last_vehicle_id, **fields)
            self._vehicles[vehicle.id] = vehicle
            self._publish(vehicle.id, events.vehicle_added(vehicle))
            return vehicle

    def remove(self, vehicle_id: int) -> None:
        """Takes the vehicle out of the catalogue; its bookings stay on record. Raises UnknownVehicle."""
        with self._lock:
            self.vehicle(vehicle_id)
            del self._vehicles[vehicle_id]
            self._publish(vehicle_id, events.vehicle_removed(vehicle_id))

    def _enter(self, vehicle: Vehicle, stay: Stay, customer: Customer, **details: str) -> Booking:
        booking = Booking(
            id=len(self._diary) + 1,
            ref=new_ref(self.today()),
            vehicle_id=vehicle.id,
            stay=stay,
            customer=customer,
            total_amount=estimate(vehicle.rates, stay.days),
            currency=vehicle.currency,
            **details,
        )
        self._diary.enter(booking)
        return booking

    def _live_booking(self, ref: str) -> Booking:
        booking = self._diary.booking(ref)
        if not booking.live:
            raise BadField(f"Booking {ref} is {booking.state} and cannot be changed any more.")
        return booking

    def _publish_availability(self, vehicle_id: int, booking_ref: str | None = None) -> None:
        """Tells how the vehicle stands now; one that was removed in the meantime stands nowhere."""
        vehicle = self._vehicles.get(vehicle_id)
        if vehicle:
            free = self._diary.next_free(vehicle, self.today())
            event = events.availability_changed(vehicle_id, self.status(vehicle), free, booking_ref)
            self._publish(vehicle_id, event)

    def _meets(self, vehicle: Vehicle, wanted: Criteria) -> bool:
        daily = vehicle.rental_price_daily
        return (
            (wanted.listing_type is None or vehicle.listing_type in (wanted.listing_type, "both"))
            and (wanted.brand_id is None or self.brand_id(vehicle.brand) == wanted.brand_id)
            and (wanted.fuel_type is None or vehicle.fuel_type == wanted.fuel_type)
            and (wanted.min_price is None or daily >= wanted.min_price)
            and (wanted.max_price is None or daily <= wanted.max_price)
            and (not wanted.featured or vehicle.featured)
            and (wanted.free is None or self._diary.is_free(vehicle, wanted.free))
        )

    def _check_stay(self, vehicle: Vehicle, stay: Stay, besides: Booking | None = None) -> None:
        self._check_dates(stay)
        if stay.days < vehicle.minimum_rental_days:
            raise BadField(f"The shortest rental of this machine is {vehicle.minimum_rental_days} days.")
        if stay.days > vehicle.maximum_rental_days:
            raise BadField(f"The longest rental of this machine is {vehicle.maximum_rental_days} days.")
        if not self._diary.is_free(vehicle, stay, besides):
            raise DatesTaken("The machine is not available on these dates.")

    def _check_dates(self, stay: Stay) -> None:
        if stay.days < 1:
            raise BadField("The end date must be after the start date.")
        if stay.start < self.today():
            raise BadField("The start date is in the past.")
