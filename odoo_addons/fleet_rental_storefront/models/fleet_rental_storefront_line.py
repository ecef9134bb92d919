"""Lines of the storefront: changing one is a change of the storefront, so the site is told."""

from odoo import api, fields, models


class FleetRentalStorefrontLine(models.AbstractModel):
    _name = "fleet.rental.storefront.line"
    _description = "Line of the storefront"

    storefront_id = fields.Many2one("fleet.rental.storefront", required=True, ondelete="cascade", index=True)

    @api.model_create_multi
    def create(self, vals_list):
        storefronts = self.env["fleet.rental.storefront"].browse({vals["storefront_id"] for vals in vals_list})
        storefronts._remember()
        return super().create(vals_list)

    def write(self, vals):
        self.storefront_id._remember()
        return super().write(vals)

    def unlink(self):
        self.storefront_id._remember()
        return super().unlink()
