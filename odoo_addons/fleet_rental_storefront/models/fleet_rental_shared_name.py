"""Names that vehicles share: maker, model, category, feature. Renaming one changes all that show it."""

from odoo import models

from .fleet_rental_publication import UNSCHEDULED


class FleetRentalSharedName(models.AbstractModel):
    """A record whose name the site shows with vehicles, so the site is told when it changes or goes."""

    _name = "fleet.rental.shared.name"
    _description = "Name shown with published vehicles"
    _shown_as = ""  # the field of fleet.vehicle that leads here

    def write(self, vals):
        self._vehicles_that_show_it()._remember(parts=UNSCHEDULED)
        return super().write(vals)

    def unlink(self):
        self._vehicles_that_show_it()._remember(parts=UNSCHEDULED)
        return super().unlink()

    def _vehicles_that_show_it(self):
        shown = [(self._shown_as, "in", self.ids), ("rental_published", "=", True)]
        return self.env["fleet.vehicle"].sudo().search(shown)
