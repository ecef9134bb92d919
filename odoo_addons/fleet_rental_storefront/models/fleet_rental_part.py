"""The parts of a published vehicle that stand in tables of their own: specifications, features, pictures."""

from odoo import api, fields, models

from .fleet_rental_publication import UNSCHEDULED


class FleetRentalPart(models.AbstractModel):
    """A line of a vehicle: changing it is a change of the vehicle, so the site is told."""

    _name = "fleet.rental.part"
    _description = "Part of a published vehicle"
    _order = "sequence, id"

    vehicle_id = fields.Many2one("fleet.vehicle", required=True, ondelete="cascade", index=True)
    sequence = fields.Integer(default=10)

    @api.model_create_multi
    def create(self, vals_list):
        vehicle_ids = {vals["vehicle_id"] for vals in vals_list if vals.get("vehicle_id")}
        self.env["fleet.vehicle"].browse(vehicle_ids)._remember(parts=UNSCHEDULED)
        return super().create(vals_list)

    def write(self, vals):
        self.vehicle_id._remember(parts=UNSCHEDULED)
        return super().write(vals)

    def unlink(self):
        self.vehicle_id._remember(parts=UNSCHEDULED)
        return super().unlink()
