"""The open calls of the REST API.

Source: docs/odoo-contract.md, section 1, with what section 4 adds to their answers.
"""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from lco.demo import pictures
from lco.demo.access import Access
from lco.demo.attempts import Attempts
from lco.demo.booking_service import BookingService
from lco.demo.bookings import Customer, Stay
from lco.demo.envelope import CORS, as_json, refused, refused_in_version_1, success, wrong_date_format
from lco.demo.events import plain
from lco.demo.forms import AvailabilityRequest, BookingRequest, VehicleQuery, loaded
from lco.demo.inventory import Criteria, Inventory
from lco.demo.pricing import estimate
from lco.demo.refusals import BadField, Refusal, WrongDateFormat
from lco.demo.vehicles import LISTING_TYPES, Vehicle

SHORT_FORM = (
    *("id", "name", "slug", "brand", "model", "year", "category", "listing_type", "sale_price"),
    *("rental_price_daily", "currency", "fuel_type", "seats", "doors", "featured", "short_description"),
    "view_count",
)
LIMITS = ("minimum_rental_days", "maximum_rental_days")
LONG_FORM = (
    *("full_description", "rental_terms", "specifications", *LIMITS),
    *("inquiry_count", "booking_count"),
)
OPTIONAL_RATES = ("rental_price_weekly", "rental_price_monthly")


def fleet_api(inventory: Inventory, bookings: BookingService, attempts: Attempts, access: Access) -> Blueprint:
    """The blueprint of the open calls under /api/fleet/, with what version 2 adds to their answers."""
    api = Blueprint("fleet", __name__, url_prefix="/api/fleet")
    api.after_request(_open_to_all_origins)
    api.register_error_handler(WrongDateFormat, wrong_date_format)

    @api.errorhandler(Refusal)
    def refusal(error: Refusal) -> ResponseReturnValue:
        return refused_in_version_1(error) if inventory.business.contract == 1 else refused(error)

    @api.get("/vehicles")
    def vehicles() -> ResponseReturnValue:
        query = loaded(VehicleQuery(), request.args.to_dict())
        limit, offset = query.pop("limit"), query.pop("offset")
        found = inventory.search(_criteria(query))
        page = [short_form(inventory, vehicle) for vehicle in found[offset : offset + limit]]
        more = offset + limit < len(found)
        pagination = {"total": len(found), "limit": limit, "offset": offset, "has_more": more}
        return success(data=page, pagination=pagination)

    @api.get("/vehicle/<int:vehicle_id>")
    def vehicle(vehicle_id: int) -> ResponseReturnValue:
        return success(data=long_form(inventory, inventory.view(vehicle_id)))

    @api.post("/availability")
    def availability() -> ResponseReturnValue:
        asked = loaded(AvailabilityRequest(), request.get_json(force=True, silent=True))
        stay = Stay(asked["date_from"], asked["date_to"])
        vehicle = inventory.vehicle(asked["vehicle_id"])
        free = inventory.is_free(vehicle, stay)
        return success(
            available=free,
            vehicle_id=vehicle.id,
            days=stay.days,
            estimated_price=plain(estimate(vehicle.rates, stay.days)) if free else 0,
            daily_rate=plain(vehicle.rental_price_daily),
            currency=vehicle.currency,
            **_verdict(inventory, vehicle, stay),
        )

    @api.post("/booking")
    def booking() -> ResponseReturnValue:
        if inventory.business.contract == 1:
            return _booked(bookings), 201
        access.check_write()
        key = request.headers.get("Idempotency-Key")
        return attempts.once("booking", key, request.get_data(as_text=True), lambda: _booked(bookings)), 201

    @api.get("/filters")
    def filters() -> ResponseReturnValue:
        return success(filters=_filters(inventory))

    return api


def _booked(bookings: BookingService) -> dict[str, Any]:
    """The answer to the booking in the request."""
    asked = loaded(BookingRequest(), request.get_json(force=True, silent=True))
    stay = Stay(asked.pop("date_from"), asked.pop("date_to"))
    customer = Customer(*(asked.pop(f"customer_{part}") for part in ("name", "email", "phone")))
    made = bookings.book(asked.pop("vehicle_id"), stay, customer, **asked)
    return {
        "success": True,
        "booking_ref": made.ref,
        "booking_id": made.id,
        "message": "Your booking request has been received. We will confirm it shortly.",
        "estimated_price": plain(made.total_amount),
        "currency": made.currency,
    }


def _verdict(inventory: Inventory, vehicle: Vehicle, stay: Stay) -> dict[str, Any]:
    """The fields that version 2 adds to availability: bookable, reasons and next_free.

    Source: docs/odoo-contract.md, section 4.2.
    """
    if inventory.business.contract == 1:
        return {}
    with inventory.lock:
        rules = inventory.rules
        reasons = rules.reasons(vehicle, stay)
        later = rules.next_free(vehicle, stay) if reasons else None
    next_free = {"date_from": plain(later.start), "date_to": plain(later.end)} if later else None
    return {"bookable": not reasons, "reasons": as_json(reasons), "next_free": next_free}


def short_form(inventory: Inventory, vehicle: Vehicle) -> dict[str, Any]:
    """A vehicle as the list shows it."""
    return {
        **{name: plain(getattr(vehicle, name)) for name in SHORT_FORM},
        "availability_status": inventory.status(vehicle),
        "primary_image": pictures.primary_path(vehicle),
        **_added_in_version_2(inventory, vehicle),
    }


def _added_in_version_2(inventory: Inventory, vehicle: Vehicle) -> dict[str, Any]:
    if inventory.business.contract == 1:
        return {}
    return {**{name: getattr(vehicle, name) for name in LIMITS}, "pool_id": False, "version": vehicle.version}


def long_form(inventory: Inventory, vehicle: Vehicle) -> dict[str, Any]:
    """A vehicle as its own call shows it; rates that do not exist are left out."""
    rates = {name: getattr(vehicle, name) for name in OPTIONAL_RATES}
    return {
        **short_form(inventory, vehicle),
        **{name: plain(rate) for name, rate in rates.items() if rate is not None},
        **{name: plain(getattr(vehicle, name)) for name in LONG_FORM},
        "features": [asdict(feature) for feature in vehicle.features],
        "images": pictures.gallery(vehicle),
        "video_url": False,
        "virtual_tour_url": False,
    }


def _criteria(query: dict[str, Any]) -> Criteria:
    """Dates narrow the list only when both are given."""
    start, end = query.pop("available_from", None), query.pop("available_to", None)
    if start is None or end is None:
        return Criteria(**query)
    if end <= start:
        raise BadField("available_to must be after available_from.")
    return Criteria(**query, free=Stay(start, end))


def _filters(inventory: Inventory) -> dict[str, Any]:
    vehicles = inventory.search(Criteria())
    prices = [vehicle.rental_price_daily for vehicle in vehicles]
    brands = sorted({vehicle.brand for vehicle in vehicles if vehicle.brand})
    fuels = sorted({vehicle.fuel_type for vehicle in vehicles if vehicle.fuel_type})
    return {
        "brands": [{"id": inventory.brand_id(brand), "name": brand} for brand in brands],
        "fuel_types": [_choice(fuel) for fuel in fuels],
        "listing_types": [_choice(listing_type) for listing_type in LISTING_TYPES],
        "price_range": {"min": plain(min(prices, default=0)), "max": plain(max(prices, default=0))},
    }


def _choice(value: str) -> dict[str, str]:
    return {"value": value, "label": value.capitalize()}


def _open_to_all_origins(response: Response) -> Response:
    response.headers.update(CORS)
    return response
