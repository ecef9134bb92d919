from odoo import fields, models


class FleetRentalFeature(models.Model):
    _name = "fleet.rental.feature"
    _inherit = "fleet.rental.shared.name"
    _shown_as = "feature_ids"
    _description = "Feature of a vehicle"
    _order = "sequence, id"

    name = fields.Char(required=True)
    category = fields.Char(default="general", required=True)
    icon = fields.Char(help="A word that the website turns into a picture.")
    sequence = fields.Integer(default=10)

    _name_once = models.Constraint("UNIQUE (name)", "There is already a feature of this name.")
