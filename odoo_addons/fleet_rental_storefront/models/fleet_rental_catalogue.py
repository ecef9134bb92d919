"""Catalogues that are imported: 15 example machines with all that a page shows, or those of another shop."""

import base64
import json

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tools import file_open

from ..shop_reader import ShopReader

CATALOGUE = "fleet_rental_storefront/data/catalogue.json"
PICTURES = "fleet_rental_storefront/static/img"
# Not the module's own name: uninstalling the module would delete what is called by that.
MODULE = "__import__"
EXAMPLE, OTHER_SHOP = "fleet_rental_example", "fleet_rental_shop"
DIRECT = ("short_description", "full_description", "seats", "doors", "minimum_rental_days", "maximum_rental_days")
FROM_SHOP = (
    "short_description",
    "full_description",
    "rental_terms",
    "listing_type",
    "sale_price",
    "rental_price_daily",
    "rental_price_weekly",
    "rental_price_monthly",
    "minimum_rental_days",
    "maximum_rental_days",
    "video_url",
    "virtual_tour_url",
    "seats",
    "doors",
)


class FleetRentalCatalogue(models.AbstractModel):
    """Imports may be repeated: what is there stays as it is, but for what lost its rates with the module."""

    _name = "fleet.rental.catalogue"
    _description = "Import of a catalogue"

    @api.model
    def import_example(self):
        """The machines of the example catalogue, published: {created, restored, kept}. Managers only."""
        self._check_manager()
        with file_open(CATALOGUE) as file:
            catalogue = json.load(file)
        counts = {"created": 0, "restored": 0, "kept": 0}
        for facts in catalogue["vehicles"]:
            name = f"{EXAMPLE}_{facts['picture'].replace('-', '_')}"
            values = self.sudo()._catalogue_values(facts)
            counts[self.sudo()._put(name, values, lambda facts=facts: self._lines(facts, catalogue))] += 1
        return counts

    @api.model
    def import_shop(self, url, key=""):
        """The machines of another shop, read over its public API (docs/odoo-contract.md, section 1), unpublished.

        Only its calls are used, never its tables. Gives {created, restored, kept}. Raises UserError when it cannot
        be read. Managers only.
        """
        self._check_manager()
        reader = ShopReader(self.env, url, key)
        counts = {"created": 0, "restored": 0, "kept": 0}
        for facts in reader.vehicles():
            name = f"{OTHER_SHOP}_{reader.host}_{facts['id']}"
            values = self.sudo()._shop_values(facts)
            counts[self.sudo()._put(name, values, lambda facts=facts: self._shop_lines(facts, reader))] += 1
        return counts

    @api.model
    def _counted(self, counts):
        return self.env._(
            "%(created)s machines are new, %(restored)s have their rates again, %(kept)s stay as they were.",
            **counts,
        )

    def _check_manager(self):
        if not self.env.user.has_group("fleet_rental_storefront.group_manager") and not self.env.su:
            raise AccessError(self.env._("Only a rental manager may import a catalogue."))

    def _put(self, name, values, lines):
        """Make the vehicle of this external id, or fill it in again when it lost its rates; says which."""
        found = self.env.ref(f"{MODULE}.{name}", raise_if_not_found=False)
        if found and (found.rental_price_daily or found.rental_name):
            return "kept"
        if found:
            found.write({**values, **lines()})
            return "restored"
        vehicle = self.env["fleet.vehicle"].create({**values, **lines()})
        external_id = {"module": MODULE, "name": name, "model": vehicle._name, "res_id": vehicle.id}
        self.env["ir.model.data"].create({**external_id, "noupdate": True})
        return "created"

    def _catalogue_values(self, facts):
        return {
            **{name: facts[name] for name in DIRECT if name in facts},
            "rental_name": facts["name"],
            **self._model_values(facts),
            "rental_price_daily": facts["daily"],
            "rental_price_weekly": facts["weekly"],
            "rental_price_monthly": facts["monthly"],
            "is_featured": facts.get("featured", False),
            "rental_published": True,
        }

    def _model_values(self, facts):
        brand = self._named("fleet.vehicle.model.brand", facts["brand"])
        return {
            "model_id": self._named("fleet.vehicle.model", facts["model"], brand_id=brand.id).id,
            "category_id": self._named("fleet.vehicle.model.category", facts["category"]).id,
            "model_year": str(facts["year"]),
            "fuel_type": facts["fuel_type"],
        }

    def _shop_values(self, facts):
        known = {name: facts[name] for name in FROM_SHOP if facts.get(name)}
        fuels = dict(self.env["fleet.vehicle"]._fields["fuel_type"]._description_selection(self.env))
        years = dict(self.env["fleet.vehicle"]._fields["model_year"]._description_selection(self.env))
        described = {
            "brand": facts.get("brand") or self.env._("Unknown"),
            "model": facts.get("model") or facts["name"],
            "category": facts.get("category") or self.env._("Imported"),
            "year": facts.get("year") if str(facts.get("year")) in years else "",
            "fuel_type": facts.get("fuel_type") if facts.get("fuel_type") in fuels else False,
        }
        values = {**self._model_values(described), "model_year": described["year"] and str(described["year"])}
        return {**known, **values, "rental_name": facts["name"], "is_featured": bool(facts.get("featured"))}

    def _shop_lines(self, facts, reader):
        features = [
            self._named("fleet.rental.feature", line["name"], category=line.get("category") or "general")
            for line in facts.get("features") or []
        ]
        pictures = [
            Command.create({"name": image.get("name"), "image_1920": picture, "is_primary": number == 0})
            for number, image in enumerate(
                sorted(facts.get("images") or [], key=lambda image: not image.get("is_primary"))
            )
            if (picture := reader.picture(image.get("url")))
        ]
        specifications = (facts.get("specifications") or {}).items()
        return {
            "feature_ids": [Command.set([feature.id for feature in features])],
            "specification_ids": [
                Command.create({"name": str(name), "value": str(value)}) for name, value in specifications if value
            ],
            "rental_image_ids": pictures,
        }

    def _lines(self, facts, catalogue):
        return self.sudo()._catalogue_lines(facts, catalogue["shared_terms"])

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
