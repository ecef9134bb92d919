"""The input over HTTP as marshmallow schemas: the API's calls and the controls."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, post_load, pre_load
from marshmallow.validate import Length, OneOf, Range, Regexp

from lco.demo.bookings import BOOKING_TYPES
from lco.demo.business import Hours
from lco.demo.faults import MODES, PLACES
from lco.demo.refusals import BadField, WrongDateFormat
from lco.demo.vehicles import LISTING_TYPES, PICTURES, STATUSES

FILLED = Length(min=1)
NOT_NEGATIVE = Range(min=0)
AT_LEAST_ONE = Range(min=1)
CURRENCIES = ("USD", "EUR", "KWD", "JPY")
DIGITS = 3  # as many decimals as any currency has
ROWS_AT_ONCE = 500


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
    """A day as YYYY-MM-DD; anything else goes wrong the way the real Odoo goes wrong.

    Source: docs/odoo-contract.md, section 1.
    """

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:  # noqa: ARG002 - marshmallow's signature
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").replace(tzinfo=UTC).date()
        except ValueError as error:
            raise WrongDateFormat(str(error)) from error


class ApiSchema(Schema):
    """The base of all calls of the API: unknown fields are ignored."""

    class Meta:
        """Marshmallow's options."""

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


class CalendarQuery(ApiSchema):
    """The query of GET /api/fleet/calendar."""

    start = fields.Date(data_key="from")
    end = fields.Date(data_key="to")


class BookingRequest(AvailabilityRequest):
    """The body of POST /api/fleet/booking."""

    customer_name = fields.String(required=True, validate=FILLED)
    customer_email = fields.Email(required=True)
    customer_phone = fields.String(required=True, validate=FILLED)
    booking_type = fields.String(load_default="reservation", validate=OneOf(BOOKING_TYPES))
    pickup_location = fields.String(load_default="")
    return_location = fields.String(load_default="")
    message = fields.String(load_default="")


class ChangesQuery(ApiSchema):
    """The query of GET /api/fleet/changes."""

    after = fields.String()
    limit = fields.Integer(load_default=ROWS_AT_ONCE, validate=Range(1, ROWS_AT_ONCE))


class AfterId(ApiSchema):
    """The query of GET /api/fleet/bookings."""

    after_id = fields.Integer(load_default=0, validate=NOT_NEGATIVE)
    limit = fields.Integer(load_default=ROWS_AT_ONCE, validate=Range(1, ROWS_AT_ONCE))


class Days(ApiSchema):
    """The body of POST /api/fleet/booking/{ref}/quote."""

    date_from = fields.Date(required=True)
    date_to = fields.Date(required=True)


class ChangeRequest(Days):
    """The body of POST /api/fleet/booking/{ref}/change."""

    version = fields.Integer(required=True)


class GivingUp(ApiSchema):
    """The body of POST /api/fleet/booking/{ref}/cancel."""

    reason = fields.String(load_default="")
    version = fields.Integer(required=True)


class ControlSchema(Schema):
    """The base of all forms of the control page: unknown fields are refused."""

    class Meta:
        """Marshmallow's options."""

        unknown = RAISE  # A misspelt control must not look as if it had worked.

    @pre_load
    def _read_blank_texts(self, data: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        """A blank field of a form is None; for a text it means the empty text."""
        texts = {name for name, field in self.fields.items() if isinstance(field, fields.String)}
        return {name: "" if value is None and name in texts else value for name, value in data.items()}


class VehicleChanges(ControlSchema):
    """Fields of a vehicle that the controls may set."""

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
    picture = fields.String(validate=OneOf(PICTURES))
    currency = fields.String(validate=OneOf(CURRENCIES))
    rental_price_daily = fields.Decimal(places=DIGITS, validate=NOT_NEGATIVE)
    rental_price_weekly = fields.Decimal(places=DIGITS, validate=NOT_NEGATIVE, allow_none=True)
    rental_price_monthly = fields.Decimal(places=DIGITS, validate=NOT_NEGATIVE, allow_none=True)
    minimum_rental_days = fields.Integer(validate=AT_LEAST_ONE)
    maximum_rental_days = fields.Integer(validate=AT_LEAST_ONE)
    buffer_days = fields.Integer(validate=Range(min=0, max=30))
    availability_status = fields.String(validate=OneOf(STATUSES))
    in_maintenance = fields.Boolean()
    maintenance_until = fields.Date(allow_none=True)


class NewVehicle(VehicleChanges):
    """Fields of a new vehicle, which starts in service."""

    class Meta(ControlSchema.Meta):
        """Marshmallow's options."""

        exclude = ("in_maintenance",)

    name = fields.String(required=True, validate=FILLED)
    rental_price_daily = fields.Decimal(required=True, places=DIGITS, validate=NOT_NEGATIVE)


class Terms(ControlSchema):
    """Terms that staff may set on a booking; a term that is left out does not change."""

    vehicle_id = fields.Integer()
    date_from = fields.Date()
    date_to = fields.Date()
    total_amount = fields.Decimal(places=DIGITS, validate=NOT_NEGATIVE)
    booking_type = fields.String(validate=OneOf(BOOKING_TYPES))
    pickup_location = fields.String()
    return_location = fields.String()
    customer_name = fields.String(validate=FILLED)
    customer_email = fields.Email()
    customer_phone = fields.String(validate=FILLED)


class Cancellation(ControlSchema):
    """The reason of a cancellation."""

    reason = fields.String(load_default="Cancelled by the office")

    @pre_load
    def _drop_blank(self, data: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        return {name: value for name, value in data.items() if value}


class OpeningHours(ControlSchema):
    """The hours of one weekday."""

    opens = fields.Time(required=True)
    closes = fields.Time(required=True)

    @post_load
    def _hours(self, data: dict[str, Any], **_: Any) -> Hours:
        return Hours(**data)


class BusinessSettings(ControlSchema):
    """The settings of Odoo, those of the calendar and the storefront included; a blank key is none."""

    contract = fields.Integer(validate=OneOf((1, 2)))
    busy = fields.Boolean()
    api_key = fields.String()
    currency = fields.String(validate=OneOf(CURRENCIES))
    writes_a_minute = fields.Integer(validate=NOT_NEGATIVE)
    change_hours = fields.Integer(validate=NOT_NEGATIVE)
    weekdays = fields.List(fields.Nested(OpeningHours, allow_none=True), validate=Length(equal=7))
    closed = fields.Dict(keys=fields.Date(), values=fields.String())
    cut_off = fields.Time(allow_none=True)
    lead_days = fields.Integer(validate=NOT_NEGATIVE)
    horizon_days = fields.Integer(validate=AT_LEAST_ONE)
    name = fields.String(validate=FILLED)
    tagline = fields.String()
    logo = fields.String()
    accent = fields.String(validate=Regexp("#[0-9a-f]{6}$"))
    about_html = fields.String()
    terms_html = fields.String()
    phone = fields.String()
    email = fields.Email()
    street = fields.String()
    city = fields.String()
    map_url = fields.String()
    languages = fields.List(fields.String(validate=FILLED))


class OpenOrClosed(ControlSchema):
    """Open or closed."""

    is_open = fields.Boolean(required=True, data_key="open")


class ClosedDay(ControlSchema):
    """A single day on which the business is closed."""

    date = fields.Date(required=True)
    reason = fields.String(load_default="Closed")

    @pre_load
    def _drop_blank(self, data: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        return {name: value for name, value in data.items() if value}


class FaultRequest(ControlSchema):
    """The fault of all calls from now on."""

    mode = fields.String(required=True, validate=OneOf(MODES))
    seconds = fields.Float(load_default=None, allow_none=True, validate=NOT_NEGATIVE)
    path = fields.String(load_default="/api/", validate=FILLED)


class HabitRequest(ControlSchema):
    """A habit on or off, and its reach."""

    on = fields.Boolean(load_default=True)
    where = fields.String(load_default="everywhere", validate=OneOf(PLACES))
    vehicle_id = fields.Integer(load_default=None, allow_none=True)
    seconds = fields.Float(load_default=None, allow_none=True, validate=NOT_NEGATIVE)


class Reset(ControlSchema):
    """The extent of a reset."""

    calls_only = fields.Boolean(load_default=False)
