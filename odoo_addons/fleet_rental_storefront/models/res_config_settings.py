"""The settings of the storefront: where the site is, its secret, its key, its time zone; and two buttons."""

import pytz
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..signature import FORMS, SignatureError, signing_key
from .fleet_rental_attempt import DEFAULT_LIMIT, LIMIT
from .fleet_rental_event import API_KEY, SECRET, SIGNATURE, URLS
from .fleet_rental_schedule import DEFAULT_TIMEZONE, TIMEZONE


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    rental_booking_webhook_url = fields.Char("Webhook for bookings", config_parameter=URLS["booking"])
    rental_inventory_webhook_url = fields.Char("Webhook for equipment", config_parameter=URLS["inventory"])
    rental_webhook_secret = fields.Char("Webhook secret", config_parameter=SECRET)
    rental_webhook_signature = fields.Selection(
        FORMS, "Signature", config_parameter=SIGNATURE, default="standard", required=True
    )
    rental_api_key = fields.Char("API key", config_parameter=API_KEY)
    rental_anonymous_limit = fields.Integer(
        "Bookings an hour of one address without a key", config_parameter=LIMIT, default=DEFAULT_LIMIT
    )
    rental_timezone = fields.Selection(
        lambda _self: [(zone, zone) for zone in pytz.common_timezones],
        "Time zone of the business",
        config_parameter=TIMEZONE,
        default=DEFAULT_TIMEZONE,
    )

    @api.constrains("rental_webhook_secret")
    def _check_rental_webhook_secret(self):
        for secret in filter(None, self.mapped("rental_webhook_secret")):
            try:
                signing_key(secret)
            except SignatureError as error:
                raise ValidationError(self.env._("The webhook secret cannot be used: %s.", error)) from error

    def action_send_test_webhooks(self):
        """Save, and say what the site answers to a test of each address."""
        self.execute()
        tests = self.env["fleet.rental.event"]._send_test()
        if not tests:
            raise UserError(self.env._("Fill in the address of a webhook first."))
        fine = all(test.state == "delivered" for test in tests)
        said = ", ".join(f"{test.endpoint}: {test.answer}" for test in tests)
        return _notification(self.env._("The website answers: %s", said), "success" if fine else "danger")

    def action_import_catalogue(self):
        """Import the example catalogue."""
        counts = self.env["fleet.rental.catalogue"].import_example()
        return _notification(self.env["fleet.rental.catalogue"]._counted(counts), "success")


def _notification(message, kind):
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": {"message": message, "type": kind, "sticky": kind == "danger"},
    }
