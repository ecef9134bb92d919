"""The day at the desk: what goes out, comes back, is late, waits for an answer, or is in maintenance."""

from odoo import api, fields, models


class FleetRentalToday(models.AbstractModel):
    """Lists of this day, made when they are looked at; a user sees in them what that user may see."""

    _name = "fleet.rental.today"
    _description = "The day at the desk"

    overdue_ids = fields.Many2many("fleet.rental.booking", compute="_compute_today")
    out_ids = fields.Many2many("fleet.rental.booking", string="Out today", compute="_compute_today")
    back_ids = fields.Many2many("fleet.rental.booking", string="Back today", compute="_compute_today")
    to_confirm_ids = fields.Many2many("fleet.rental.booking", string="To confirm", compute="_compute_today")
    maintenance_ids = fields.Many2many("fleet.vehicle", string="In maintenance", compute="_compute_today")

    def _compute_today(self):
        bookings, vehicles = self.env["fleet.rental.booking"], self.env["fleet.vehicle"]
        due = {name: bookings.search(domain, order="date_from, id") for name, domain in self._due().items()}
        maintenance = vehicles.search([("rental_state", "=", "maintenance")], order="maintenance_until, name")
        for storefront in self:
            storefront.update({**due, "maintenance_ids": maintenance})

    @api.model
    def _due(self):
        """What is to be done with bookings today, as {field: domain}."""
        today = self.env["fleet.vehicle"]._rental_today()
        return {
            "overdue_ids": [("state", "=", "picked_up"), ("date_to", "<", today)],
            "out_ids": [("state", "=", "confirmed"), ("date_from", "<=", today)],
            "back_ids": [("state", "=", "picked_up"), ("date_to", "=", today)],
            "to_confirm_ids": [("state", "=", "draft")],
        }
