from odoo import models


class FleetVehicleModel(models.Model):
    _name = "fleet.vehicle.model"
    _inherit = ["fleet.vehicle.model", "fleet.rental.shared.name"]
    _shown_as = "model_id"
