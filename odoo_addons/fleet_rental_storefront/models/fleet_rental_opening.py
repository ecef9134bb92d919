from odoo import fields, models

MINUTES = 60
DAYS = [
    ("0", "Monday"),
    ("1", "Tuesday"),
    ("2", "Wednesday"),
    ("3", "Thursday"),
    ("4", "Friday"),
    ("5", "Saturday"),
    ("6", "Sunday"),
]


class FleetRentalOpening(models.Model):
    """The hours of a weekday on which machines go out and come back; a weekday without a line is closed."""

    _name = "fleet.rental.opening"
    _inherit = "fleet.rental.storefront.line"
    _description = "Opening hours of a weekday"
    _order = "weekday"
    _rec_name = "weekday"

    weekday = fields.Selection(DAYS, required=True)
    opens = fields.Float(default=7.0, required=True)
    closes = fields.Float(default=18.0, required=True)

    _weekday_once = models.Constraint("UNIQUE (storefront_id, weekday)", "A weekday has its hours once.")
    _hours = models.Constraint(
        "CHECK (opens >= 0 AND opens < closes AND closes <= 24)",
        "Hours go from 0:00 to 24:00, the first below the second.",
    )

    def _data(self):
        return {"opens": _clock(self.opens), "closes": _clock(self.closes)}


def _clock(hours):
    """Like 07:30."""
    minutes = round(hours * MINUTES)
    return f"{minutes // MINUTES:02d}:{minutes % MINUTES:02d}"
