"""The controls: a page for people at `/`, and the same verbs as JSON under `/demo/…`.

Every verb has one address. A form is answered with a redirect to the page (Post/Redirect/Get), everything
else in JSON.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask import Blueprint, abort, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema

from lco.demo import forms
from lco.demo.access import Access
from lco.demo.api import short_form
from lco.demo.attempts import Attempts
from lco.demo.booking_api import booking_json
from lco.demo.booking_service import BookingService
from lco.demo.bookings import Booking
from lco.demo.business import WEEKDAYS, Business, Calendar
from lco.demo.calls import CallCount
from lco.demo.changes import ChangesFeed
from lco.demo.envelope import refused
from lco.demo.events import plain
from lco.demo.faults import CONNECTION_FAULTS, HABITS, FaultSwitch
from lco.demo.inventory import Criteria, Inventory
from lco.demo.refusals import Refusal
from lco.demo.storefront_api import calendar_json
from lco.demo.vehicles import STATUSES, Vehicle
from lco.demo.webhooks import Delivery, Sender

VEHICLES_SHOWN = 40
BOOKINGS_SHOWN = 40
DELIVERIES_SHOWN = 25
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class Parts(NamedTuple):
    """Everything that the controls reach."""

    inventory: Inventory
    bookings: BookingService
    sender: Sender
    switch: FaultSwitch
    calls: CallCount
    feed: ChangesFeed
    attempts: Attempts
    access: Access


def controls(parts: Parts) -> Blueprint:
    """The blueprint of the page and of the verbs behind it."""
    control = Blueprint("control", __name__)
    control.register_error_handler(Refusal, _refused)
    _add_page(control, parts)
    _add_state(control, parts)
    _add_settings(control, parts.inventory)
    _add_vehicle_verbs(control, parts.inventory)
    _add_booking_verbs(control, parts.bookings, parts.inventory)
    return control


def _add_page(control: Blueprint, parts: Parts) -> None:
    inventory, switch = parts.inventory, parts.switch

    @control.get("/")
    def page() -> str:
        words = request.args.get("q", "").lower()
        found = [vehicle for vehicle in inventory.search(Criteria()) if words in vehicle.name.lower()]
        return render_template(
            "demo.html",
            vehicles=[(vehicle, inventory.status(vehicle)) for vehicle in found[:VEHICLES_SHOWN]],
            found=len(found),
            bookings=parts.bookings.all()[::-1][:BOOKINGS_SHOWN],
            deliveries=parts.sender.deliveries()[:DELIVERIES_SHOWN],
            fault=switch.fault,
            modes=CONNECTION_FAULTS,
            habits=HABITS,
            habits_on=switch.habits,
            business=inventory.business,
            weekdays=WEEKDAYS,
            currencies=forms.CURRENCIES,
            statuses=STATUSES,
            today=inventory.today(),
        )


def _add_state(control: Blueprint, parts: Parts) -> None:
    inventory, switch = parts.inventory, parts.switch

    @control.get("/demo/state")
    def state() -> ResponseReturnValue:
        return jsonify(
            today=plain(inventory.today()),
            calls=parts.calls.counts(),
            **switch.state(),
            settings=_settings(inventory.business),
            vehicles=len(inventory.search(Criteria())),
            bookings=[_booking(booking, inventory) for booking in parts.bookings.all()],
            deliveries=[_delivery(delivery) for delivery in parts.sender.deliveries()],
        )

    @control.post("/demo/faults")
    def faults() -> ResponseReturnValue:
        fault = switch.set(**_submitted(forms.FaultRequest()))
        return _done(f"Fault: {fault.mode}.", fault=vars(fault))

    @control.post("/demo/habits/<name>")
    def habit(name: str) -> ResponseReturnValue:
        if name not in HABITS:
            abort(404)
        asked = _submitted(forms.HabitRequest())
        switch.set_habit(name, **asked)
        return _done(f"{name}: {'on' if asked['on'] else 'off'}.", habits=switch.state()["habits"])

    @control.post("/demo/reset")
    def reset() -> ResponseReturnValue:
        parts.calls.reset()
        if not _submitted(forms.Reset())["calls_only"]:
            switch.reset()
            parts.attempts.reset()
            parts.access.reset()
            inventory.reset()
            parts.feed.begin_epoch()
            parts.sender.clear()
        return _done("Back to the start.")

    @control.post("/demo/epoch")
    def epoch() -> ResponseReturnValue:
        parts.feed.begin_epoch()
        return _done("Every cursor of the changes feed has expired, as after a database was restored.")


def _add_settings(control: Blueprint, inventory: Inventory) -> None:
    @control.post("/demo/settings")
    def settings() -> ResponseReturnValue:
        business = inventory.configure(_submitted(forms.BusinessSettings()))
        return _done("Settings saved.", settings=_settings(business))

    @control.post("/demo/weekdays/<name>")
    def weekday(name: str) -> ResponseReturnValue:
        if name not in WEEKDAYS:
            abort(404)
        is_open = _submitted(forms.OpenOrClosed())["is_open"]
        return opening_days(inventory.business.calendar.with_weekday(name, is_open=is_open))

    @control.post("/demo/closed")
    def close() -> ResponseReturnValue:
        asked = _submitted(forms.ClosedDay())
        return opening_days(inventory.business.calendar.with_closed(asked["date"], asked["reason"]))

    @control.post("/demo/closed/<day>/open")
    def open_again(day: str) -> ResponseReturnValue:
        date = forms.loaded(forms.ClosedDay(), {"date": day})["date"]
        return opening_days(inventory.business.calendar.with_closed(date, None))

    def opening_days(calendar: Calendar) -> ResponseReturnValue:
        inventory.configure({"weekdays": calendar.weekdays, "closed": calendar.closed})
        return _done("Opening days changed.", calendar=calendar_json(calendar))


def _add_vehicle_verbs(control: Blueprint, inventory: Inventory) -> None:
    @control.post("/demo/vehicles")
    def add() -> ResponseReturnValue:
        vehicle = inventory.add(_submitted(forms.NewVehicle()))
        return _done(f"{vehicle.name} added.", code=201, vehicle=_vehicle(inventory, vehicle))

    @control.post("/demo/vehicles/<int:vehicle_id>")
    def change(vehicle_id: int) -> ResponseReturnValue:
        vehicle = inventory.change(vehicle_id, _submitted(forms.VehicleChanges()))
        return _done(f"{vehicle.name} changed.", vehicle=_vehicle(inventory, vehicle))

    @control.delete("/demo/vehicles/<int:vehicle_id>")
    @control.post("/demo/vehicles/<int:vehicle_id>/remove")
    def remove(vehicle_id: int) -> ResponseReturnValue:
        inventory.remove(vehicle_id)
        return _done(f"Vehicle {vehicle_id} removed.")


def _add_booking_verbs(control: Blueprint, bookings: BookingService, inventory: Inventory) -> None:
    def done(booking: Booking, what: str) -> ResponseReturnValue:
        return _done(f"{booking.ref} {what}.", booking=_booking(booking, inventory))

    @control.post("/demo/bookings/<ref>")
    @control.post("/demo/bookings/<ref>/move", endpoint="move")
    def revise(ref: str) -> ResponseReturnValue:
        return done(bookings.revise(ref, _submitted(forms.Terms())), "changed")

    @control.post("/demo/bookings/<ref>/confirm")
    def confirm(ref: str) -> ResponseReturnValue:
        return done(bookings.confirm(ref), "confirmed")

    @control.post("/demo/bookings/<ref>/pick_up")
    def pick_up(ref: str) -> ResponseReturnValue:
        return done(bookings.pick_up(ref), "picked up")

    @control.post("/demo/bookings/<ref>/return")
    def take_back(ref: str) -> ResponseReturnValue:
        return done(bookings.take_back(ref), "returned")

    @control.post("/demo/bookings/<ref>/cancel")
    def cancel(ref: str) -> ResponseReturnValue:
        return done(bookings.cancel(ref, _submitted(forms.Cancellation())["reason"]), "cancelled")

    @control.post("/demo/bookings/<ref>/delete")
    def delete(ref: str) -> ResponseReturnValue:
        bookings.delete(ref)
        return _done(f"{ref} deleted.")


def _submitted(schema: Schema) -> dict[str, Any]:
    """The checked fields of the form or the JSON body; a blank form field means none. Raises BadField."""
    if _from_a_form():
        return forms.loaded(schema, {name: value or None for name, value in request.form.items()})
    return forms.loaded(schema, request.get_json(force=True) if request.data else {})


def _done(message: str, code: int = 200, **result: Any) -> ResponseReturnValue:
    if _from_a_form():
        return redirect(f"/?{urlencode({'done': message})}", 303)
    return jsonify(success=True, message=message, **result), code


def _refused(refusal: Refusal) -> ResponseReturnValue:
    if _from_a_form():
        return redirect(f"/?{urlencode({'refused': str(refusal)})}", 303)
    return refused(refusal)


def _from_a_form() -> bool:
    return request.mimetype in FORMS


def _vehicle(inventory: Inventory, vehicle: Vehicle) -> Mapping[str, Any]:
    maintenance = {
        "in_maintenance": vehicle.in_maintenance,
        "maintenance_until": plain(vehicle.maintenance_until),
    }
    return {**short_form(inventory, vehicle), **maintenance}


def _settings(business: Business) -> dict[str, Any]:
    return {
        "contract": business.contract,
        "busy": business.busy,
        "api_key": business.api_key,
        "currency": business.currency,
        "writes_a_minute": business.writes_a_minute,
        "change_hours": business.change_hours,
    }


def _booking(booking: Booking, inventory: Inventory) -> dict[str, Any]:
    """As the API shows it, with the customer in the words of a booking request and with the message."""
    shown = booking_json(booking, inventory.on_record(booking.vehicle_id).name)
    customer = {f"customer_{part}": value for part, value in shown.pop("customer").items()}
    texts = ("pickup_location", "return_location", "message", "cancellation_reason")
    return {**shown, **customer, **{name: getattr(booking, name) for name in texts}}


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "record": delivery.record,
        "path": delivery.path,
        "event_type": delivery.event_type,
        "body": delivery.body.decode(),
        "created": delivery.created.isoformat(),
        "tries": delivery.tries,
        "outcome": delivery.outcome,
        "answer": delivery.answer,
    }
