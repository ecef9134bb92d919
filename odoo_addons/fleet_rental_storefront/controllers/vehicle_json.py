"""A vehicle in its short and its long form (docs/odoo-contract.md, sections 1 and 4.2)."""

from odoo.http import request

from ..models.fleet_rental_publication import DETAILS, plain

ONLY_LONG = {"full_description", "rental_terms", "video_url", "virtual_tour_url"}
LONG_RATES = ("rental_price_weekly", "rental_price_monthly")
COUNTERS = ("inquiry_count", "booking_count")


def short_forms(vehicles):
    """The short form of each, with one query for all their versions."""
    versions = request.env["fleet.rental.event"]._vehicle_versions(vehicles.ids)
    return [_short_form(vehicle, versions.get(vehicle.id, 0)) for vehicle in vehicles]


def long_form(vehicle):
    """Rates that do not exist are left out."""
    (short,) = short_forms(vehicle)
    return {
        **short,
        **{name: plain(vehicle._at(DETAILS[name])) for name in sorted(ONLY_LONG)},
        **{name: vehicle[name] for name in LONG_RATES if vehicle[name]},
        **{name: vehicle[name] for name in COUNTERS},
        "specifications": {line.name: line.value for line in vehicle.specification_ids},
        "features": [
            {"id": feature.id, "name": feature.name, "category": feature.category, "icon": plain(feature.icon)}
            for feature in vehicle.feature_ids
        ],
        "images": [
            {
                "id": image.id,
                "name": image.name or vehicle.rental_public_name,
                "url": _url(image),
                "is_primary": image.is_primary,
            }
            for image in vehicle.rental_image_ids
        ],
    }


def _short_form(vehicle, version):
    return {
        "id": vehicle.id,
        **{name: plain(vehicle._at(path)) for name, path in DETAILS.items() if name not in ONLY_LONG},
        "rental_price_daily": vehicle.rental_price_daily,
        "currency": vehicle._rental_currency().name,
        "availability_status": vehicle.availability_status,
        "primary_image": _primary_image(vehicle),
        "view_count": vehicle.view_count,
        "pool_id": False,
        "version": version,
        "write_date": plain(vehicle.write_date),
    }


def _primary_image(vehicle):
    """The main picture, else the first one, else the vehicle's own; None when there is none at all."""
    if vehicle.rental_image_ids:
        return _url(vehicle.rental_image_ids[0])
    return _url(vehicle) if vehicle.image_1920 else None


def _url(record):
    """With a mark that changes with the picture, so that no cache shows the one before."""
    changed = int(record.write_date.timestamp()) if record._name == "fleet.rental.image" else ""
    return f"/web/image/{record._name}/{record.id}/image_1920" + (f"?unique={changed}" if changed else "")
