"""The description of the JSON API (OpenAPI 3.1), made from the schemas that read requests."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields, validate

from lco.blueprints.api_changes import CancelSchema, ChangeSchema, DayFields
from lco.blueprints.fleet import AskSchema, ListSchema
from lco.bookings.schemas import BookingSchema, VehicleId
from lco.domain.booking import State
from lco.domain.rental import ReasonCode
from lco.domain.vehicle import Status
from lco.version import version

Json = Mapping[str, Any]
ABOUT = "What the site knows of its machines, and booking. docs/odoo-contract.md has the agreement behind it."
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 257},
    "description": "Names the attempt: the same key and body get the same booking, however often they are sent.",
}
VEHICLE = {
    "name": "vehicle_id",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "minimum": 0},
}
TOKEN = {
    "name": "token",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "The secret in the booking's address.",
}
DAYS = (("available_from", "the first day, YYYY-MM-DD"), ("available_to", "the day of return, YYYY-MM-DD"))


BOOKING = "/api/booking/{token}"
CHANGE = [400, 404, 409, 410, 413, 415, 422]


class OrderSchema(BookingSchema, DayFields):
    """The body of `POST /api/booking`."""

    terms_digest = fields.String(
        allow_none=True,
        metadata={
            "description": "The customer agrees to the rental terms with this digest, `agreement.digest` of the "
            "machine. Left out, the booking is made without, and its page says so."
        },
    )


class ErrorSchema(Schema):
    """The answer when something is wrong."""

    success = fields.Boolean(required=True, validate=validate.Equal(False))
    error = fields.String(required=True, metadata={"description": "a code for programs"})
    message = fields.String(required=True, metadata={"description": "a sentence for people"})
    fields_ = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), data_key="fields")
    alternatives = fields.List(fields.Nested(DayFields))
    until = fields.DateTime(
        allow_none=True, metadata={"description": "with too_late: until when it could be changed"}
    )


class ReasonSchema(Schema):
    """One obstacle to a booking."""

    code = fields.String(required=True, validate=validate.OneOf([code.value for code in ReasonCode]))
    message = fields.String(required=True)
    limit = fields.Raw()


class VehicleSchema(Schema):
    """The short form of a machine."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    slug = fields.String(required=True, allow_none=True)
    brand = fields.String(required=True, allow_none=True)
    model = fields.String(required=True, allow_none=True)
    year = fields.String(required=True, allow_none=True)
    category = fields.String(required=True, allow_none=True)
    listing_type = fields.String(required=True, validate=validate.OneOf(["rental", "both"]))
    sale_price = fields.Float(required=True, allow_none=True)
    rental_price_daily = fields.Float(required=True, allow_none=True)
    currency = fields.String(required=True)
    fuel_type = fields.String(required=True, allow_none=True)
    seats = fields.Integer(required=True, allow_none=True)
    doors = fields.Integer(required=True, allow_none=True)
    availability_status = fields.String(required=True, validate=validate.OneOf([one.value for one in Status]))
    featured = fields.Boolean(required=True)
    short_description = fields.String(required=True, allow_none=True)
    primary_image = fields.String(required=True, allow_none=True)
    minimum_rental_days = fields.Integer(allow_none=True)
    maximum_rental_days = fields.Integer(allow_none=True)


class AgreementFields(Schema):
    """Rental terms as they are shown now, and the digest that names them."""

    text = fields.String(required=True, metadata={"description": "HTML, cleaned"})
    digest = fields.String(required=True, metadata={"description": "SHA-256 of the text, in hex"})


class DetailsSchema(VehicleSchema):
    """The long form of a machine; its HTML is cleaned."""

    rental_price_weekly = fields.Float(required=True, allow_none=True)
    rental_price_monthly = fields.Float(required=True, allow_none=True)
    full_description = fields.String(required=True, allow_none=True)
    rental_terms = fields.String(required=True, allow_none=True)
    agreement = fields.Nested(
        AgreementFields,
        required=True,
        allow_none=True,
        metadata={"description": "what a customer agrees to: the terms of the shop and of the machine"},
    )
    specifications = fields.Dict(required=True)
    features = fields.List(fields.Dict(), required=True)
    images = fields.List(fields.Dict(), required=True)
    video_url = fields.String(required=True, allow_none=True)
    virtual_tour_url = fields.String(required=True, allow_none=True)


class PaginationSchema(Schema):
    """Which part of all that was found this is."""

    total = fields.Integer(required=True)
    limit = fields.Integer(required=True)
    offset = fields.Integer(required=True)
    has_more = fields.Boolean(required=True)


class VehiclesAnswer(Schema):
    """A page of machines."""

    success = fields.Boolean(required=True)
    data = fields.List(fields.Nested(VehicleSchema), required=True)
    pagination = fields.Nested(PaginationSchema, required=True)


class VehicleAnswer(Schema):
    """One machine."""

    success = fields.Boolean(required=True)
    data = fields.Nested(DetailsSchema, required=True)


class AvailabilityAnswer(Schema):
    """Whether a machine can be had, and for how much."""

    success = fields.Boolean(required=True)
    available = fields.Boolean(required=True, metadata={"description": "no other booking is in the way"})
    bookable = fields.Boolean(required=True, metadata={"description": "nothing is in the way"})
    vehicle_id = fields.Integer(required=True)
    days = fields.Integer(required=True)
    estimated_price = fields.Float(required=True)
    daily_rate = fields.Float(required=True, allow_none=True)
    currency = fields.String(required=True)
    reasons = fields.List(fields.Nested(ReasonSchema), required=True)
    next_free = fields.Nested(DayFields, required=True, allow_none=True)


class FiltersAnswer(Schema):
    """The values that lists can be filtered by."""

    success = fields.Boolean(required=True)
    filters = fields.Dict(required=True)


class BookedAnswer(Schema):
    """A booking that Odoo has made."""

    success = fields.Boolean(required=True)
    booking_ref = fields.String(required=True)
    booking_id = fields.Integer(required=True, allow_none=True)
    message = fields.String(required=True)
    estimated_price = fields.Float(required=True, allow_none=True)
    currency = fields.String(required=True, allow_none=True)


class BookingFields(Schema):
    """A booking. A change has to name its `version`, which a quote gives."""

    booking_ref = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, validate=validate.OneOf([state.value for state in State]))
    version = fields.Integer(required=True, allow_none=True)
    vehicle_id = fields.Integer(required=True)
    vehicle_name = fields.String(required=True)
    date_from = fields.Date(required=True)
    date_to = fields.Date(required=True)
    total_amount = fields.Float(required=True, allow_none=True)
    currency = fields.String(required=True, allow_none=True)
    picked_up_on = fields.Date(required=True, allow_none=True)
    returned_on = fields.Date(required=True, allow_none=True)
    terms_digest = fields.String(
        required=True, allow_none=True, metadata={"description": "of the rental terms agreed to; null: none were"}
    )
    changeable = fields.Boolean(required=True, metadata={"description": "false: please call"})
    change_under_way = fields.Boolean(required=True, metadata={"description": "a change has no outcome yet"})


class BookingAnswer(Schema):
    """One booking."""

    success = fields.Boolean(required=True)
    data = fields.Nested(BookingFields, required=True)


class ChangeQuoteAnswer(Schema):
    """The price of a booking now and on other days, and what is in the way."""

    success = fields.Boolean(required=True)
    version = fields.Integer(required=True, allow_none=True)
    price_now = fields.Float(required=True, allow_none=True)
    price_then = fields.Float(required=True, allow_none=True)
    difference = fields.Float(required=True, allow_none=True)
    currency = fields.String(required=True, allow_none=True)
    bookable = fields.Boolean(required=True)
    reasons = fields.List(fields.Nested(ReasonSchema), required=True)
    until = fields.DateTime(required=True, allow_none=True)


class ChangeKeptAnswer(Schema):
    """A change without an outcome yet: the site finds out by itself."""

    success = fields.Boolean(required=True)
    state = fields.String(required=True)
    message = fields.String(required=True)


class KeptAnswer(Schema):
    """A request that is kept, and placed as soon as Odoo answers."""

    success = fields.Boolean(required=True)
    state = fields.String(required=True)
    message = fields.String(required=True)
    booking_ref = fields.String(required=True, allow_none=True)
    booking_url = fields.Url(required=True)


@cache
def description() -> Json:
    """The whole document, made once for each process."""
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec("Rentals", version(), "3.1.0", info={"description": ABOUT}, plugins=[plugin])
    plugin.map_to_openapi_type(VehicleId, "integer", "int32")  # type: ignore[no-untyped-call] # the library's
    for path, method, operation in _operations():
        spec.path(path, operations={method: operation})
    return dict(spec.to_dict())


def _operations() -> list[tuple[str, str, Json]]:
    days = [{"name": n, "in": "query", "schema": {"type": "string"}, "description": said} for n, said in DAYS]
    query = [{"in": "query", "schema": ListSchema}, *days]
    price = "Ask for a price and for what is in the way"
    stream = {"description": "a stream", "content": {"text/event-stream": {}}}
    events = {"summary": "Listen to what happens", "responses": {"200": stream, **_errors([])}}
    this = {"summary": "Read this description", "responses": {"200": {"description": "OpenAPI 3.1"}}}
    return [
        ("/api/fleet/vehicles", "get", _operation("List machines", VehiclesAnswer, [400, 404], parameters=query)),
        (
            "/api/fleet/vehicle/{vehicle_id}",
            "get",
            _operation("Show one machine", VehicleAnswer, [404, 410], parameters=[VEHICLE]),
        ),
        ("/api/fleet/filters", "get", _operation("List what machines can be filtered by", FiltersAnswer, [])),
        (
            "/api/fleet/availability",
            "post",
            _operation(price, AvailabilityAnswer, [400, 404, 410, 415], AskSchema),
        ),
        ("/api/booking", "post", _booking()),
        (BOOKING, "get", _operation("Show a booking", BookingAnswer, [404], parameters=[TOKEN])),
        (
            f"{BOOKING}/quote",
            "post",
            _operation("Ask what other days would cost", ChangeQuoteAnswer, CHANGE, DayFields, parameters=[TOKEN]),
        ),
        (f"{BOOKING}/change", "post", _change("Change the days of a booking", ChangeSchema)),
        (f"{BOOKING}/cancel", "post", _change("Cancel a booking", CancelSchema)),
        ("/api/events", "get", events),
        ("/api/openapi.json", "get", this),
    ]


def _booking() -> Json:
    refusals = [400, 404, 409, 410, 413, 415, 422]
    booked = _operation("Book a machine", BookedAnswer, refusals, OrderSchema, status=201, parameters=[KEY])
    kept = {"202": _content("kept; booking_url shows what becomes of it", KeptAnswer)}
    return {**booked, "responses": booked["responses"] | kept}


def _change(summary: str, body: type[Schema]) -> Json:
    changed = _operation(summary, BookingAnswer, CHANGE, body, parameters=[TOKEN, KEY])
    kept = {"202": _content("the outcome is not known yet", ChangeKeptAnswer)}
    return {**changed, "responses": changed["responses"] | kept}


def _operation(
    summary: str,
    answer: type[Schema],
    errors: list[int],
    body: type[Schema] | None = None,
    *,
    status: int = 200,
    **more: Any,
) -> dict[str, Any]:
    asked = {"requestBody": {"required": True, **_json(body)}} if body else {}
    responses = {str(status): _content("done", answer), **_errors(errors)}
    return {"summary": summary, "responses": responses} | asked | more


def _errors(statuses: list[int]) -> dict[str, Json]:
    return {str(status): _content("refused", ErrorSchema) for status in sorted({*statuses, 403, 429, 503})}


def _content(said: str, schema: type[Schema]) -> dict[str, Any]:
    return {"description": said, **_json(schema)}


def _json(schema: type[Schema]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _name(schema: type[Schema] | Schema | str) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Schema")
