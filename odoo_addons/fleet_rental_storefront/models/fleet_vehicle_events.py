"""What the site is told when a published vehicle changes: the events of contract section 2.

Before anything of a vehicle changes, what is published of it is remembered; just before the transaction is
committed it is compared with what is published then. So only real changes are told, once for each transaction,
and the outbox rows are part of the very transaction that they tell about.
"""

from datetime import date

from odoo import api, models

REMEMBERED = "fleet_rental_storefront.vehicles"
CAUSE = "fleet_rental_storefront.cause"  # the booking that a change of availability comes from, by vehicle
PRICES = ("rental_price_daily", "rental_price_weekly", "rental_price_monthly", "currency")
DETAILS = {
    "name": "name",
    "slug": "rental_slug",
    "brand": "brand_id.name",
    "model": "model_id.name",
    "year": "model_year",
    "category": "category_id.name",
    "listing_type": "listing_type",
    "sale_price": "sale_price",
    "fuel_type": "fuel_type",
    "seats": "seats",
    "doors": "doors",
    "featured": "is_featured",
    "short_description": "short_description",
    "full_description": "full_description",
    "rental_terms": "rental_terms",
    "minimum_rental_days": "minimum_rental_days",
    "maximum_rental_days": "maximum_rental_days",
    "video_url": "video_url",
    "virtual_tour_url": "virtual_tour_url",
}


def plain(value):
    """The value as JSON has it: YYYY-MM-DD for days, `false` for nothing."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool | int | float):
        return value
    return str(value) if value else False


class FleetVehicle(models.Model):
    _inherit = "fleet.vehicle"

    @api.model_create_multi
    def create(self, vals_list):
        vehicles = super().create(vals_list)
        vehicles._remember_what_is_published(new=True)
        return vehicles

    def write(self, vals):
        self._remember_what_is_published()
        return super().write(vals)

    def unlink(self):
        self._remember_what_is_published()
        return super().unlink()

    def _remember_what_is_published(self, *, new=False):
        """To be called before a change; the first call in a transaction counts."""
        if not self or not self.env["fleet.rental.event"]._is_wanted():
            return
        remembered = self.env.cr.precommit.data.setdefault(REMEMBERED, {})
        if not remembered:
            self.env.cr.precommit.add(self.sudo().browse()._tell_what_changed)
        for vehicle in self.sudo():
            if vehicle.id not in remembered:
                remembered[vehicle.id] = None if new else vehicle._published()

    def _published(self):
        """All that the site shows of the vehicle, by the event that tells of it; None when it is not published."""
        if not self.exists() or not self.rental_published or not self.active:
            return None
        return {
            "price.updated": self._published_prices(),
            "vehicle.maintenance": {
                "in_maintenance": self.rental_state == "maintenance",
                "maintenance_until": plain(self.maintenance_until),
            },
            "vehicle.updated": self._published_details(),
            "vehicle.availability_changed": {
                "availability_status": self.availability_status,
                "busy": [list(map(plain, days)) for days in self._busy_ranges()],
            },
        }

    def _published_prices(self):
        rates = {name: self[name] for name in PRICES if name != "currency"}
        return {**rates, "currency": self._rental_currency().name}

    def _published_details(self):
        details = {name: plain(self._at(path)) for name, path in DETAILS.items()}
        details["specifications"] = {line.name: line.value for line in self.specification_ids}
        details["features"] = self.feature_ids.mapped("name")
        details["images"] = self.rental_image_ids.mapped(
            lambda image: [image.id, image.name or False, image.is_primary, str(image.write_date)]
        )
        return details

    def _at(self, path):
        """The value at the end of a dotted path of field names."""
        record, _dot, name = path.rpartition(".")
        return (self[record] if record else self)[name]

    def _tell_what_changed(self):
        """Compare every remembered vehicle with what is published of it now, and write the outbox."""
        for vehicle_id, before in self.env.cr.precommit.data.pop(REMEMBERED, {}).items():
            vehicle = self.browse(vehicle_id)
            for event_type, payload in vehicle._events(before, vehicle._published()):
                self.env["fleet.rental.event"]._put(event_type, {"vehicle_id": vehicle_id, **payload})

    def _events(self, before, after):
        """The (event type, payload) of each kind of change between two states of `_published`."""
        if before is None and after is None:
            return
        if before is None:
            yield "vehicle.added", {"name": self.name, "category": plain(self.category_id.name)}
        elif after is None:
            yield "vehicle.removed", {}
        else:
            for event_type in after:
                if before[event_type] != after[event_type]:
                    yield event_type, self._payload(event_type, before[event_type], after[event_type])

    def _payload(self, event_type, before, after):
        if event_type == "vehicle.updated":
            changes = {name: value for name, value in after.items() if value != before[name]}
            if "images" in changes:  # inside they are known by more than the site is told
                changes["images"] = len(changes["images"])
            return {"changes": changes}
        if event_type == "vehicle.availability_changed":
            start, end = self._next_free()
            return {
                "availability_status": after["availability_status"],
                "available_from": plain(start),
                "available_to": plain(end),
                "booking_ref": self.env.cr.precommit.data.get(CAUSE, {}).get(self.id, False),
            }
        return after
