"""The calendar of bookings for programs of calendars (iCalendar, RFC 5545), under an address that is a secret."""

import hmac
import secrets
from datetime import timedelta

import vobject
from odoo import api, fields, models

PAST, COMING = timedelta(days=30), timedelta(days=730)


class FleetRentalIcalendar(models.AbstractModel):
    """The address can be read by those who have it, and is revoked by taking it away or making another one."""

    _name = "fleet.rental.icalendar"
    _description = "Bookings as iCalendar"

    icalendar_token = fields.Char(copy=False, groups="fleet_rental_storefront.group_manager")
    icalendar_url = fields.Char(
        "Calendar address", compute="_compute_icalendar_url", groups="fleet_rental_storefront.group_manager"
    )

    @api.depends("icalendar_token")
    def _compute_icalendar_url(self):
        for storefront in self:
            path = f"/fleet_rental/calendar/{storefront.icalendar_token}.ics"
            storefront.icalendar_url = storefront.icalendar_token and storefront.get_base_url() + path

    def action_new_icalendar(self):
        """Another address; the one before is not answered any more."""
        self.icalendar_token = secrets.token_urlsafe(24)
        return True

    def action_revoke_icalendar(self):
        self.icalendar_token = False
        return True

    @api.model
    def _icalendar(self, token):
        """The calendar as text, or None for an address that does not hold."""
        storefront = self._current()
        held = storefront.icalendar_token
        if not (held and hmac.compare_digest(held.encode(), token.encode("utf-8", "replace"))):
            return None
        today = self.env["fleet.vehicle"]._rental_today()
        bookings = self.env["fleet.rental.booking"].sudo()
        domain = [("state", "!=", "cancelled"), ("company_id", "in", [False, storefront.company_id.id])]
        days = [("date_to", ">=", today - PAST), ("date_from", "<=", today + COMING)]
        calendar = vobject.iCalendar()
        calendar.add("x-wr-calname").value = storefront.name
        for booking in bookings.search([*domain, *days], order="date_from, id"):
            booking._write_into(calendar)
        return calendar.serialize()
