"""The JSON mirror of Odoo's reading calls, answered from what the site knows.

Source: docs/odoo-contract.md, section 1.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, jsonify, request
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from lco.availability.schemas import parse_date_range
from lco.catalogue.search import categories, label
from lco.domain.date_range import DateRange
from lco.domain.quote import Quote
from lco.domain.vehicle import Vehicle
from lco.errors import BadRequest, InvalidInput, NotFound, sentences
from lco.web import cors, serializers
from lco.web.extensions import current_services
from lco.web.json_body import json_object

blueprint = Blueprint("fleet", __name__, url_prefix="/api/fleet")
cors.check_origins(blueprint)

LISTING_TYPES = ("rental", "both")


class ListSchema(Schema):
    """The query of `GET /api/fleet/vehicles` (docs/odoo-contract.md, section 1)."""

    class Meta:
        """Marshmallow's options."""

        unknown = EXCLUDE

    listing_type = fields.String(load_default=None, validate=validate.OneOf(["sale", *LISTING_TYPES]))
    brand_id = fields.Integer(load_default=None)
    fuel_type = fields.String(load_default=None)
    min_price = fields.Decimal(load_default=None, allow_nan=False)
    max_price = fields.Decimal(load_default=None, allow_nan=False)
    featured = fields.Boolean(load_default=None)
    limit = fields.Integer(load_default=20, validate=validate.Range(1, 500))
    offset = fields.Integer(load_default=0, validate=validate.Range(0, 1_000_000))


class AskSchema(Schema):
    """The body of `POST /api/fleet/availability` (docs/odoo-contract.md, section 1)."""

    class Meta:
        """Marshmallow's options."""

        unknown = EXCLUDE

    vehicle_id = fields.Integer(required=True, strict=True)
    date_from = fields.String(required=True)
    date_to = fields.String(required=True)


@blueprint.get("/vehicles")
def vehicles() -> Response:
    """`GET /api/fleet/vehicles` (docs/odoo-contract.md, section 1); 200, 400; revalidated."""
    wanted = _loaded(ListSchema(), request.args)
    days = _days(
        {"date_from": request.args.get("available_from", ""), "date_to": request.args.get("available_to", "")}
    )
    free = _free(days) if days else None
    brand = _brand(wanted["brand_id"])
    found = [
        vehicle
        for vehicle in current_services().catalogue.vehicles().vehicles
        if (free is None or vehicle.id in free) and _matches(vehicle, wanted, brand)
    ]
    limit, offset = wanted["limit"], wanted["offset"]
    pagination = {"total": len(found), "limit": limit, "offset": offset, "has_more": offset + limit < len(found)}
    return jsonify(
        success=True,
        data=[serializers.vehicle_summary(v) for v in found[offset : offset + limit]],
        pagination=pagination,
    )


@blueprint.get("/vehicle/<int:vehicle_id>")
def vehicle(vehicle_id: int) -> Response:
    """`GET /api/fleet/vehicle/<id>`: the long form; 200, 404, 410; revalidated."""
    services = current_services()
    details = services.catalogue.details(vehicle_id)
    return jsonify(success=True, data=serializers.vehicle_detail(details, services.agreement(details)))


@blueprint.post("/availability")
def availability() -> Response:
    """`POST /api/fleet/availability` with `vehicle_id`, `date_from`, `date_to` as JSON; not cached.

    200 with whether the days can be rented, and the price; 400, 404, 410, 413, 415, 429, 503.
    """
    services = current_services()
    asked = _loaded(AskSchema(), json_object())
    days = _days(asked)
    if days is None:
        raise BadRequest("Both date_from and date_to are needed.")
    vehicle = services.catalogue.with_limits(asked["vehicle_id"])
    if services.rules.check_days(days):
        quote = Quote(vehicle.id, days, available=False)  # for no machine, so Odoo need not be asked
    else:
        quote = services.availability.quote(vehicle.id, days)
    reasons = services.rules.check(vehicle, days, quote)
    next_free = _next_free(vehicle, quote) if reasons else None
    return jsonify(success=True, **serializers.availability(quote, vehicle, reasons, next_free))


@blueprint.get("/filters")
def filters() -> Response:
    """`GET /api/fleet/filters`: the values of each filter; 200; revalidated."""
    snapshot = current_services().catalogue.vehicles()
    every, prices = snapshot.vehicles, snapshot.price_range
    fuels = sorted({v.fuel_type for v in every if v.fuel_type})
    return jsonify(
        success=True,
        filters={
            "brands": [{"id": id_, "name": name} for id_, name in current_services().catalogue.brands().items()],
            "fuel_types": [{"value": fuel, "label": label(fuel)} for fuel in fuels],
            "listing_types": [{"value": kind, "label": label(kind)} for kind in LISTING_TYPES],
            "categories": [{"value": c.value, "label": c.label} for c in categories(every)],
            "price_range": {"min": float(prices[0]), "max": float(prices[1])} if prices else None,
        },
    )


def _free(days: DateRange) -> frozenset[int]:
    """The ids of what can be rented on `days`. Odoo is not asked about days on which nothing can be rented."""
    services = current_services()
    return frozenset() if services.rules.check_days(days) else services.catalogue.free(days)


def _next_free(vehicle: Vehicle, quote: Quote) -> DateRange | None:
    """The next days of the same length that can be rented, not before those of `quote`, as far as it is known."""
    services = current_services()
    if quote.next_free and not services.rules.check(vehicle, quote.next_free):
        return quote.next_free  # Odoo may not know all rules of the site
    nearest = services.availability.alternatives(vehicle, quote.days)
    return next((days for days in nearest if days.start >= quote.days.start), None)


def _matches(vehicle: Vehicle, wanted: Mapping[str, Any], brand: str | None) -> bool:
    daily = vehicle.rates.daily.amount if vehicle.rates.daily else Decimal(0)
    return (
        wanted["listing_type"] in {None, "rental", "both" if vehicle.sale_price else "rental"}
        and (brand is None or vehicle.brand == brand)
        and (wanted["fuel_type"] is None or vehicle.fuel_type == wanted["fuel_type"])
        and (wanted["min_price"] is None or daily >= wanted["min_price"])
        and (wanted["max_price"] is None or daily <= wanted["max_price"])
        and (wanted["featured"] is None or vehicle.featured == wanted["featured"])
    )


def _brand(brand_id: int | None) -> str | None:
    """The name of the brand; one that Odoo does not have matches nothing, so it is not found."""
    if brand_id is None:
        return None
    name = current_services().catalogue.brands().get(brand_id)
    if name is None:
        raise NotFound("We have no such brand.")
    return name


def _loaded(schema: Schema, data: Any) -> Mapping[str, Any]:
    """The values that an API client sent, checked. Raises BadRequest, which the contract answers with 400."""
    try:
        return dict(schema.load(data))
    except ValidationError as error:
        raise BadRequest(_sentence(sentences(error))) from error


def _days(arguments: Mapping[str, str]) -> DateRange | None:
    try:
        return parse_date_range(arguments)
    except InvalidInput as error:
        raise BadRequest(_sentence(error.fields)) from error


def _sentence(problems: Mapping[str, Sequence[str]]) -> str:
    return " ".join(f"{name}: {' '.join(found)}" for name, found in problems.items())
