"""What the site is told when a booking of a published vehicle changes: the events of contract section 2."""

from odoo import api, models

from .fleet_vehicle_events import CAUSE, plain

REMEMBERED = "fleet_rental_storefront.bookings"
STEPS = {"confirmed": "booking.confirmed", "cancelled": "booking.cancelled"}
TERMS = ("vehicle_id", "date_from", "date_to", "total_amount")


class FleetRentalBooking(models.Model):
    _inherit = "fleet.rental.booking"

    @api.model_create_multi
    def create(self, vals_list):
        vehicle_ids = {vals["vehicle_id"] for vals in vals_list if vals.get("vehicle_id")}
        self.env["fleet.vehicle"].browse(vehicle_ids)._remember_what_is_published()
        # What was cancelled a moment ago must not stand in the way of what is inserted now.
        self.flush_model(["vehicle_id", "date_from", "busy_until", "holds_days"])
        bookings = super().create(vals_list)
        bookings._remember(new=True)
        return bookings

    def write(self, vals):
        vehicles = self.vehicle_id | self.env["fleet.vehicle"].browse(vals.get("vehicle_id") or [])
        vehicles._remember_what_is_published()
        self._remember()
        return super().write(vals)

    def unlink(self):
        self.vehicle_id._remember_what_is_published()
        return super().unlink()

    def _remember(self, *, new=False):
        """To be called before a change; the first call in a transaction counts."""
        if not self or not self.env["fleet.rental.event"]._is_wanted():
            return
        data = self.env.cr.precommit.data
        remembered = data.setdefault(REMEMBERED, {})
        if not remembered:
            self.env.cr.precommit.add(self.sudo().browse()._tell_what_changed)
        for booking in self.sudo():
            data.setdefault(CAUSE, {})[booking.vehicle_id.id] = booking.reference
            if booking.id not in remembered:
                remembered[booking.id] = None if new else booking._told()

    def _told(self):
        return {"state": self.state, **{name: plain_term(self[name]) for name in TERMS}}

    def _tell_what_changed(self):
        for booking_id, before in self.env.cr.precommit.data.pop(REMEMBERED, {}).items():
            booking = self.browse(booking_id)
            if booking.exists() and booking.vehicle_id.rental_published and booking.vehicle_id.active:
                for event_type, payload in booking._events(before):
                    told = {"booking_ref": booking.reference, **payload}
                    self.env["fleet.rental.event"]._put(event_type, told)

    def _events(self, before):
        """The (event type, payload) of what happened to the booking since `before`, a state of `_told`."""
        if before is None:
            yield "booking.created", self._created()
            before = {**self._told(), "state": "draft"}
        after = self._told()
        changes = {name: after[name] for name in TERMS if after[name] != before[name]}
        if changes:
            yield "booking.modified", {"changes": {**changes, "currency": self.vehicle_id._rental_currency().name}}
        if after["state"] != before["state"] and after["state"] in STEPS:
            reason = {"cancellation_reason": plain(self.cancellation_reason)}
            yield STEPS[after["state"]], reason if after["state"] == "cancelled" else {}

    def _created(self):
        return {
            "vehicle_id": self.vehicle_id.id,
            "customer_email": plain(self.customer_email),
            "date_from": plain(self.date_from),
            "date_to": plain(self.date_to),
            "total_amount": self.total_amount,
            "currency": self.vehicle_id._rental_currency().name,
        }


def plain_term(value):
    return value.id if isinstance(value, models.BaseModel) else plain(value)
