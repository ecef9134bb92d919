"""The settings of the storefront: where it is, its secret, its key, its time zone; and two buttons."""

import pytz
from odoo import _, fields, models
from odoo.exceptions import UserError

from .fleet_rental_event import SECRET, URLS
from .fleet_rental_schedule import DEFAULT_TIMEZONE, TIMEZONE

API_KEY = "fleet_rental_storefront.api_key"


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    rental_booking_webhook_url = fields.Char("Webhook for bookings", config_parameter=URLS["booking"])
    rental_inventory_webhook_url = fields.Char("Webhook for equipment", config_parameter=URLS["inventory"])
    rental_webhook_secret = fields.Char("Webhook secret", config_parameter=SECRET)
    rental_api_key = fields.Char("API key", config_parameter=API_KEY)
    rental_timezone = fields.Selection(
        lambda _self: [(zone, zone) for zone in pytz.common_timezones],
        "Time zone of the business",
        config_parameter=TIMEZONE,
        default=DEFAULT_TIMEZONE,
    )

    def action_send_test_webhooks(self):
        self.execute()
        tests = self.env["fleet.rental.event"]._send_test()
        if not tests:
            raise UserError(_("Fill in the address of a webhook first."))
        fine = all(test.state == "delivered" for test in tests)
        said = ", ".join(f"{test.endpoint}: {test.answer}" for test in tests)
        return _notification(_("The website answers: %s", said), "success" if fine else "danger")

    def action_import_catalogue(self):
        count = len(self.env["fleet.vehicle"].import_catalogue())
        return _notification(_("%s machines of the example catalogue are there and published.", count), "success")


def _notification(message, kind):
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": {"message": message, "type": kind, "sticky": kind == "danger"},
    }
