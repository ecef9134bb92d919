"""The REST API for the storefront, as docs/odoo-contract.md has it: vehicles, availability, bookings."""

import hashlib
import json

from odoo import http
from odoo.http import request

from ..exceptions import Refusal, VehicleUnknown
from ..models.fleet_vehicle import LISTING_TYPES
from . import fields
from .dispatcher import LONGEST_BODY
from .vehicle_json import long_form, short_form

MOST_AT_ONCE = 1000
KINDS = ("inquiry", "reservation", "test_drive")


def route(path, method, *, readonly=True):
    """A public route of this API. Sessions are not saved, so that no answer sets a cookie."""
    return http.route(
        f"/api/fleet/{path}",
        type="fleet_api",
        auth="public",
        methods=[method],
        cors="*",
        csrf=False,
        save_session=False,
        readonly=readonly,
        max_content_length=LONGEST_BODY,
    )


class FleetApi(http.Controller):
    @route("vehicles", "GET")
    def vehicles(self, **query):
        limit = fields.number(query, "limit", default=20, least=1)
        offset = fields.number(query, "offset", default=0)
        found = _free(_vehicles().search(_domain(query), order="id"), query)
        limit = min(limit, MOST_AT_ONCE)
        return _success(
            data=[short_form(vehicle) for vehicle in found[offset : offset + limit]],
            pagination={
                "total": len(found),
                "limit": limit,
                "offset": offset,
                "has_more": offset + limit < len(found),
            },
        )

    @route("vehicle/<int:vehicle_id>", "GET", readonly=False)
    def vehicle(self, vehicle_id, **_query):
        vehicle = _vehicle(vehicle_id)
        request.env["fleet.rental.visit"].sudo().create({"vehicle_id": vehicle.id})
        return _success(data=long_form(vehicle))

    @route("vehicle/<int:vehicle_id>/busy", "GET")
    def busy(self, vehicle_id, **query):
        """The half-open ranges of days on which the vehicle cannot be had, within [from, to)."""
        start, end = fields.day(query, "from"), fields.day(query, "to")
        if end <= start:
            raise Refusal("The end date must be after the start date.")
        vehicle = _vehicle(vehicle_id)
        ranges = vehicle._busy_ranges_within(start, end)
        return _success(data=[{"date_from": str(first), "date_to": str(last)} for first, last in ranges])

    @route("availability", "POST")
    def availability(self, **_query):
        asked = fields.json_object(request)
        vehicle = _vehicle(fields.number(asked, "vehicle_id", least=1))
        dates = fields.day(asked, "date_from"), fields.day(asked, "date_to")
        vehicle._check_rental_dates(*dates)
        free, days = vehicle._is_free(*dates), (dates[1] - dates[0]).days
        return _success(
            available=free,
            vehicle_id=vehicle.id,
            days=days,
            estimated_price=vehicle._rental_price(days) if free else 0,
            daily_rate=vehicle.rental_price_daily,
            currency=vehicle._rental_currency().name,
        )

    @route("booking", "POST", readonly=False)
    def booking(self, **_query):
        asked = fields.json_object(request)
        vehicle = _vehicle(fields.number(asked, "vehicle_id", least=1))
        dates = fields.day(asked, "date_from"), fields.day(asked, "date_to")
        customer = {
            "name": fields.text(asked, "customer_name", required=True),
            "email": fields.email(asked, "customer_email"),
            "phone": fields.text(asked, "customer_phone", required=True),
        }
        details = {
            "booking_type": fields.choice(asked, "booking_type", KINDS, "reservation"),
            "pickup_location": fields.text(asked, "pickup_location"),
            "return_location": fields.text(asked, "return_location"),
            "message": fields.text(asked, "message", longest=fields.LONGEST_TEXT),
        }
        bookings = request.env["fleet.rental.booking"].sudo()
        answer = bookings._place(vehicle, dates, customer, details, *_idempotency(asked))
        return _success(status=201, **answer)

    @route("filters", "GET")
    def filters(self, **_query):
        vehicles = _vehicles().search([("rental_published", "=", True)])
        fuels = dict(vehicles._fields["fuel_type"]._description_selection(request.env))
        used = sorted({fuel for fuel in vehicles.mapped("fuel_type") if fuel})
        prices = vehicles.mapped("rental_price_daily") or [0]
        return _success(
            filters={
                "brands": [{"id": brand.id, "name": brand.name} for brand in vehicles.brand_id.sorted("name")],
                "fuel_types": [{"value": fuel, "label": fuels[fuel]} for fuel in used],
                "listing_types": [{"value": value, "label": label} for value, label in LISTING_TYPES],
                "price_range": {"min": min(prices), "max": max(prices)},
            }
        )


def _success(status=200, **content):
    return request.make_json_response({"success": True, **content}, status=status)


def _vehicles():
    return request.env["fleet.vehicle"].sudo()


def _vehicle(vehicle_id):
    """The published vehicle with this id. Raises VehicleUnknown."""
    known = 0 < vehicle_id <= fields.LARGEST_ID
    found = _vehicles().search([("id", "=", vehicle_id), ("rental_published", "=", True)]) if known else None
    if not found:
        raise VehicleUnknown(f"There is no vehicle with the id {vehicle_id}.")
    return found


def _domain(query):
    domain = [("rental_published", "=", True)]
    if listing := fields.choice(query, "listing_type", dict(LISTING_TYPES)):
        domain.append(("listing_type", "in", [listing, "both"]))
    if query.get("brand_id"):
        domain.append(("brand_id", "=", fields.number(query, "brand_id")))
    if fuel := query.get("fuel_type"):
        domain.append(("fuel_type", "=", fuel))
    for name, operator in (("min_price", ">="), ("max_price", "<=")):
        price = fields.amount(query, name)
        if price is not None:
            domain.append(("rental_price_daily", operator, price))
    if fields.flag(query, "featured"):
        domain.append(("is_featured", "=", True))
    return domain


def _free(vehicles, query):
    """Those that are free in the whole range, when both of its ends are given."""
    start = fields.day(query, "available_from", required=False)
    end = fields.day(query, "available_to", required=False)
    if start is None or end is None:
        return vehicles
    if end <= start:
        raise Refusal("available_to must be after available_from.")
    return vehicles.filtered(lambda vehicle: vehicle._is_free(start, end))


def _idempotency(asked):
    """The Idempotency-Key, and what tells this request from another under the same key."""
    key = request.httprequest.headers.get("Idempotency-Key")
    if not key:
        return None, None
    if len(key) > fields.LONGEST_LINE:
        raise Refusal(f"Idempotency-Key: at most {fields.LONGEST_LINE} characters are taken.")
    body = json.dumps(asked, sort_keys=True).encode()
    return key, hashlib.sha256(body).hexdigest()
