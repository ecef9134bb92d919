from odoo import api, fields, models


class FleetRentalImage(models.Model):
    _name = "fleet.rental.image"
    _inherit = ["fleet.rental.part", "image.mixin"]
    _description = "Picture of a vehicle"
    _order = "is_primary desc, sequence, id"

    name = fields.Char("Caption")
    is_primary = fields.Boolean("Main picture")

    _one_primary = models.UniqueIndex("(vehicle_id) WHERE is_primary", "A vehicle has one main picture.")

    @api.model_create_multi
    def create(self, vals_list):
        """The last one that is made the main picture is it."""
        main = {vals.get("vehicle_id"): number for number, vals in enumerate(vals_list) if vals.get("is_primary")}
        self._demote(self.search([("vehicle_id", "in", list(main)), ("is_primary", "=", True)]))
        return super().create(
            [
                {**vals, "is_primary": main.get(vals.get("vehicle_id")) == number}
                for number, vals in enumerate(vals_list)
            ]
        )

    def write(self, vals):
        """Making one the main picture makes the one before an ordinary one."""
        if vals.get("is_primary"):
            self._demote(self.vehicle_id.rental_image_ids.filtered("is_primary") - self)
        return super().write(vals)

    def _demote(self, images):
        """At once, since the database allows one main picture at any time."""
        if images:
            images.write({"is_primary": False})
            images.flush_recordset(["is_primary"])

    def _can_return_content(self, field_name=None, access_token=None):
        """Customers may see the pictures of published vehicles."""
        vehicle = self.sudo().vehicle_id
        if vehicle.rental_published and vehicle.active:
            return True
        return super()._can_return_content(field_name, access_token)
