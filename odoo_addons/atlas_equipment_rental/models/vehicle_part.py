"""The parts of a published vehicle that stand in tables of their own: specifications, features, pictures."""

from odoo import api, fields, models


class FleetVehiclePart(models.AbstractModel):
    """A line of a vehicle: changing it is a change of the vehicle, so the site is told."""

    _name = "fleet.vehicle.part"
    _description = "Part of a published vehicle"
    _order = "sequence, id"

    vehicle_id = fields.Many2one("fleet.vehicle", required=True, ondelete="cascade", index=True)
    sequence = fields.Integer(default=10)

    @api.model_create_multi
    def create(self, vals_list):
        vehicle_ids = {vals["vehicle_id"] for vals in vals_list if vals.get("vehicle_id")}
        self.env["fleet.vehicle"].browse(vehicle_ids)._remember_what_is_published()
        return super().create(vals_list)

    def write(self, vals):
        self.vehicle_id._remember_what_is_published()
        return super().write(vals)

    def unlink(self):
        self.vehicle_id._remember_what_is_published()
        return super().unlink()


class FleetVehicleSpecification(models.Model):
    _name = "fleet.vehicle.specification"
    _inherit = "fleet.vehicle.part"
    _description = "Specification of a vehicle"

    name = fields.Char(required=True)
    value = fields.Char(required=True)

    _name_once = models.Constraint("UNIQUE (vehicle_id, name)", "A vehicle has each specification only once.")


class FleetVehicleImage(models.Model):
    _name = "fleet.vehicle.image"
    _inherit = ["fleet.vehicle.part", "image.mixin"]
    _description = "Picture of a vehicle"
    _order = "is_primary desc, sequence, id"

    name = fields.Char("Caption")
    is_primary = fields.Boolean("Main picture")

    _one_primary = models.UniqueIndex("(vehicle_id) WHERE is_primary", "A vehicle has one main picture.")

    def _can_return_content(self, field_name=None, access_token=None):
        """Customers may see the pictures of published vehicles."""
        if self.sudo().vehicle_id.rental_published:
            return True
        return super()._can_return_content(field_name, access_token)


class FleetVehicleFeature(models.Model):
    _name = "fleet.vehicle.feature"
    _inherit = "fleet.vehicle.name"
    _shown_as = "feature_ids"
    _description = "Feature of a vehicle"
    _order = "sequence, id"

    name = fields.Char(required=True)
    category = fields.Char(default="general", required=True)
    icon = fields.Char(help="A word that the website turns into a picture.")
    sequence = fields.Integer(default=10)

    _name_once = models.Constraint("UNIQUE (name)", "There is already a feature of this name.")
