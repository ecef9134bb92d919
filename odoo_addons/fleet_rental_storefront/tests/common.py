"""What the tests of this module begin with: two published machines, a customer, and days to come."""

import json
from datetime import timedelta

from odoo.tests import TransactionCase


class RentalCase(TransactionCase):
    heard = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        brand = cls.env["fleet.vehicle.model.brand"].create({"name": "Acme"})
        cls.model = cls.env["fleet.vehicle.model"].create({"name": "X1", "brand_id": brand.id})
        cls.mower = cls.vehicle("Mower")
        cls.digger = cls.vehicle("Digger")
        cls.customer = cls.env["res.partner"].create({"name": "Ada", "email": "ada@example.com", "phone": "1"})
        cls.today = cls.env["fleet.vehicle"]._rental_today()

    @classmethod
    def vehicle(cls, name, **values):
        rates = {"rental_price_daily": 150, "rental_price_weekly": 600, "rental_price_monthly": 1800}
        return cls.env["fleet.vehicle"].create(
            {"model_id": cls.model.id, "rental_name": name, "rental_published": True, **rates, **values}
        )

    def day(self, days):
        return self.today + timedelta(days=days)

    def book(self, first, last, vehicle=None, **values):
        """A booking of staff's, from `first` to `last` days from now."""
        return self.env["fleet.rental.booking"].create(
            {
                "vehicle_id": (vehicle or self.mower).id,
                "partner_id": self.customer.id,
                "date_from": self.day(first),
                "date_to": self.day(last),
                **values,
            }
        )

    def place(self, first, last, vehicle=None, email="bob@example.com", **options):
        """A booking of a customer's on the website."""
        customer = {"name": "Bob", "email": email, "phone": "2"}
        return self.env["fleet.rental.booking"]._place(
            vehicle or self.mower, (self.day(first), self.day(last)), customer, {}, **options
        )

    def listen(self):
        """From now on there is a site to tell; what happened before is not told."""
        self.env.cr.flush()
        self.heard = max(self.env["fleet.rental.event"].search([]).ids, default=0)
        parameters = self.env["ir.config_parameter"]
        for endpoint in ("booking", "inventory"):
            name = f"fleet_rental_storefront.{endpoint}_webhook_url"
            parameters.set_param(name, f"http://127.0.0.1:9/api/webhook/{endpoint}")
        parameters.set_param("fleet_rental_storefront.webhook_secret", "a secret")

    def told(self):
        """The types of all events that are sent so far, in order."""
        return [event.event_type for event in self.events() if event.body]

    def events(self):
        """All events so far, in order; those of the time before `listen` are left out."""
        self.env.cr.flush()
        return self.env["fleet.rental.event"].search([("id", ">", self.heard)], order="id")

    def bodies(self):
        """The bodies of all webhooks so far, in order."""
        return [json.loads(event.body) for event in self.events() if event.body]
