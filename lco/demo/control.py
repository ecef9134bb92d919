"""The controls: a page for people at `/`, and the same verbs as JSON under `/demo/…`.

Every verb has one address. A form is answered with a redirect to the page (Post/Redirect/Get), everything
else in JSON.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema

from lco.demo import forms
from lco.demo.api import refused, short_form
from lco.demo.bookings import Booking, Stay
from lco.demo.calls import CallCount
from lco.demo.events import plain
from lco.demo.faults import MODES, FaultSwitch
from lco.demo.inventory import Criteria, Inventory
from lco.demo.refusals import Refusal
from lco.demo.vehicles import STATUSES, Vehicle
from lco.demo.webhooks import Delivery, Sender

VEHICLES_SHOWN = 40
DELIVERIES_SHOWN = 25
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def controls(inventory: Inventory, sender: Sender, switch: FaultSwitch, calls: CallCount) -> Blueprint:
    """The blueprint of the page and of the verbs behind it."""
    control = Blueprint("control", __name__)
    control.register_error_handler(Refusal, _refused)
    _add_page(control, inventory, sender, switch)
    _add_state(control, inventory, sender, switch, calls)
    _add_vehicle_verbs(control, inventory)
    _add_booking_verbs(control, inventory)
    return control


def _add_page(control: Blueprint, inventory: Inventory, sender: Sender, switch: FaultSwitch) -> None:
    @control.get("/")
    def page() -> str:
        words = request.args.get("q", "").lower()
        found = [vehicle for vehicle in inventory.search(Criteria()) if words in vehicle.name.lower()]
        return render_template(
            "demo.html",
            vehicles=[(vehicle, inventory.status(vehicle)) for vehicle in found[:VEHICLES_SHOWN]],
            found=len(found),
            bookings=inventory.bookings()[::-1],
            deliveries=sender.deliveries()[:DELIVERIES_SHOWN],
            fault=switch.fault,
            modes=MODES,
            statuses=STATUSES,
            today=inventory.today(),
        )


def _add_state(
    control: Blueprint, inventory: Inventory, sender: Sender, switch: FaultSwitch, calls: CallCount
) -> None:
    @control.get("/demo/state")
    def state() -> ResponseReturnValue:
        return jsonify(
            today=plain(inventory.today()),
            calls=calls.counts(),
            fault=vars(switch.fault),
            vehicles=len(inventory.search(Criteria())),
            bookings=[_booking(booking) for booking in inventory.bookings()],
            deliveries=[_delivery(delivery) for delivery in sender.deliveries()],
        )

    @control.post("/demo/faults")
    def faults() -> ResponseReturnValue:
        fault = switch.set(**_submitted(forms.FaultRequest()))
        return _done(f"Fault: {fault.mode}.", fault=vars(fault))

    @control.post("/demo/reset")
    def reset() -> ResponseReturnValue:
        calls.reset()
        if not _submitted(forms.Reset())["calls_only"]:
            switch.set("off")
            inventory.reset()
            sender.clear()
        return _done("Back to the start.")


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


def _add_booking_verbs(control: Blueprint, inventory: Inventory) -> None:
    @control.post("/demo/bookings/<ref>/confirm")
    def confirm(ref: str) -> ResponseReturnValue:
        return _done(f"{ref} confirmed.", booking=_booking(inventory.confirm(ref)))

    @control.post("/demo/bookings/<ref>/cancel")
    def cancel(ref: str) -> ResponseReturnValue:
        reason = _submitted(forms.Cancellation())["reason"]
        return _done(f"{ref} cancelled.", booking=_booking(inventory.cancel(ref, reason)))

    @control.post("/demo/bookings/<ref>/move")
    def move(ref: str) -> ResponseReturnValue:
        dates = _submitted(forms.Move())
        booking = inventory.move(ref, Stay(dates["date_from"], dates["date_to"]))
        return _done(f"{ref} moved.", booking=_booking(booking))


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


def _booking(booking: Booking) -> dict[str, Any]:
    return {
        "booking_ref": booking.ref,
        "booking_id": booking.id,
        "vehicle_id": booking.vehicle_id,
        "date_from": plain(booking.stay.start),
        "date_to": plain(booking.stay.end),
        "state": booking.state,
        "booking_type": booking.booking_type,
        "customer_name": booking.customer.name,
        "customer_email": booking.customer.email,
        "customer_phone": booking.customer.phone,
        "pickup_location": booking.pickup_location,
        "return_location": booking.return_location,
        "message": booking.message,
        "total_amount": plain(booking.total_amount),
        "currency": booking.currency,
        "cancellation_reason": booking.cancellation_reason,
    }


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "vehicle_id": delivery.vehicle_id,
        "path": delivery.path,
        "event_type": delivery.event_type,
        "body": delivery.body.decode(),
        "created": delivery.created.isoformat(),
        "tries": delivery.tries,
        "outcome": delivery.outcome,
        "answer": delivery.answer,
    }
