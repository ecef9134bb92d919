"""References of bookings that were deleted, so that the site can tell them from those that never were."""

from odoo import fields, models


class FleetRentalTombstone(models.Model):
    _name = "fleet.rental.tombstone"
    _description = "Deleted booking"
    _rec_name = "reference"

    reference = fields.Char(required=True, readonly=True)

    _reference_once = models.UniqueIndex("(reference)", "A booking is deleted once.")
