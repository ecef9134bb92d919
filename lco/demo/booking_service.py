"""The bookings of the demo Odoo: requests of customers, steps of staff, and the event of each."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from lco import clock
from lco.demo import events
from lco.demo.bookings import NEXT_STATES, Booking, Customer, Stay
from lco.demo.events import Event
from lco.demo.inventory import Inventory
from lco.demo.pricing import estimate
from lco.demo.reasons import Reason
from lco.demo.refusals import BadField, DatesTaken, OtherState, OtherVersion, TooLate, not_bookable
from lco.demo.vehicles import Vehicle

HERE = ("draft", "confirmed")  # states in which the machine has not been handed out
OWN_TERMS = {"total_amount", "booking_type", "pickup_location", "return_location"}
OF_THE_CUSTOMER = {f"customer_{part}": part for part in ("name", "email", "phone")}


class Quote(NamedTuple):
    """The price of a booking now and on other days, and every obstacle to those days."""

    price_now: Decimal
    price_then: Decimal
    currency: str
    reasons: list[Reason]


class BookingService:
    """Places, reads and changes bookings under the inventory's lock."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self.lock = inventory.lock

    # Reading

    def booking(self, ref: str) -> Booking:
        """The booking with this reference; raises DeletedBooking or UnknownBooking."""
        with self.lock:
            return self._inventory.bookings.booking(ref)

    def all(self) -> list[Booking]:
        """Every booking, in the order in which they were made."""
        with self.lock:
            return self._inventory.bookings.all()

    def changeable_until(self, booking: Booking) -> datetime:
        """The instant from which its customer can no longer change or cancel it: hours before the first day."""
        first_day = datetime.combine(booking.stay.start, time(), self._inventory.now().tzinfo)
        return first_day - timedelta(hours=self._inventory.business.change_hours)

    # Requests of customers

    def book(self, vehicle_id: int, stay: Stay, customer: Customer, **details: str) -> Booking:
        """A new draft booking; raises UnknownVehicle, BadField or NotBookable and then changes nothing."""
        with self.lock:
            vehicle = self._inventory.vehicle(vehicle_id)
            self._inventory.check_dates(stay)
            self._check(vehicle_id, stay)
            booking = self._inventory.drafted(vehicle, stay, customer, **details)
            self._inventory.bookings.enter(booking)
            vehicle.booking_count += 1
            self._publish(events.booking_created(booking), vehicle_id)
            return booking

    def quote(self, ref: str, stay: Stay) -> Quote:
        """The price of the booking on these days, and the obstacles; its own days are none."""
        with self.lock:
            booking = self.booking(ref)
            vehicle = self._inventory.on_record(booking.vehicle_id)
            _check_order(stay)
            reasons = self._inventory.rules.reasons(vehicle, stay, besides=booking)
            if self._is_too_late(booking):
                reasons.append(Reason("too_late", "This booking cannot be changed any more."))
            return Quote(booking.total_amount, estimate(vehicle.rates, stay.days), booking.currency, reasons)

    def change(self, ref: str, stay: Stay, version: int) -> Booking:
        """The booking on other days, priced anew, as its customer wants it.

        Raises OtherVersion, OtherState, TooLate or NotBookable. A machine that is out can only come back on
        another day.
        """
        with self.lock:
            booking = self._for_its_customer(ref, version)
            _check_order(stay)
            is_out = booking.state == "picked_up"
            today = self._inventory.today()
            if is_out and (booking.stay.end < today or stay.start != booking.stay.start or stay.end <= today):
                raise TooLate(self.changeable_until(booking))
            if not is_out:
                self._check_time(booking)
            self._check(booking.vehicle_id, stay, besides=booking)
            return self.revise(ref, {"date_from": stay.start, "date_to": stay.end})

    def give_up(self, ref: str, reason: str, version: int) -> Booking:
        """The booking cancelled by its customer; raises OtherVersion, OtherState or TooLate."""
        with self.lock:
            booking = self._for_its_customer(ref, version)
            if booking.state not in HERE:
                raise TooLate(self.changeable_until(booking))
            self._check_time(booking)
            return self.cancel(ref, reason)

    # Steps of staff

    def revise(self, ref: str, changes: Mapping[str, Any]) -> Booking:
        """The booking with these terms, in the words of the API. Other days or another machine give another price.

        Raises OtherState for a booking that is over, UnknownVehicle, BadField or DatesTaken.
        """
        with self.lock:
            booking = self._live(ref)
            before, place_before = events.terms_of(booking), (booking.vehicle_id, booking.stay)
            stay = Stay(changes.get("date_from", booking.stay.start), changes.get("date_to", booking.stay.end))
            vehicle_id = changes.get("vehicle_id", booking.vehicle_id)
            place = (vehicle_id, stay)
            if place != place_before:
                self._check_free(vehicle_id, stay, booking)
                self._give(booking, self._inventory.on_record(vehicle_id), stay)
            self._take_over(booking, changes)
            if events.terms_of(booking) != before:
                self._count_change(booking)
                touched = {vehicle_id, place_before[0]} if place != place_before else ()
                self._publish(events.booking_modified(booking, before), *touched)
            return booking

    def confirm(self, ref: str) -> Booking:
        """The booking, now confirmed; raises OtherState unless it is a draft."""
        with self.lock:
            return self._step(ref, "confirmed")

    def pick_up(self, ref: str) -> Booking:
        """The booking, its machine handed out today; raises OtherState unless it is confirmed."""
        with self.lock:
            booking, today = self._can_become(ref, "picked_up"), self._inventory.today()
            away = Stay(min(booking.stay.start, today), max(booking.stay.end, today + timedelta(days=1)))
            self._check_free(booking.vehicle_id, away, booking)
            booking.picked_up_on = today
            return self._step(ref, "picked_up")

    def take_back(self, ref: str) -> Booking:
        """The booking, its machine returned today; raises OtherState unless it is picked up."""
        with self.lock:
            self._can_become(ref, "returned").returned_on = self._inventory.today()
            return self._step(ref, "returned")

    def cancel(self, ref: str, reason: str) -> Booking:
        """The booking, now cancelled, its days free again; raises OtherState once the machine is handed out."""
        with self.lock:
            booking = self._can_become(ref, "cancelled")
            booking.state, booking.cancellation_reason = "cancelled", reason
            self._count_change(booking)
            self._publish(events.booking_cancelled(booking), booking.vehicle_id)
            return booking

    def delete(self, ref: str) -> None:
        """Delete the booking, which cancels a live one; only its reference stays known."""
        with self.lock:
            booking = self.booking(ref)
            self._inventory.bookings.remove(booking)
            self._count_change(booking)
            was_live = booking.live
            if was_live:
                booking.state, booking.cancellation_reason = "cancelled", "Deleted by the office"
            event = events.booking_deleted(booking, pushed=was_live)
            self._publish(event, *((booking.vehicle_id,) if was_live else ()))

    # Checks

    def _check(self, vehicle_id: int, stay: Stay, besides: Booking | None = None) -> None:
        """Raises NotBookable with every reason."""
        reasons = self._inventory.rules.reasons(self._inventory.on_record(vehicle_id), stay, besides)
        if reasons:
            raise not_bookable(reasons)

    def _check_free(self, vehicle_id: int, stay: Stay, booking: Booking) -> None:
        """Staff are free of the rules, but no machine is out twice."""
        _check_order(stay)
        bookings, today = self._inventory.bookings, self._inventory.today()
        vehicle = self._inventory.on_record(vehicle_id)
        if booking.holds_days and bookings.is_taken(vehicle, stay, today, booking):
            raise DatesTaken([Reason("taken", "The machine is not available on these dates.")])

    def _for_its_customer(self, ref: str, version: int) -> Booking:
        booking = self.booking(ref)
        if booking.version != version:
            raise OtherVersion(f"Booking {ref} was changed meanwhile. Read it again.")
        return self._live(ref)

    def _is_too_late(self, booking: Booking) -> bool:
        """After the last hour for changes; what is out can be kept longer until it is overdue."""
        if booking.state == "picked_up":
            return booking.stay.end < self._inventory.today()
        return self._inventory.now() >= self.changeable_until(booking)

    def _check_time(self, booking: Booking) -> None:
        until = self.changeable_until(booking)
        if self._inventory.now() >= until:
            raise TooLate(until)

    def _live(self, ref: str) -> Booking:
        booking = self.booking(ref)
        if not booking.live:
            raise OtherState(f"Booking {ref} is {booking.state} and cannot be changed any more.")
        return booking

    def _can_become(self, ref: str, state: str) -> Booking:
        booking = self.booking(ref)
        if state not in NEXT_STATES[booking.state]:
            raise OtherState(f"Booking {ref} is {booking.state} and cannot become {state}.")
        return booking

    # Changes

    def _give(self, booking: Booking, vehicle: Vehicle, stay: Stay) -> None:
        """Another machine or other days, at the price of the rates as they are now."""
        self._inventory.bookings.assign(booking, vehicle.id)
        booking.stay = stay
        booking.total_amount = estimate(vehicle.rates, stay.days)
        booking.currency = vehicle.currency

    def _take_over(self, booking: Booking, changes: Mapping[str, Any]) -> None:
        for name in OWN_TERMS.intersection(changes):
            setattr(booking, name, changes[name])
        said = {part: changes[name] for name, part in OF_THE_CUSTOMER.items() if name in changes}
        booking.customer = replace(booking.customer, **said)

    def _step(self, ref: str, state: str) -> Booking:
        booking = self._can_become(ref, state)
        booking.state = state
        self._count_change(booking)
        self._publish(events.booking_step(booking), *(() if state == "confirmed" else (booking.vehicle_id,)))
        return booking

    def _count_change(self, booking: Booking) -> None:
        booking.version += 1
        booking.write_date = clock.now()

    def _publish(self, event: Event, *vehicle_ids: int) -> None:
        """Publish the event of a booking, then the status of each vehicle whose days it changed."""
        self._inventory.publish(event)
        for vehicle_id in sorted(vehicle_ids):
            self._inventory.publish_availability(vehicle_id, str(event.id))


def _check_order(stay: Stay) -> None:
    if stay.days < 1:
        raise BadField("The end date must be after the start date.")
