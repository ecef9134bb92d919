"""A vehicle for search engines (schema.org Product, JSON-LD), with the same facts as its page."""

from lco.domain.vehicle import Status, Vehicle
from lco.settings import Business
from lco.web.urls import full_url, picture_url, vehicle_url

AVAILABILITY = {
    Status.AVAILABLE: "https://schema.org/InStock",
    Status.SOLD: "https://schema.org/SoldOut",
}


def product_json(vehicle: Vehicle, site_url: str, business: Business) -> dict[str, object]:
    """The vehicle as a schema.org Product with one lease offer, whose price is the visible daily rate."""
    url = site_url + vehicle_url(vehicle)
    data: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": vehicle.name,
        "url": url,
        "sku": str(vehicle.id),
    }
    if vehicle.summary:
        data["description"] = vehicle.summary
    if vehicle.brand:
        data["brand"] = {"@type": "Brand", "name": vehicle.brand}
    if vehicle.picture:
        data["image"] = full_url(site_url, picture_url(vehicle.picture, "960x720"))
    if vehicle.rates.daily:
        data["offers"] = _offer(vehicle, url, business)
    return data


def _offer(vehicle: Vehicle, url: str, business: Business) -> dict[str, object]:
    daily = vehicle.rates.daily
    assert daily is not None  # noqa: S101 - only called for vehicles with a daily rate
    return {
        "@type": "Offer",
        "url": url,
        "price": str(daily.amount),
        "priceCurrency": daily.currency,
        "businessFunction": "http://purl.org/goodrelations/v1#LeaseOut",
        "availability": AVAILABILITY.get(vehicle.status, "https://schema.org/LimitedAvailability"),
        "seller": {
            "@type": "LocalBusiness",
            "name": business.name,
            "telephone": business.phone_link.removeprefix("tel:"),
        },
    }
