"""What the storefront publishes of a vehicle, and what its rental costs."""

from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from .fleet_rental_event import MANY, URLS

DAYS_A_WEEK = 7
DAYS_A_MONTH = 30
SHOWN_IMAGES = {"image_1920", "image_1024", "image_512", "image_256"}
LISTING_TYPES = [("rental", "Rental"), ("sale", "Sale"), ("both", "Rental and sale")]


class FleetVehicle(models.Model):
    _name = "fleet.vehicle"
    _inherit = ["fleet.rental.publication", "fleet.vehicle", "fleet.rental.schedule", "fleet.rental.timeline"]

    rental_published = fields.Boolean("Published", tracking=True, copy=False, index=True)
    rental_name = fields.Char("Name for customers", help="Replaces manufacturer, model and plate as the name.")
    rental_public_name = fields.Char(compute="_compute_rental_public_name", help="Never has the licence plate.")
    rental_slug = fields.Char("Slug", compute="_compute_rental_slug", store=True)
    listing_type = fields.Selection(LISTING_TYPES, default="rental", required=True)
    rental_price_daily = fields.Monetary("Daily rate", tracking=True)
    rental_price_weekly = fields.Monetary("Weekly rate", tracking=True, help="For 7 days; 0: no such rate.")
    rental_price_monthly = fields.Monetary("Monthly rate", tracking=True, help="For 30 days; 0: no such rate.")
    sale_price = fields.Monetary(tracking=True)
    is_featured = fields.Boolean("Featured")
    short_description = fields.Char()
    full_description = fields.Html()
    rental_terms = fields.Html()
    video_url = fields.Char("Video")
    virtual_tour_url = fields.Char("Virtual tour")
    minimum_rental_days = fields.Integer("Shortest rental", default=1, required=True)
    maximum_rental_days = fields.Integer("Longest rental", default=90, required=True)
    rental_buffer_days = fields.Integer(
        "Buffer after a rental",
        help="Days that the machine is kept free after each rental, to clean and check it.",
    )
    specification_ids = fields.One2many("fleet.rental.specification", "vehicle_id")
    feature_ids = fields.Many2many("fleet.rental.feature", string="Features", copy=False)
    rental_image_ids = fields.One2many("fleet.rental.image", "vehicle_id", "Pictures")
    booking_ids = fields.One2many("fleet.rental.booking", "vehicle_id", "Bookings")
    view_count = fields.Integer("Views", compute="_compute_view_count")
    inquiry_count = fields.Integer("Inquiries", compute="_compute_booking_counts")
    booking_count = fields.Integer("Bookings count", compute="_compute_booking_counts")

    _rental_prices = models.Constraint(
        "CHECK (rental_price_daily >= 0 AND rental_price_weekly >= 0 AND rental_price_monthly >= 0)",
        "A rate cannot be negative.",
    )
    _rental_days = models.Constraint(
        "CHECK (minimum_rental_days >= 1 AND maximum_rental_days >= minimum_rental_days)",
        "The shortest rental is at least 1 day, and not longer than the longest one.",
    )
    _rental_buffer = models.Constraint("CHECK (rental_buffer_days >= 0)", "The buffer cannot be negative.")

    @api.constrains("rental_published", "listing_type", "rental_price_daily")
    def _check_published_rate(self):
        for vehicle in self:
            rented_out = vehicle.rental_published and vehicle.listing_type != "sale"
            if rented_out and not vehicle.rental_price_daily:
                raise ValidationError(self.env._("%s cannot be published without a daily rate.", vehicle.name))

    @api.depends("rental_name")
    def _compute_vehicle_name(self):
        computed = super()._compute_vehicle_name()
        for vehicle in self.filtered("rental_name"):
            vehicle.name = vehicle.rental_name
        return computed

    @api.depends("rental_name", "model_id.name", "brand_id.name")
    def _compute_rental_public_name(self):
        for vehicle in self:
            maker_and_model = filter(None, (vehicle.brand_id.name, vehicle.model_id.name))
            vehicle.rental_public_name = vehicle.rental_name or " ".join(maker_and_model)

    @api.depends("rental_public_name")
    def _compute_rental_slug(self):
        for vehicle in self:
            vehicle.rental_slug = self.env["ir.http"]._slugify(vehicle.rental_public_name or "")

    def _compute_view_count(self):
        visits = self.env["fleet.rental.visit"].sudo()
        sums = dict(visits._read_group([("vehicle_id", "in", self.ids)], ["vehicle_id"], ["visits:sum"]))
        for vehicle in self:
            vehicle.view_count = sums.get(vehicle, 0)

    @api.depends("booking_ids.booking_type")
    def _compute_booking_counts(self):
        bookings = self.env["fleet.rental.booking"].sudo()
        groups = bookings._read_group(
            [("vehicle_id", "in", self.ids)], ["vehicle_id", "booking_type"], ["__count"]
        )
        counts = {(vehicle.id, kind): count for vehicle, kind, count in groups}
        for vehicle in self:
            vehicle.inquiry_count = counts.get((vehicle.id, "inquiry"), 0)
            vehicle.booking_count = sum(
                counts.get((vehicle.id, kind), 0) for kind in ("reservation", "test_drive")
            )

    def _rental_price(self, days):
        """What `days` days cost: started weeks and months count whole, and the cheapest single line wins."""
        self.ensure_one()
        lines = [days * self.rental_price_daily]
        if self.rental_price_weekly:
            lines.append(-(-days // DAYS_A_WEEK) * self.rental_price_weekly)
        if self.rental_price_monthly:
            lines.append(-(-days // DAYS_A_MONTH) * self.rental_price_monthly)
        return self._rental_currency().round(min(lines))

    def _rental_currency(self):
        return self.currency_id or self.env.company.currency_id

    def copy(self, default=None):
        """With its features, specifications and pictures, also by users of Fleet, who have no rights on those."""
        copies = super().copy(default)
        for vehicle, new in zip(self.sudo(), copies.sudo(), strict=True):
            new.feature_ids = vehicle.feature_ids
            vehicle.specification_ids.copy({"vehicle_id": new.id})
            vehicle.rental_image_ids.copy({"vehicle_id": new.id})
        return copies

    def _message_track(self, fields_iter, initial_values_dict):
        """Keep no history of many vehicles changed at once: the events have each, at fewer queries."""
        if len(self) > MANY:
            return {}
        return super()._message_track(fields_iter, initial_values_dict)

    def _can_return_content(self, field_name=None, access_token=None):
        """Customers may see the picture of a published vehicle, and no other file of it."""
        vehicle = self.sudo()
        if field_name in SHOWN_IMAGES and vehicle.rental_published and vehicle.active:
            return True
        return super()._can_return_content(field_name, access_token)

    def _public_url(self):
        """The page of this machine on the website. Raises UserError when the website is not known."""
        self.ensure_one()
        webhook = urlsplit(self.env["fleet.rental.event"]._parameter(URLS["inventory"]))
        if not webhook.netloc:
            raise UserError(self.env._("Fill in the address of the website in Settings first."))
        return f"{webhook.scheme}://{webhook.netloc}/equipment/{self.id}-{self.rental_slug}"

    def action_print_labels(self):
        """A sheet of labels with QR codes, as PDF."""
        self[:1]._public_url()
        url = "/fleet_rental/labels?ids=" + ",".join(map(str, self.ids))
        return {"type": "ir.actions.act_url", "url": url, "target": "new"}

    def action_publish(self):
        return self.write({"rental_published": True})

    def action_unpublish(self):
        return self.write({"rental_published": False})

    def action_rental_bookings(self):
        """The bookings of this machine, as a calendar first."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "fleet_rental_storefront.fleet_rental_booking_action"
        )
        action["domain"] = [("vehicle_id", "in", self.ids)]
        action["context"] = {"default_vehicle_id": self[:1].id}
        action["views"] = sorted(action["views"], key=lambda view: view[1] != "calendar")
        return action
