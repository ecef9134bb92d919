"""What may come in over HTTP, as marshmallow schemas: the API's calls and the controls."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields
from marshmallow.validate import Length, OneOf, Range

from lco.demo.bookings import BOOKING_TYPES
from lco.demo.faults import MODES
from lco.demo.refusals import BadField, WrongDateFormat
from lco.demo.vehicles import LISTING_TYPES, STATUSES

FILLED = Length(min=1)
NOT_NEGATIVE = Range(min=0)
AT_LEAST_ONE = Range(min=1)


def loaded(schema: Schema, data: object) -> dict[str, Any]:
    """The checked and typed fields.

    Raises BadField, which names every field at fault, or WrongDateFormat where an OdooDate is none.
    """
    if not isinstance(data, Mapping):
        raise BadField("The request must be a JSON object.")
    try:
        result: dict[str, Any] = schema.load(data)
    except ValidationError as error:
        raise BadField(_in_words(error.messages_dict)) from error
    return result


def _in_words(messages: Mapping[str, Any]) -> str:
    return " ".join(f"{name}: {' '.join(map(str, texts))}" for name, texts in sorted(messages.items()))


class OdooDate(fields.Field[date]):
    """A day as YYYY-MM-DD; anything else goes wrong the way the real Odoo goes wrong (contract section 1)."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:  # noqa: ARG002 - marshmallow's signature
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").replace(tzinfo=UTC).date()
        except ValueError as error:
            raise WrongDateFormat(str(error)) from error


class ApiSchema(Schema):
    class Meta:
        unknown = EXCLUDE


class VehicleQuery(ApiSchema):
    """The query of GET /api/fleet/vehicles."""

    listing_type = fields.String(validate=OneOf(LISTING_TYPES))
    brand_id = fields.Integer()
    fuel_type = fields.String()
    min_price = fields.Decimal()
    max_price = fields.Decimal()
    available_from = OdooDate()
    available_to = OdooDate()
    featured = fields.Boolean()
    limit = fields.Integer(load_default=20, validate=AT_LEAST_ONE)
    offset = fields.Integer(load_default=0, validate=NOT_NEGATIVE)


class AvailabilityRequest(ApiSchema):
    """The body of POST /api/fleet/availability."""

    vehicle_id = fields.Integer(required=True)
    date_from = OdooDate(required=True)
    date_to = OdooDate(required=True)


class BusyQuery(ApiSchema):
    """The query of GET /api/fleet/vehicle/{id}/busy, where a date that is none is 400."""

    start = fields.Date(required=True, data_key="from")
    end = fields.Date(required=True, data_key="to")


class BookingRequest(AvailabilityRequest):
    """The body of POST /api/fleet/booking."""

    customer_name = fields.String(required=True, validate=FILLED)
    customer_email = fields.Email(required=True)
    customer_phone = fields.String(required=True, validate=FILLED)
    booking_type = fields.String(load_default="reservation", validate=OneOf(BOOKING_TYPES))
    pickup_location = fields.String(load_default="")
    return_location = fields.String(load_default="")
    message = fields.String(load_default="")


class ControlSchema(Schema):
    class Meta:
        unknown = RAISE  # A misspelt control must not look as if it had worked.


class VehicleChanges(ControlSchema):
    """What the controls may set on a vehicle."""

    name = fields.String(validate=FILLED)
    brand = fields.String()
    model = fields.String()
    year = fields.String()
    category = fields.String()
    fuel_type = fields.String()
    listing_type = fields.String(validate=OneOf(LISTING_TYPES))
    short_description = fields.String()
    full_description = fields.String()
    rental_terms = fields.String()
    featured = fields.Boolean()
    rental_price_daily = fields.Decimal(places=2, validate=NOT_NEGATIVE)
    rental_price_weekly = fields.Decimal(places=2, validate=NOT_NEGATIVE, allow_none=True)
    rental_price_monthly = fields.Decimal(places=2, validate=NOT_NEGATIVE, allow_none=True)
    minimum_rental_days = fields.Integer(validate=AT_LEAST_ONE)
    maximum_rental_days = fields.Integer(validate=AT_LEAST_ONE)
    availability_status = fields.String(validate=OneOf(STATUSES))
    in_maintenance = fields.Boolean()
    maintenance_until = fields.Date(allow_none=True)


class NewVehicle(VehicleChanges):
    """What a new vehicle needs; it starts in service."""

    class Meta(ControlSchema.Meta):
        exclude = ("in_maintenance",)

    name = fields.String(required=True, validate=FILLED)
    rental_price_daily = fields.Decimal(required=True, places=2, validate=NOT_NEGATIVE)


class Move(ControlSchema):
    """New dates for a booking."""

    date_from = fields.Date(required=True)
    date_to = fields.Date(required=True)


class Cancellation(ControlSchema):
    """Why a booking is cancelled."""

    reason = fields.String(load_default="Cancelled by the office")


class FaultRequest(ControlSchema):
    """Which fault the API shows from now on."""

    mode = fields.String(required=True, validate=OneOf(MODES))
    seconds = fields.Float(load_default=None, allow_none=True, validate=NOT_NEGATIVE)
    path = fields.String(load_default="/api/", validate=FILLED)


class Reset(ControlSchema):
    """How far back a reset goes."""

    calls_only = fields.Boolean(load_default=False)
