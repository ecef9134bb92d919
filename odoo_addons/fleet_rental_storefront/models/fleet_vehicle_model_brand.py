from odoo import models


class FleetVehicleModelBrand(models.Model):
    _name = "fleet.vehicle.model.brand"
    _inherit = ["fleet.vehicle.model.brand", "fleet.rental.shared.name"]
    _shown_as = "brand_id"
