"""Names that vehicles share: maker, model, category, feature. Renaming one changes all that show it."""

from odoo import models


class FleetVehicleName(models.AbstractModel):
    """A record whose name the site shows with vehicles, so the site is told when it changes or goes."""

    _name = "fleet.vehicle.name"
    _description = "Name shown with published vehicles"
    _shown_as = ""  # the field of fleet.vehicle that leads here

    def write(self, vals):
        self._vehicles_that_show_it()._remember_what_is_published()
        return super().write(vals)

    def unlink(self):
        self._vehicles_that_show_it()._remember_what_is_published()
        return super().unlink()

    def _vehicles_that_show_it(self):
        shown = [(self._shown_as, "in", self.ids), ("rental_published", "=", True)]
        return self.env["fleet.vehicle"].sudo().search(shown)


class FleetVehicleModelBrand(models.Model):
    _name = "fleet.vehicle.model.brand"
    _inherit = ["fleet.vehicle.model.brand", "fleet.vehicle.name"]
    _shown_as = "brand_id"


class FleetVehicleModel(models.Model):
    _name = "fleet.vehicle.model"
    _inherit = ["fleet.vehicle.model", "fleet.vehicle.name"]
    _shown_as = "model_id"


class FleetVehicleModelCategory(models.Model):
    _name = "fleet.vehicle.model.category"
    _inherit = ["fleet.vehicle.model.category", "fleet.vehicle.name"]
    _shown_as = "category_id"
