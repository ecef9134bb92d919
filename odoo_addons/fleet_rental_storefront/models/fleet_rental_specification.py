from odoo import fields, models


class FleetRentalSpecification(models.Model):
    _name = "fleet.rental.specification"
    _inherit = "fleet.rental.part"
    _description = "Specification of a vehicle"

    name = fields.Char(required=True)
    value = fields.Char(required=True)

    _name_once = models.Constraint("UNIQUE (vehicle_id, name)", "A vehicle has each specification only once.")
