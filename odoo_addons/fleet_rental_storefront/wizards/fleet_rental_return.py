"""Taking a machine back: its condition, a note and a photo, and maintenance where it needs it."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..models.fleet_rental_booking import CONDITIONS


class FleetRentalReturn(models.TransientModel):
    _name = "fleet.rental.return"
    _description = "Return of a machine"

    booking_id = fields.Many2one(
        "fleet.rental.booking",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.context.get("active_id"),
    )
    condition = fields.Selection(CONDITIONS, default="good", required=True)
    note = fields.Text()
    photo = fields.Image(max_width=1920, max_height=1920)
    maintenance = fields.Boolean(
        "Into maintenance", compute="_compute_maintenance", store=True, readonly=False, precompute=True
    )
    maintenance_until = fields.Date(help="The first day after the maintenance; empty: not known yet.")

    @api.depends("condition")
    def _compute_maintenance(self):
        for taken in self:
            taken.maintenance = taken.condition == "damaged"

    @api.constrains("maintenance", "maintenance_until")
    def _check_maintenance_until(self):
        for taken in self.filtered("maintenance"):
            if taken.maintenance_until and taken.maintenance_until <= self.env["fleet.vehicle"]._rental_today():
                raise ValidationError(self.env._("The maintenance ends after today."))

    def action_take_back(self):
        """The booking is returned; what was seen stands in its history, and the machine is out of service."""
        for taken in self:
            taken.booking_id.write({"return_condition": taken.condition, "return_note": taken.note})
            taken.booking_id.action_return()
            taken._keep_photo()
            if taken.maintenance:
                taken._put_into_maintenance()
        return True

    def _keep_photo(self):
        if not self.photo:
            return
        name = self.env._("Return of %s", self.booking_id.reference)
        attachment = self.env["ir.attachment"].create(
            {
                "name": name,
                "datas": self.photo,
                "res_model": self.booking_id._name,
                "res_id": self.booking_id.id,
            }
        )
        self.booking_id.message_post(body=self.note or name, attachment_ids=attachment.ids)

    def _put_into_maintenance(self):
        """Users who take machines back may do this one change of a vehicle, and no other."""
        vehicle = self.booking_id.vehicle_id.sudo()
        vehicle.write({"rental_state": "maintenance", "maintenance_until": self.maintenance_until})
        vehicle.message_post(
            body=self.env._("Into maintenance after %(booking)s: %(note)s", **self._words()),
            author_id=self.env.user.partner_id.id,
        )

    def _words(self):
        return {"booking": self.booking_id.reference, "note": self.note or dict(CONDITIONS)[self.condition]}
