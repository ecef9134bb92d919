"""What the site is told when a vehicle changes: the events of docs/odoo-contract.md, section 2."""

from datetime import date, datetime

from odoo import api, models

from .fleet_rental_event import API_KEY, MANY

CAUSE = "fleet_rental_storefront.cause"  # the booking that a change of availability comes from, by vehicle
PRICES = ("rental_price_daily", "rental_price_weekly", "rental_price_monthly")
DETAILS = {
    "name": "rental_public_name",
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
PUBLISHED = "published"
PRICED, MAINTAINED, DETAILED, SCHEDULED = (
    "price.updated",
    "vehicle.maintenance",
    "vehicle.updated",
    "vehicle.availability_changed",
)
UNSCHEDULED = (PUBLISHED, PRICED, MAINTAINED, DETAILED)
SCHEDULE_FIELDS = {"rental_state", "maintenance_until", "rental_buffer_days", "rental_published", "active"}


def plain(value):
    """The value as JSON has it: YYYY-MM-DD for days, the id of a record, `false` for nothing."""
    if isinstance(value, models.BaseModel):
        return value.id
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool | int | float):
        return value
    return str(value) if value else False


class FleetRentalPublication(models.AbstractModel):
    """The published side of a vehicle. An event is written for every change; only published vehicles' are sent."""

    _name = "fleet.rental.publication"
    _inherit = "fleet.rental.tracked"
    _description = "Published vehicle"

    @api.model_create_multi
    def create(self, vals_list):
        vehicles = super().create(vals_list)
        vehicles._remember(new=True)
        return vehicles

    def write(self, vals):
        self._remember(parts=() if SCHEDULE_FIELDS & vals.keys() else UNSCHEDULED)
        return super().write(vals)

    def unlink(self):
        self._remember()
        return super().unlink()

    def _snapshot_parts(self):
        return (*UNSCHEDULED, SCHEDULED)

    def _snapshot(self, parts):
        busy = self._busy_ranges_by_vehicle() if SCHEDULED in parts else {}
        return {vehicle.id: vehicle._snapshot_one(parts, busy) for vehicle in self}

    def _snapshot_one(self, parts, busy):
        read = {
            PUBLISHED: lambda: bool(self.rental_published and self.active),
            PRICED: self._published_prices,
            MAINTAINED: self._published_maintenance,
            DETAILED: self._published_details,
            SCHEDULED: lambda: {
                "availability_status": self.availability_status,
                "busy": [list(map(plain, days)) for days in busy[self.id]],
            },
        }
        return {part: read[part]() for part in read if part in parts}

    def _published_maintenance(self):
        until = plain(self.maintenance_until)
        return {"in_maintenance": self.rental_state == "maintenance", "maintenance_until": until}

    def _published_prices(self):
        return {**{name: self[name] for name in PRICES}, "currency": self._rental_currency().name}

    def _published_details(self):
        details = {name: plain(self._at(path)) for name, path in DETAILS.items()}
        details["specifications"] = {line.name: line.value for line in self.specification_ids}
        details["features"] = self.feature_ids.mapped(
            lambda feature: [feature.name, feature.category, plain(feature.icon)]
        )
        details["images"] = self.rental_image_ids.mapped(
            lambda image: [image.id, image.name or False, image.is_primary, str(image.write_date)]
        )
        return details

    def _at(self, path):
        """The value at the end of a dotted path of field names."""
        record, _dot, name = path.rpartition(".")
        return (self[record] if record else self)[name]

    def _tell(self, changed):
        """Write the events. Of many vehicles at once a site that reads the feed gets one webhook, not thousands.

        It finds the others in the feed, where each has its row. A site without a key cannot read the feed, so all
        are sent to it.
        """
        events = self.env["fleet.rental.event"]
        versions = events._next_versions(list(changed))
        rows = []
        for vehicle in self.browse(changed):
            line = {"kind": "vehicle", "res_id": vehicle.id, "version": versions[vehicle.id]}
            for event_type, push, payload in vehicle._events(*changed[vehicle.id]):
                body = {"vehicle_id": vehicle.id, **payload}
                deleted = event_type == "vehicle.removed"
                rows.append({**line, "event_type": event_type, "push": push, "payload": body, "deleted": deleted})
        if len(changed) > MANY and events._parameter(API_KEY):
            sent = [row for row in rows if row["push"]]
            for row in sent[:-1]:
                row["push"] = False
        events._put(rows)

    def _tell_availability(self):
        """Tell of the days of these vehicles without a change of any record: another day has begun."""
        versions = self.env["fleet.rental.event"]._next_versions(self.ids)
        rows = [
            {
                "kind": "vehicle",
                "res_id": vehicle.id,
                "version": versions[vehicle.id],
                "event_type": SCHEDULED,
                "push": bool(vehicle.rental_published and vehicle.active),
                "payload": {
                    "vehicle_id": vehicle.id,
                    **vehicle._payload(SCHEDULED, None, {"availability_status": vehicle.availability_status}),
                },
            }
            for vehicle in self
        ]
        self.env["fleet.rental.event"]._put(rows)

    def _events(self, before, after):
        """The (event type, whether the site is sent it, payload) of a change between two snapshots."""
        if after[PUBLISHED] is None:
            yield "vehicle.removed", bool(before[PUBLISHED]), {}
        elif after[PUBLISHED] and not before[PUBLISHED]:
            yield (
                "vehicle.added",
                True,
                {"name": self.rental_public_name, "category": plain(self.category_id.name)},
            )
        elif before[PUBLISHED] and not after[PUBLISHED]:
            yield "vehicle.removed", True, {}
        elif not after[PUBLISHED]:
            yield "vehicle.updated", False, {}
        else:
            for part in (part for part in after if part != PUBLISHED and before[part] != after[part]):
                yield part, True, self._payload(part, before[part], after[part])

    def _payload(self, part, before, after):
        if part == DETAILED:
            changes = {name: value for name, value in after.items() if value != before[name]}
            if "images" in changes:  # inside they are known by more than the site is told
                changes["images"] = len(changes["images"])
            if "features" in changes:
                changes["features"] = [name for name, _category, _icon in changes["features"]]
            return {"changes": changes}
        if part == SCHEDULED:
            start, end = self._next_free()
            return {
                "availability_status": after["availability_status"],
                "available_from": plain(start),
                "available_to": plain(end),
                "booking_ref": self.env.cr.precommit.data.get(CAUSE, {}).get(self.id, False),
            }
        return after
