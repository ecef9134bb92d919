"""Vehicles in the words of Odoo's API, for the mirror that the site offers to API clients.

Source: docs/odoo-contract.md, section 1.

Counters are left out: the site does not keep them, and a wrong number would be worse than none.
"""

from collections.abc import Sequence

from lco.domain.agreement import Agreement
from lco.domain.date_range import DateRange
from lco.domain.money import to_number
from lco.domain.quote import Quote
from lco.domain.rental import Reason
from lco.domain.vehicle import Details, Picture, Vehicle
from lco.web.urls import picture_url

LARGEST = "960x720"
"""The box into which pictures are scaled."""

Json = dict[str, object]


def vehicle_summary(vehicle: Vehicle) -> Json:
    """The short form of a vehicle."""
    return {
        "id": vehicle.id,
        "name": vehicle.name,
        "slug": vehicle.slug,
        "brand": vehicle.brand,
        "model": vehicle.model,
        "year": None if vehicle.year is None else str(vehicle.year),
        "category": vehicle.category,
        "listing_type": "both" if vehicle.sale_price else "rental",
        "sale_price": to_number(vehicle.sale_price),
        "rental_price_daily": to_number(vehicle.rates.daily),
        "currency": vehicle.currency,
        "fuel_type": vehicle.fuel_type,
        "seats": vehicle.seats,
        "doors": vehicle.doors,
        "availability_status": vehicle.status.value,
        "featured": vehicle.featured,
        "short_description": vehicle.summary,
        "primary_image": _url(vehicle.picture, vehicle) if vehicle.picture else None,
        **_limits(vehicle),
    }


def vehicle_detail(details: Details, agreement: Agreement | None) -> Json:
    """The long form of a vehicle; its HTML is already cleaned. `agreement`: what its customers agree to."""
    rates = details.vehicle.rates
    return {
        **vehicle_summary(details.vehicle),
        "rental_price_weekly": to_number(rates.weekly),
        "rental_price_monthly": to_number(rates.monthly),
        "full_description": details.description_html,
        "rental_terms": details.terms_html,
        "agreement": agreement and {"text": agreement.text, "digest": agreement.digest},
        "specifications": dict(details.specifications),
        "features": [{"name": f.name, "category": f.category} for f in details.features],
        "images": [
            {"url": _url(p, details.vehicle), "name": p.caption, "is_primary": n == 0}
            for n, p in enumerate(details.pictures)
        ],
        "video_url": details.video_url,
        "virtual_tour_url": details.tour_url,
    }


def availability(
    quote: Quote, vehicle: Vehicle, reasons: Sequence[Reason] = (), next_free: DateRange | None = None
) -> Json:
    """Return the answer about a range of days (docs/odoo-contract.md, sections 1 and 4.2).

    The price is 0 when the days are taken. `reasons` are all obstacles to booking them.
    """
    return {
        "available": quote.available,
        "vehicle_id": quote.vehicle_id,
        "days": len(quote.days),
        "estimated_price": to_number(quote.total) or 0,
        "daily_rate": to_number(vehicle.rates.daily),
        "currency": quote.total.currency if quote.total else vehicle.currency,
        "bookable": not reasons,
        "reasons": list(map(_reason, reasons)),
        "next_free": next_free and _range(next_free),
    }


def _reason(reason: Reason) -> Json:
    limit = {} if reason.limit is None else {"limit": reason.limit}
    return {"code": reason.code.value, "message": reason.sentence, **limit}


def _range(days: DateRange) -> Json:
    return {"date_from": days.start.isoformat(), "date_to": days.end.isoformat()}


def _limits(vehicle: Vehicle) -> Json:
    """The shortest and the longest rental in days; nothing while they are not known."""
    if vehicle.minimum_days is None:
        return {}
    return {"minimum_rental_days": vehicle.minimum_days, "maximum_rental_days": vehicle.maximum_days}


def _url(picture: Picture, vehicle: Vehicle) -> str:
    """The address at which the site itself serves the picture, as Odoo's address may be an internal one."""
    return picture_url(picture, LARGEST, vehicle)
