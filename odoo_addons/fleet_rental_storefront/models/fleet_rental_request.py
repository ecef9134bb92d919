"""Changes that customers asked for under an idempotency key, so that a repeated one is not carried out twice."""

from datetime import timedelta

from odoo import api, fields, models

from ..exceptions import KeyReused

KEPT = timedelta(days=30)


class FleetRentalRequest(models.Model):
    _name = "fleet.rental.request"
    _description = "Change asked for by a customer"
    _rec_name = "key"

    key = fields.Char(required=True, readonly=True)
    body = fields.Char("Digest", required=True, readonly=True)
    booking_id = fields.Many2one(
        "fleet.rental.booking", required=True, readonly=True, ondelete="cascade", index=True
    )

    _key_once = models.UniqueIndex("(key)", "This request was already made.")

    @api.model
    def _is_repeated(self, key, body, booking):
        """Whether the request was carried out before; notes it when not. Raises KeyReused for another body."""
        known = self.search([("key", "=", key)])
        if not known:
            self.create({"key": key, "body": body, "booking_id": booking.id})
        elif known.body != body:
            raise KeyReused(self.env._("This Idempotency-Key was used for another request."))
        return bool(known)

    @api.autovacuum
    def _gc_requests(self):
        self.search([("create_date", "<", fields.Datetime.now() - KEPT)]).unlink()
