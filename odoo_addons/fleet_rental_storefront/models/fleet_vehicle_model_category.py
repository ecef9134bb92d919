from odoo import models


class FleetVehicleModelCategory(models.Model):
    _name = "fleet.vehicle.model.category"
    _inherit = ["fleet.vehicle.model.category", "fleet.rental.shared.name"]
    _shown_as = "category_id"
