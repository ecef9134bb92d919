"""The business behind the website: what it says of itself, when it is open, and how far ahead one may book."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytz
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .fleet_rental_publication import plain
from .fleet_rental_schedule import DEFAULT_TIMEZONE, TIMEZONE

WEEKDAYS = 7
COLOR = re.compile(r"#[0-9a-fA-F]{6}")
CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
TEXTS = ("tagline", "phone", "email", "street", "city", "map_url")
CALENDAR, STOREFRONT = "calendar", "storefront"


class FleetRentalStorefront(models.Model):
    """One record: a database has one website, and with it one company that rents out."""

    _name = "fleet.rental.storefront"
    _inherit = [
        "fleet.rental.tracked",
        "fleet.rental.today",
        "fleet.rental.staff",
        "fleet.rental.icalendar",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _description = "Storefront"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, ondelete="cascade"
    )
    name = fields.Char(required=True, compute="_compute_from_company", store=True, readonly=False, precompute=True)
    tagline = fields.Char(translate=True)
    logo = fields.Image(max_width=512, max_height=512)
    accent = fields.Char("Accent color", default="#1f5f4a", required=True, help="Like #1f5f4a.")
    about_html = fields.Html("About us", translate=True)
    terms_html = fields.Html("Terms", translate=True)
    phone = fields.Char(compute="_compute_from_company", store=True, readonly=False, precompute=True)
    email = fields.Char(compute="_compute_from_company", store=True, readonly=False, precompute=True)
    street = fields.Char(compute="_compute_from_company", store=True, readonly=False, precompute=True)
    city = fields.Char(compute="_compute_from_company", store=True, readonly=False, precompute=True)
    map_url = fields.Char("Map")
    opening_ids = fields.One2many("fleet.rental.opening", "storefront_id", "Opening hours")
    closed_day_ids = fields.One2many("fleet.rental.closed.day", "storefront_id", "Closed days")
    cut_off = fields.Char(
        help="A time of day, like 15:00, after which the present day cannot be booked; empty: none."
    )
    lead_days = fields.Integer("Days ahead at least")
    horizon_days = fields.Integer("Days ahead at most", default=730, required=True)
    change_hours = fields.Integer(
        "Hours before the first day", default=24, help="Until then customers may change or cancel a booking."
    )

    _company_once = models.UniqueIndex("(company_id)", "A company has one storefront.")
    _days_ahead = models.Constraint(
        "CHECK (lead_days >= 0 AND horizon_days >= lead_days AND horizon_days <= 3650 AND change_hours >= 0)",
        "Days ahead are not negative, at most 3650, and the least is not above the most.",
    )

    @api.depends("company_id")
    def _compute_from_company(self):
        for storefront in self:
            company = storefront.company_id
            storefront.name = storefront.name or company.name
            storefront.phone = storefront.phone or company.phone
            storefront.email = storefront.email or company.email
            storefront.street = storefront.street or company.street
            storefront.city = storefront.city or company.city

    @api.constrains("accent", "cut_off")
    def _check_forms(self):
        for storefront in self:
            if not COLOR.fullmatch(storefront.accent or ""):
                raise ValidationError(self.env._("The accent color is written like #1f5f4a."))
            if storefront.cut_off and not CLOCK.fullmatch(storefront.cut_off):
                raise ValidationError(self.env._("A time of day is written like 15:00."))

    @api.model
    def _current(self):
        """The storefront of this database; made for the first company where it was deleted."""
        found = self.sudo().search([], order="id", limit=1)
        return found or self.sudo().create({"company_id": self.env["res.company"].sudo().search([], limit=1).id})

    @api.model
    def _timezone(self):
        zone = self.env["ir.config_parameter"].sudo().get_param(TIMEZONE, DEFAULT_TIMEZONE)
        return zone if zone in pytz.all_timezones_set else "UTC"

    # The calendar (docs/odoo-contract.md, section 4.2)

    def _earliest(self):
        """The first day that can be booked now."""
        now = datetime.now(ZoneInfo(self._timezone()))
        over = not self.lead_days and self.cut_off and now.time() >= time.fromisoformat(self.cut_off)
        return now.date() + timedelta(days=1 if over else self.lead_days)

    def _latest(self):
        """The last day on which a rental may begin."""
        return self.env["fleet.vehicle"]._rental_today() + timedelta(days=self.horizon_days)

    def _is_open(self, day):
        return str(day.weekday()) in self.opening_ids.mapped("weekday") and day not in self.closed_day_ids.mapped(
            "date"
        )

    def _day_reasons(self, date_from, date_to):
        """Why the business does not rent out anything in [date_from, date_to): [{code, message, limit?}]."""
        reasons = []
        if date_from < self._earliest():
            message = self.env._("The first day can be %s or later.", self._earliest())
            reasons.append({"code": "too_soon", "message": message, "limit": self.lead_days})
        if date_from > self._latest():
            message = self.env._("Bookings are taken up to %s days ahead.", self.horizon_days)
            reasons.append({"code": "too_far", "message": message, "limit": self.horizon_days})
        if not self._is_open(date_from):
            reasons.append({"code": "closed_start", "message": self.env._("We are closed on the first day.")})
        if not self._is_open(date_to):
            reasons.append({"code": "closed_return", "message": self.env._("We are closed on the day of return.")})
        return reasons

    def _calendar_data(self, start, end):
        hours = {opening.weekday: opening._data() for opening in self.opening_ids}
        closed = self.closed_day_ids.filtered(lambda closed: start <= closed.date < end).sorted("date")
        return {
            "weekdays": [hours.get(str(weekday)) for weekday in range(WEEKDAYS)],
            "closed": [{"date": str(day.date), "reason": day.reason or ""} for day in closed],
            "cut_off": plain(self.cut_off),
            "lead_days": self.lead_days,
            "horizon_days": self.horizon_days,
        }

    # The page of the business (docs/odoo-contract.md, section 4.6)

    def _storefront_data(self):
        logo = f"/web/image/{self._name}/{self.id}/logo" if self.logo else False
        languages = (
            self.env["res.lang"]
            .sudo()
            .search([("active", "=", True)])
            .mapped(lambda lang: lang.iso_code.replace("_", "-"))
        )
        return {
            "name": self.name,
            **{name: plain(self[name]) for name in TEXTS},
            "logo": logo,
            "accent": self.accent.lower(),
            "about_html": plain(self.about_html),
            "terms_html": plain(self.terms_html),
            "languages": languages,
        }

    def _can_return_content(self, field_name=None, access_token=None):
        """The logo is for all to see."""
        return field_name == "logo" or super()._can_return_content(field_name, access_token)

    # What the site is told

    @api.model_create_multi
    def create(self, vals_list):
        storefronts = super().create(vals_list)
        storefronts.filtered(lambda storefront: not storefront.opening_ids)._open_all_week()
        return storefronts

    def _open_all_week(self):
        self.env["fleet.rental.opening"].create(
            [{"storefront_id": one.id, "weekday": str(weekday)} for one in self for weekday in range(WEEKDAYS)]
        )

    def write(self, vals):
        self._remember()
        return super().write(vals)

    def _snapshot_parts(self):
        return (CALENDAR, STOREFRONT)

    def _snapshot(self, parts):
        data = {CALENDAR: self._whole_calendar, STOREFRONT: self._storefront_and_logo}
        return {one.id: {part: data[part](one) for part in parts} for one in self}

    def _whole_calendar(self, storefront):
        days = storefront._calendar_data(date.min, date.max)
        return {**days, "change_hours": storefront.change_hours}

    def _storefront_and_logo(self, storefront):
        return {**storefront._storefront_data(), "logo": storefront.logo}

    def _tell(self, changed):
        versions = self.env["fleet.rental.event"]._next_versions(list(changed))
        rows = [
            {"kind": part, "event_type": f"{part}.updated", "version": versions[record_id], "res_id": record_id}
            for record_id, (before, now) in changed.items()
            for part in self._snapshot_parts()
            if now[part] and before.get(part) != now[part]
        ]
        self.env["fleet.rental.event"]._put(rows)
