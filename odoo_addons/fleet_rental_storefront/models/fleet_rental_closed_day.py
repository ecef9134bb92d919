from odoo import fields, models


class FleetRentalClosedDay(models.Model):
    """A day on which machines neither go out nor come back."""

    _name = "fleet.rental.closed.day"
    _inherit = "fleet.rental.storefront.line"
    _description = "Closed day"
    _order = "date"
    _rec_name = "date"

    date = fields.Date(required=True)
    reason = fields.Char(translate=True)

    _date_once = models.Constraint("UNIQUE (storefront_id, date)", "This day is closed already.")
