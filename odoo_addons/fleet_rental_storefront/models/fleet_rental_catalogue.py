"""The example catalogue: 15 machines with all that a page shows: an empty Odoo becomes a shop in one step."""

import base64
import json

from odoo import _, api, models
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tools import file_open

CATALOGUE = "fleet_rental_storefront/data/catalogue.json"
PICTURES = "fleet_rental_storefront/static/img"
MODULE = "fleet_rental_storefront"
DIRECT = ("short_description", "full_description", "seats", "doors", "minimum_rental_days", "maximum_rental_days")


class FleetVehicle(models.Model):
    _inherit = "fleet.vehicle"

    @api.model
    def import_catalogue(self):
        """The vehicles of the example catalogue, made and published where they are missing. Managers only."""
        if not self.env.user.has_group("fleet_rental_storefront.group_manager") and not self.env.su:
            raise AccessError(_("Only a rental manager may import the catalogue."))
        with file_open(CATALOGUE) as file:
            catalogue = json.load(file)
        vehicles = self.sudo()
        for facts in catalogue["vehicles"]:
            vehicles += vehicles._from_catalogue(facts, catalogue["shared_terms"])
        return vehicles.with_env(self.env)

    def _from_catalogue(self, facts, shared_terms):
        name = "vehicle_" + facts["picture"].replace("-", "_")
        if found := self.env.ref(f"{MODULE}.{name}", raise_if_not_found=False):
            return found
        vehicle = self.create({**self._catalogue_values(facts), **self._catalogue_lines(facts, shared_terms)})
        self.env["ir.model.data"].create(
            {"module": MODULE, "name": name, "model": self._name, "res_id": vehicle.id, "noupdate": True}
        )
        return vehicle

    def _catalogue_values(self, facts):
        brand = self._named("fleet.vehicle.model.brand", facts["brand"])
        return {
            **{name: facts[name] for name in DIRECT if name in facts},
            "rental_name": facts["name"],
            "model_id": self._named("fleet.vehicle.model", facts["model"], brand_id=brand.id).id,
            "category_id": self._named("fleet.vehicle.model.category", facts["category"]).id,
            "model_year": facts["year"],
            "fuel_type": facts["fuel_type"],
            "rental_price_daily": facts["daily"],
            "rental_price_weekly": facts["weekly"],
            "rental_price_monthly": facts["monthly"],
            "is_featured": facts.get("featured", False),
            "rental_published": True,
        }

    def _catalogue_lines(self, facts, shared_terms):
        terms = "".join(f"<li>{sentence}</li>" for sentence in facts["terms"] + shared_terms)
        features = [
            self._named("fleet.rental.feature", line["name"], category=line["category"], icon=line["icon"])
            for line in facts["features"]
        ]
        return {
            "rental_terms": f"<p>What we agree on when you rent this machine:</p><ul>{terms}</ul>",
            "feature_ids": [Command.set([feature.id for feature in features])],
            "specification_ids": [
                Command.create({"name": name, "value": value}) for name, value in facts["specifications"].items()
            ],
            "rental_image_ids": [
                Command.create(self._catalogue_picture(facts["picture"], "", facts["name"], is_primary=True)),
                Command.create(self._catalogue_picture(facts["picture"], "-work", f"{facts['name']} at work")),
            ],
        }

    def _catalogue_picture(self, picture, view, caption, **values):
        with file_open(f"{PICTURES}/{picture}{view}.png", "rb") as file:
            return {"name": caption, "image_1920": base64.b64encode(file.read()), **values}

    def _named(self, model, name, **values):
        """The record of this model with this name, made if there is none."""
        known = [("brand_id", "=", values["brand_id"])] if "brand_id" in values else []
        found = self.env[model].search([("name", "=", name), *known], limit=1)
        return found or self.env[model].create({"name": name, **values})
