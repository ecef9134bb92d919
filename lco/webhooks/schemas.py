"""What Odoo's events must look like: any of them is a hint, so little is demanded.

Source: docs/odoo-contract.md, section 2.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NoReturn

from marshmallow import EXCLUDE, Schema, ValidationError, fields, pre_load, validate

from lco.domain.date_range import DateRange
from lco.domain.money import DEFAULT_CURRENCY, Money
from lco.errors import BadRequest

TEST = "test"
LONGEST_TYPE = 100


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it came to `endpoint`. `payload` is None when that endpoint does not know the type."""

    endpoint: str
    type: str
    text: str
    payload: Mapping[str, Any] | None

    @property
    def subject(self) -> str:
        """What it is about, `vehicle:7` or `booking:BK-…`; of an unknown type nothing but the type is known."""
        payload = self.payload or {}
        if "booking_ref" in payload:
            return f"booking:{payload['booking_ref']}"
        return f"vehicle:{payload['vehicle_id']}" if "vehicle_id" in payload else self.type

    @property
    def digest(self) -> str:
        """SHA-256 of the body, the same for the same event sent again."""
        return hashlib.sha256(f"{self.endpoint}\n{self.text}".encode()).hexdigest()


def _printable(text: str) -> None:
    if not text.isprintable():
        raise ValidationError("Contains characters that nobody can see.")


def _text(longest: int, *, required: bool = False) -> fields.String:
    checks: list[Callable[[str], Any]] = [validate.Length(min=1, max=longest), _printable]
    return fields.String(validate=checks, **_presence(required=required))


def _vehicle_id(*, required: bool = True) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(1, 2**31 - 1), **_presence(required=required))


def _presence(*, required: bool) -> dict[str, Any]:
    return {"required": True} if required else {"load_default": None}


def _amount() -> fields.Decimal:
    return fields.Decimal(load_default=None, allow_nan=False, validate=validate.Range(Decimal(0), Decimal(10**9)))


def _day() -> fields.Date:
    return fields.Date(load_default=None)


def _currency() -> fields.String:
    return fields.String(load_default=DEFAULT_CURRENCY, validate=validate.Regexp(r"[A-Z]{3}\Z"))


class Payload(Schema):
    """Unknown fields are ignored; `false`, where it is no flag, and "" mean that a field is empty."""

    class Meta:
        unknown = EXCLUDE

    @pre_load
    def _drop_empty(self, data: Any, **_: Any) -> Any:
        flags = {name for name, known in self.fields.items() if isinstance(known, fields.Boolean)}
        return {k: v for k, v in data.items() if v is not None and v != "" and (v is not False or k in flags)}


class Terms(Payload):
    """What may be said of a booking's days and price. They are None unless they are complete."""

    date_from = _day()
    date_to = _day()
    total_amount = _amount()
    currency = _currency()


class BookingEvent(Payload):
    booking_ref = _text(100, required=True)


class BookingCreated(BookingEvent, Terms):
    vehicle_id = _vehicle_id(required=False)
    customer_email = _text(320)


class BookingCancelled(BookingEvent):
    cancellation_reason = fields.String(load_default="")


class BookingModified(BookingEvent):
    changes = fields.Raw(load_default=None)


class VehicleEvent(Payload):
    vehicle_id = _vehicle_id()


class AvailabilityChanged(VehicleEvent):
    availability_status = fields.String(load_default=None)
    available_from = _day()
    available_to = _day()


class Maintenance(VehicleEvent):
    in_maintenance = fields.Boolean(load_default=None)
    maintenance_until = _day()


class PriceUpdated(VehicleEvent):
    rental_price_daily = _amount()
    rental_price_weekly = _amount()
    rental_price_monthly = _amount()
    currency = _currency()


SCHEMAS: Mapping[str, Mapping[str, Schema]] = {
    "booking": {
        "booking.created": BookingCreated(),
        "booking.confirmed": BookingEvent(),
        "booking.cancelled": BookingCancelled(),
        "booking.modified": BookingModified(),
    },
    "inventory": {
        "vehicle.availability_changed": AvailabilityChanged(),
        "vehicle.added": VehicleEvent(),
        "vehicle.updated": VehicleEvent(),
        "vehicle.removed": VehicleEvent(),
        "vehicle.maintenance": Maintenance(),
        "price.updated": PriceUpdated(),
    },
}


def parse_event(endpoint: str, body: bytes) -> Event:
    """The event in `body`, which came to `endpoint`. Raises BadRequest with what is wrong with it."""
    text, data = _object(body)
    event_type = data.get("event_type")
    if not isinstance(event_type, str) or not 0 < len(event_type) <= LONGEST_TYPE or not event_type.isprintable():
        raise BadRequest(f"event_type: a text of 1 to {LONGEST_TYPE} characters is needed.")
    schema = SCHEMAS[endpoint].get(event_type)
    try:
        return Event(endpoint, event_type, text, schema.load(data) if schema else None)
    except ValidationError as error:
        raise BadRequest(_in_words(error)) from error


def parse_terms(changes: object) -> Mapping[str, Any]:
    """The days and the price in the `changes` of a booking, which have no fixed form: the unclear is left out."""
    schema = Terms()
    if not isinstance(changes, dict):
        return {}
    try:
        return dict(schema.load(changes))
    except ValidationError as error:
        return dict(error.valid_data) if isinstance(error.valid_data, dict) else {}


def date_range(payload: Mapping[str, Any]) -> DateRange | None:
    """The days from date_from to date_to, when both are there and in this order."""
    start, end = payload.get("date_from"), payload.get("date_to")
    is_range = isinstance(start, date) and isinstance(end, date) and start < end
    return DateRange(start, end) if is_range else None  # type: ignore[arg-type]  # both are dates by now


def total(payload: Mapping[str, Any]) -> Money | None:
    amount = payload.get("total_amount")
    return None if amount is None else Money(amount, payload.get("currency", DEFAULT_CURRENCY))


def _object(body: bytes) -> tuple[str, dict[str, Any]]:
    """The text of `body` and the JSON object it writes (RFC 8259: UTF-8, no NaN)."""
    try:
        text = body.decode("utf-8-sig")
        data = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body is not JSON in UTF-8.") from error
    if not isinstance(data, dict):
        raise BadRequest("The body is not a JSON object.")
    return text, data


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _in_words(error: ValidationError) -> str:
    messages = error.messages if isinstance(error.messages, dict) else {}
    return " ".join(f"{name}: {' '.join(map(str, found))}" for name, found in sorted(messages.items()))
