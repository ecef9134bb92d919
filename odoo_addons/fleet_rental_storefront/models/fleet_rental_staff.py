"""What staff hear without looking: a booking of the website, deliveries in trouble, and each morning the day.

Mails have links to records and to nothing else, so opening them changes nothing.
"""

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from odoo import api, fields, models

_logger = logging.getLogger(__name__)

TO_CONFIRM = "fleet_rental_storefront.mail_activity_type_to_confirm"
FAILING = "fleet_rental_storefront.mail_activity_type_failing"
GIVEN_UP = "fleet_rental_storefront.mail_activity_type_given_up"
DIGEST_SENT = "fleet_rental_storefront.digest_sent_on"
USERS = "fleet_rental_storefront.group_user"


class FleetRentalStaff(models.AbstractModel):
    """The person responsible for bookings, and what that person is told."""

    _name = "fleet.rental.staff"
    _description = "What staff hear of bookings"

    responsible_id = fields.Many2one(
        "res.users",
        "Responsible person",
        default=lambda self: self.env.ref("base.user_admin", raise_if_not_found=False),
        domain=lambda self: [("all_group_ids", "in", self.env.ref(USERS).ids)],
        help="Hears of each booking of the website, of trouble with deliveries, and each morning of the day; "
        "mails need an address of this person.",
    )
    digest_at = fields.Float("Morning mail at", default=6.0, help="In the time zone of the business.")

    _digest_at_hour = models.Constraint(
        "CHECK (digest_at >= 0 AND digest_at < 24)", "The morning mail has a time of the day."
    )

    def _responsible(self):
        """The person, if there is one who may still see bookings."""
        person = self.sudo().responsible_id
        return person if person.active and person.has_group(USERS) else person.browse()

    # Bookings of the website

    def _announce(self, booking):
        """An activity and a mail about a customer's new booking, which is taken also when that fails."""
        if not self._responsible():
            return
        try:
            with self.env.cr.savepoint():
                self._schedule(booking, TO_CONFIRM)
                subject = self.env._("New booking: %s", booking.display_name)
                self._mail(subject, "fleet_rental_storefront.mail_booking", {"booking": booking})
        except Exception:
            _logger.exception("Staff could not be told of %s", booking.reference)

    def _schedule(self, record, activity_type):
        """One activity of this type for the responsible person, due on the business's today.

        The mail about it is ours, not the activity's.
        """
        person = self._responsible()
        quiet = record.sudo().with_context(mail_activity_quick_update=True, lang=person.lang)
        if person and not quiet.activity_search([activity_type]):
            today = self.env["fleet.vehicle"]._rental_today()
            quiet.activity_schedule(activity_type, date_deadline=today, user_id=person.id)

    def _mail(self, subject, template, values):
        """Written with the change, and sent within seconds of the commit by Odoo's own queue."""
        person = self._responsible()
        if not person.email:
            return
        context = {"lang": person.lang, "tz": self._timezone()}
        body = self.env["ir.qweb"].with_context(**context)._render(template, {**values, "link": self._link})
        sender = self.sudo().company_id.email_formatted or person.email_formatted
        mail = {"subject": subject, "body_html": body, "email_to": person.email_formatted, "email_from": sender}
        self.env["mail.mail"].sudo().create({**mail, "auto_delete": True})
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    def _link(self, record):
        return f"{record.get_base_url()}/odoo/{record._name}/{record.id}"

    # The morning

    @api.model
    def _cron_digest(self):
        """Once a day, from the hour in Settings on: what is to be done today. No mail when that is nothing."""
        storefront, parameters = self._current(), self.env["ir.config_parameter"].sudo()
        now = datetime.now(ZoneInfo(storefront._timezone()))
        day, due = str(now.date()), timedelta(hours=storefront.digest_at)
        if parameters.get_param(DIGEST_SENT) == day or timedelta(hours=now.hour, minutes=now.minute) < due:
            return
        parameters.set_param(DIGEST_SENT, day)
        person = storefront._responsible()
        seen = storefront.with_user(person).with_context(lang=person.lang) if person else storefront.browse()
        parts = [(seen._fields[name]._description_string(seen.env), seen[name]) for name in storefront._due()]
        parts = [(title, bookings) for title, bookings in parts if bookings]
        if seen and parts:
            subject = seen.env._("Today: %s", ", ".join(f"{title} {len(found)}" for title, found in parts))
            storefront._mail(subject, "fleet_rental_storefront.mail_digest", {"parts": parts})

    # Deliveries

    @api.model
    def _watch_deliveries(self):
        """An activity once deliveries fail for an hour; it goes when none does any more."""
        storefront, events = self._current(), self.env["fleet.rental.event"].sudo()
        if events._is_failing_since(fields.Datetime.now() - timedelta(hours=1)):
            storefront._schedule(storefront, FAILING)
        else:
            storefront.activity_unlink([FAILING])

    @api.model
    def _tell_of_given_up(self):
        storefront = self._current()
        storefront._schedule(storefront, GIVEN_UP)
