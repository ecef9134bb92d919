"""How often a vehicle was looked at, counted without ever waiting for anybody."""

from odoo import api, fields, models


class FleetRentalVisit(models.Model):
    """Visits are only ever inserted: adding up in one row would make readers and staff wait for each other."""

    _name = "fleet.rental.visit"
    _description = "Visits of a vehicle's page"
    _log_access = False

    vehicle_id = fields.Many2one("fleet.vehicle", required=True, ondelete="cascade", index=True)
    visits = fields.Integer(default=1, required=True)

    @api.autovacuum
    def _gc_visits(self):
        """Replace all rows of a vehicle by one with their sum."""
        self.env.cr.execute(
            """WITH gone AS (DELETE FROM fleet_rental_visit RETURNING vehicle_id, visits)
               INSERT INTO fleet_rental_visit (vehicle_id, visits)
               SELECT vehicle_id, sum(visits) FROM gone GROUP BY vehicle_id"""
        )
        self.invalidate_model()
