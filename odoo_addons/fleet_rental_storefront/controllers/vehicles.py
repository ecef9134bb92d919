"""Vehicles and what there is to choose from (docs/odoo-contract.md, sections 1 and 4.2)."""

from odoo import http
from odoo.fields import Domain
from odoo.http import request

from ..exceptions import Refusal, VehicleUnknown
from ..models.fleet_vehicle import LISTING_TYPES
from . import fields
from .routing import route, success
from .vehicle_json import long_form, short_forms

MOST_AT_ONCE = 1000


class VehicleApi(http.Controller):
    @route("vehicles", "GET")
    def vehicles(self, **query):
        """The published vehicles that a query names, in the short form."""
        limit = min(fields.number(query, "limit", default=20, least=1), MOST_AT_ONCE)
        offset = fields.number(query, "offset", default=0)
        domain = _domain(query) & _bookable(query)
        total = all_vehicles().search_count(domain)
        found = all_vehicles().search(domain, order="id", offset=offset, limit=limit)
        return success(
            data=short_forms(found),
            pagination={"total": total, "limit": limit, "offset": offset, "has_more": offset + limit < total},
        )

    @route("vehicle/<int:vehicle_id>", "GET", readonly=False)
    def vehicle(self, vehicle_id, **_query):
        """One vehicle in the long form; a GET is counted as a view."""
        vehicle = published(vehicle_id)
        if request.httprequest.method == "GET":
            request.env["fleet.rental.visit"].sudo().create({"vehicle_id": vehicle.id})
        return success(data=long_form(vehicle))

    @route("vehicle/<int:vehicle_id>/busy", "GET")
    def busy(self, vehicle_id, **query):
        """The half-open ranges of days on which the vehicle cannot be had, within [from, to)."""
        start, end = fields.day(query, "from"), fields.day(query, "to")
        if end <= start:
            raise Refusal(request.env._("The end date must be after the start date."))
        ranges = published(vehicle_id)._busy_ranges_within(start, end)
        return success(data=[{"date_from": str(first), "date_to": str(last)} for first, last in ranges])

    @route("availability", "POST")
    def availability(self, **_query):
        """Whether the vehicle is free, what it costs, and why it could not be booked.

        `available` says that the days are free, as it always did; `bookable` that a booking would be taken.
        """
        asked = fields.json_object()
        vehicle = published(fields.number(asked, "vehicle_id", least=1))
        dates = fields.day(asked, "date_from"), fields.day(asked, "date_to")
        vehicle._check_rental_dates(*dates)
        reasons, days = vehicle._rental_reasons(*dates), (dates[1] - dates[0]).days
        available = not any(reason["code"] in {"taken", "in_maintenance", "not_for_rent"} for reason in reasons)
        free = vehicle._next_bookable(*dates) if reasons else None
        return success(
            available=available,
            vehicle_id=vehicle.id,
            days=days,
            estimated_price=vehicle._rental_price(days) if available else 0,
            daily_rate=vehicle.rental_price_daily,
            currency=vehicle._rental_currency().name,
            bookable=not reasons,
            reasons=reasons,
            next_free=free and {"date_from": str(free[0]), "date_to": str(free[1])},
        )

    @route("filters", "GET")
    def filters(self, **_query):
        """The values by which the list can be narrowed."""
        vehicles = all_vehicles().search(_published())
        fuels = dict(vehicles._fields["fuel_type"]._description_selection(request.env))
        used = sorted({fuel for fuel in vehicles.mapped("fuel_type") if fuel})
        prices = vehicles.mapped("rental_price_daily") or [0]
        return success(
            filters={
                "brands": [{"id": brand.id, "name": brand.name} for brand in vehicles.brand_id.sorted("name")],
                "fuel_types": [{"value": fuel, "label": fuels[fuel]} for fuel in used],
                "listing_types": [{"value": value, "label": label} for value, label in LISTING_TYPES],
                "price_range": {"min": min(prices), "max": max(prices)},
            }
        )


def all_vehicles():
    """The vehicles without regard to rights of the public user."""
    return request.env["fleet.vehicle"].sudo()


def published(vehicle_id):
    """The published vehicle with this id. Raises VehicleUnknown."""
    known = 0 < vehicle_id <= fields.LARGEST_ID
    found = all_vehicles().search(_published() & Domain("id", "=", vehicle_id)) if known else None
    if not found:
        raise VehicleUnknown(request.env._("There is no vehicle with the id %s.", vehicle_id))
    return found


def _published():
    """The vehicles on the website: those of other companies are not."""
    company = request.env["fleet.rental.storefront"]._current().company_id
    return Domain("rental_published", "=", True) & Domain("company_id", "in", [False, company.id])


def _domain(query):
    domain = _published()
    if listing := fields.choice(query, "listing_type", dict(LISTING_TYPES)):
        domain &= Domain("listing_type", "in", [listing, "both"])
    if query.get("brand_id"):
        domain &= Domain("brand_id", "=", fields.number(query, "brand_id"))
    if fuel := query.get("fuel_type"):
        domain &= Domain("fuel_type", "=", fuel)
    for name, operator in (("min_price", ">="), ("max_price", "<=")):
        price = fields.amount(query, name)
        if price is not None:
            domain &= Domain("rental_price_daily", operator, price)
    if fields.flag(query, "featured"):
        domain &= Domain("is_featured", "=", True)
    return domain


def _bookable(query):
    """Those that can be booked for the whole range, when both of its ends are given."""
    start = fields.day(query, "available_from", required=False)
    end = fields.day(query, "available_to", required=False)
    if start is None or end is None:
        return Domain.TRUE
    if end <= start:
        raise Refusal(request.env._("available_to must be after available_from."))
    return all_vehicles()._bookable_domain(start, end)
