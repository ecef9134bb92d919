"""A vehicle as the REST API shows it, in its short and its long form (contract section 1)."""

from ..models.fleet_vehicle_events import DETAILS, plain

ONLY_LONG = {
    "full_description",
    "rental_terms",
    "minimum_rental_days",
    "maximum_rental_days",
    "video_url",
    "virtual_tour_url",
}
LONG_RATES = ("rental_price_weekly", "rental_price_monthly")
COUNTERS = ("inquiry_count", "booking_count")


def short_form(vehicle):
    return {
        "id": vehicle.id,
        **{name: plain(vehicle._at(path)) for name, path in DETAILS.items() if name not in ONLY_LONG},
        "rental_price_daily": vehicle.rental_price_daily,
        "currency": vehicle._rental_currency().name,
        "availability_status": vehicle.availability_status,
        "primary_image": _primary_image(vehicle),
        "view_count": vehicle.view_count,
        "write_date": plain(vehicle.write_date),
    }


def long_form(vehicle):
    """Rates that do not exist are left out."""
    return {
        **short_form(vehicle),
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
                "name": image.name or vehicle.name,
                "url": _url(image),
                "is_primary": image.is_primary,
            }
            for image in vehicle.rental_image_ids
        ],
    }


def _primary_image(vehicle):
    """The main picture, else the first one, else the vehicle's own; None when there is none at all."""
    if vehicle.rental_image_ids:
        return _url(vehicle.rental_image_ids[0])
    return _url(vehicle) if vehicle.image_1920 else None


def _url(record):
    return f"/web/image/{record._name}/{record.id}/image_1920"
