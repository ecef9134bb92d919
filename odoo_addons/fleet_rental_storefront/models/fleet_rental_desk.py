"""What staff are told of a booking while they write it: what stands in its way, and which days are free next."""

from odoo import api, fields, models
from odoo.tools import format_date

COMING = ("draft", "confirmed")


class FleetRentalDesk(models.AbstractModel):
    """Staff may do what the website refuses, with the reason before their eyes; a double booking never."""

    _name = "fleet.rental.desk"
    _description = "Booking in the hands of staff"

    warning = fields.Text(compute="_compute_warning")

    @api.depends("vehicle_id", "date_from", "date_to", "state", "booking_type", "busy_from", "busy_until")
    def _compute_warning(self):
        for booking in self:
            known = booking.vehicle_id and booking.date_from and booking.date_to
            lines = booking._warnings() if known and booking.date_from < booking.date_to else []
            booking.warning = "\n".join(lines) or False

    def _warnings(self):
        if self.state not in {*COMING, "picked_up"}:
            return []
        lines = [self._taken_by(other) for other in self._in_the_way()]
        if self.state in COMING:
            lines += self._advisories()
        if lines and (free := self.vehicle_id._next_bookable(self.date_from, self.date_to, self._origin)):
            lines.append(self.env._("Next free days: %(first)s to %(last)s.", **self._written(*free)))
        return lines

    def _in_the_way(self):
        """The bookings that hold the machine on some of these days, in order."""
        if not self.holds_days:
            return self.browse()
        others = self.vehicle_id._holding_bookings(self.busy_from, besides=self._origin)[self.vehicle_id.id]
        return others.filtered(
            lambda other: other.busy_from < self.busy_until and self.busy_from < other._held_until()
        ).sorted("busy_from")

    def _taken_by(self, other):
        words = {"booking": other.reference, "customer": other.customer_name or ""}
        return self.env._(
            "Taken by %(booking)s (%(customer)s), %(first)s until %(last)s.",
            **words,
            **self._written(other.busy_from, other._held_until()),
        )

    def _advisories(self):
        """What does not stop staff, but should be known."""
        vehicle, today = self.vehicle_id, self._today()
        day = max(self.date_from, today)
        advisories = [
            (not vehicle.active, self.env._("This machine is archived.")),
            (vehicle.rental_state == "sold", self.env._("This machine is sold.")),
            (vehicle.listing_type == "sale", self.env._("This machine is for sale only.")),
            (vehicle._in_maintenance_on(day), self.env._("This machine is in maintenance on the first day.")),
            (self.state == "draft" and self.date_from < today, self.env._("The first day is over.")),
        ]
        return [sentence for applies, sentence in advisories if applies]

    def _written(self, first, last):
        return {"first": format_date(self.env, first), "last": format_date(self.env, last)}

    def action_open(self):
        """The whole form of this booking."""
        self.ensure_one()
        action = {"type": "ir.actions.act_window", "res_model": self._name, "views": [(False, "form")]}
        return {**action, "res_id": self.id}
