"""Cancelling bookings with a reason, which their customers read."""

from odoo import fields, models


class FleetRentalCancellation(models.TransientModel):
    _name = "fleet.rental.cancellation"
    _description = "Cancellation of a booking"

    booking_ids = fields.Many2many(
        "fleet.rental.booking", required=True, default=lambda self: self.env.context.get("active_ids")
    )
    reason = fields.Char(required=True, help="The customer reads it.")

    def action_cancel(self):
        return self.booking_ids.action_cancel(self.reason)
