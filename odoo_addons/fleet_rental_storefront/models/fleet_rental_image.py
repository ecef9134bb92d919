from odoo import fields, models


class FleetRentalImage(models.Model):
    _name = "fleet.rental.image"
    _inherit = ["fleet.rental.part", "image.mixin"]
    _description = "Picture of a vehicle"
    _order = "is_primary desc, sequence, id"

    name = fields.Char("Caption")
    is_primary = fields.Boolean("Main picture")

    _one_primary = models.UniqueIndex("(vehicle_id) WHERE is_primary", "A vehicle has one main picture.")

    def _can_return_content(self, field_name=None, access_token=None):
        """Customers may see the pictures of published vehicles."""
        vehicle = self.sudo().vehicle_id
        if vehicle.rental_published and vehicle.active:
            return True
        return super()._can_return_content(field_name, access_token)
