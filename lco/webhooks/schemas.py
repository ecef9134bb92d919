"""The form of Odoo's events (docs/odoo-contract.md, sections 2 and 4.5); little is demanded of them."""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from functools import cached_property
from typing import Any, NoReturn

from marshmallow import EXCLUDE, Schema, ValidationError, fields, pre_load, validate

from lco.domain.booking import KINDS, BookingEvent
from lco.errors import BadRequest
from lco.odoo.bookings import STATES
from lco.odoo.schemas import Currency
from lco.webhooks.event_types import WebhookType

log = logging.getLogger(__name__)

TEST = "test"
LONGEST_TYPE = 100


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it came to `endpoint`. `payload` is None when that endpoint does not know the type."""

    endpoint: str
    type: str
    text: str
    payload: Mapping[str, Any] | None
    booking: BookingEvent | None = None
    """The event as the bookings take it, of one that came to the endpoint for bookings."""

    @property
    def subject(self) -> str:
        """The record that it is about, `vehicle:7` or `booking:BK-…`; of an unknown type the type itself."""
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
        raise ValidationError("Contains invisible characters.")


def _text(longest: int, *, required: bool = False) -> fields.String:
    checks: list[Callable[[str], Any]] = [validate.Length(min=1, max=longest), _printable]
    return fields.String(validate=checks, **_presence(required=required))


def _vehicle_id(*, required: bool = True) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(1, 2**31 - 1), **_presence(required=required))


def _presence(*, required: bool) -> dict[str, Any]:
    return {"required": True} if required else {"load_default": None}


def _amount() -> fields.Decimal:
    return fields.Decimal(load_default=None, allow_nan=False, validate=validate.Range(Decimal(0), Decimal(10**9)))


class _Total(fields.Decimal):
    """An amount, in which Odoo's `false` means that there is no price, like 0."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return super()._deserialize(0 if value is False else value, attr, data, **kwargs)


def _total() -> _Total:
    return _Total(load_default=None, allow_nan=False, validate=validate.Range(Decimal(0), Decimal(10**9)))


def _day() -> fields.Date:
    return fields.Date(load_default=None)


def _currency() -> Currency:
    return Currency(load_default=None)


def _instant() -> fields.AwareDateTime:
    return fields.AwareDateTime(load_default=None, default_timezone=UTC)


def _version() -> fields.Integer:
    return fields.Integer(strict=True, load_default=None, validate=validate.Range(0, 2**63 - 1))


class Payload(Schema):
    """Unknown fields are ignored; `false`, where it is no flag, and "" mean that a field is empty."""

    class Meta:
        """Marshmallow's options."""

        unknown = EXCLUDE

    KEEP_FALSE: frozenset[str] = frozenset()
    """Fields that are no flags, and in which `false` still says something."""
    KEEP_BLANK: frozenset[str] = frozenset()
    """Fields in which "" says that the text is empty now."""

    @pre_load
    def _drop_empty(self, data: Any, **_: Any) -> Any:
        said = ((k, v) for k, v in data.items() if v is not None and (v is not False or k in self._may_be_false))
        return {k: v for k, v in said if v != "" or k in self.KEEP_BLANK}

    @cached_property
    def _may_be_false(self) -> frozenset[str]:
        flags = (name for name, known in self.fields.items() if isinstance(known, fields.Boolean))
        return self.KEEP_FALSE.union(flags)


class EmptiableText(fields.String):
    """A text, in which Odoo's `false` means that the text is empty now."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return "" if value is False else super()._deserialize(value, attr, data, **kwargs)


class Terms(Payload):
    """The terms of a booking, each of which may be missing."""

    KEEP_BLANK = frozenset({"pickup_location", "return_location"})
    KEEP_FALSE = KEEP_BLANK | {"total_amount"}

    vehicle_id = _vehicle_id(required=False)
    date_from = _day()
    date_to = _day()
    total_amount = _total()
    currency = _currency()
    pickup_location = EmptiableText(load_default=None)
    return_location = EmptiableText(load_default=None)
    booking_type = fields.String(load_default=None, validate=validate.OneOf(KINDS))
    customer_name = fields.String(load_default=None)
    picked_up_on = _day()
    returned_on = _day()


class BookingReference(Payload):
    """Which booking an event is about, and in version 2 of the contract its version, its time and its state."""

    booking_ref = _text(100, required=True)
    version = _version()
    at = _instant()
    state = fields.String(load_default=None)
    changes = fields.Raw(load_default=None)
    cancellation_reason = fields.String(load_default="")


class BookingCreated(BookingReference, Terms):
    """A booking was made. The address is the customer's."""

    customer_email = _text(320)


class VehicleEvent(Payload):
    """Which vehicle an event is about."""

    vehicle_id = _vehicle_id()


class AvailabilityChanged(VehicleEvent):
    """Its status, and the next days on which it is free."""

    availability_status = fields.String(load_default=None)
    available_from = _day()
    available_to = _day()


class Maintenance(VehicleEvent):
    """Its maintenance began or ended."""

    in_maintenance = fields.Boolean(load_default=None)
    maintenance_until = _day()


class PriceUpdated(VehicleEvent):
    """Its rates; 0 where it has no such rate."""

    rental_price_daily = _amount()
    rental_price_weekly = _amount()
    rental_price_monthly = _amount()
    currency = _currency()


SCHEMAS: Mapping[str, Mapping[str, Schema]] = {
    "booking": {
        WebhookType.BOOKING_CREATED: BookingCreated(),
        WebhookType.BOOKING_CONFIRMED: BookingReference(),
        WebhookType.BOOKING_CANCELLED: BookingReference(),
        WebhookType.BOOKING_MODIFIED: BookingReference(),
        WebhookType.BOOKING_PICKED_UP: BookingReference(),
        WebhookType.BOOKING_RETURNED: BookingReference(),
    },
    "inventory": {
        WebhookType.AVAILABILITY_CHANGED: AvailabilityChanged(),
        WebhookType.VEHICLE_ADDED: VehicleEvent(),
        WebhookType.VEHICLE_UPDATED: VehicleEvent(),
        WebhookType.VEHICLE_REMOVED: VehicleEvent(),
        WebhookType.MAINTENANCE: Maintenance(),
        WebhookType.PRICE_UPDATED: PriceUpdated(),
        WebhookType.CALENDAR_UPDATED: Payload(),
        WebhookType.STOREFRONT_UPDATED: Payload(),
    },
}

TERMS = Terms()
"""Made once, as the others: that takes longer than to read with it."""


def parse_event(endpoint: str, body: bytes) -> Event:
    """The event in `body`, which came to `endpoint`. Raises BadRequest with what is wrong with it."""
    text, data = _object(body)
    event_type = data.get("event_type")
    if not isinstance(event_type, str) or not 0 < len(event_type) <= LONGEST_TYPE or not event_type.isprintable():
        raise BadRequest(f"event_type: a text of 1 to {LONGEST_TYPE} characters is needed.")
    schema = SCHEMAS[endpoint].get(event_type)
    payload = _payload(schema, data) if schema else None
    booking = booking_event(event_type, data, payload) if payload and endpoint == "booking" else None
    return Event(endpoint, event_type, text, payload, booking)


def _payload(schema: Schema, data: Mapping[str, Any]) -> dict[str, Any]:
    """The values that `schema` reads from `data`. Raises BadRequest, which names the values that cannot be read.

    A booking has no other source in version 1, so what it does not need is left out where it cannot be read.
    """
    try:
        loaded: dict[str, Any] = schema.load(data)
    except ValidationError as error:
        broken = error.messages_dict
        if not isinstance(schema, BookingReference) or "booking_ref" in broken:
            raise BadRequest(_in_words(error)) from error
        log.warning("an event about a booking is read without %s", _in_words(error))
        loaded = schema.load({name: value for name, value in data.items() if name not in broken})
    return loaded


OF_TYPE: Mapping[str, str] = {
    WebhookType.BOOKING_CREATED: "draft",
    WebhookType.BOOKING_CONFIRMED: "confirmed",
    WebhookType.BOOKING_CANCELLED: "cancelled",
    WebhookType.BOOKING_PICKED_UP: "picked_up",
    WebhookType.BOOKING_RETURNED: "returned",
}
"""The state that an event without one stands for."""
STEPS = frozenset({"picked_up", "returned"})


def booking_event(event_type: str, data: Mapping[str, Any], payload: Mapping[str, Any]) -> BookingEvent:
    """The event of `payload`, with all terms of `data`, the JSON as it came, that can be read.

    The terms in `changes` win over those beside it.
    """
    changes = data.get("changes")
    terms = _parse_terms(data) | (_parse_terms(changes) if isinstance(changes, dict) else {})
    state = payload["state"] if payload["state"] in STATES else OF_TYPE.get(event_type)
    return BookingEvent(
        reference=payload["booking_ref"],
        state=STATES[state] if state else None,
        reason=payload["cancellation_reason"],
        vehicle_id=terms.get("vehicle_id"),
        start=terms.get("date_from"),
        end=terms.get("date_to"),
        amount=terms.get("total_amount"),
        currency=terms.get("currency"),
        pickup_location=terms.get("pickup_location"),
        return_location=terms.get("return_location"),
        kind=terms.get("booking_type"),
        customer_name=terms.get("customer_name"),
        email=payload.get("customer_email"),
        step=state if state in STEPS else None,
        picked_up_on=terms.get("picked_up_on"),
        returned_on=terms.get("returned_on"),
        version=payload["version"],
        at=payload["at"],
    )


def _parse_terms(data: Mapping[str, Any]) -> dict[str, Any]:
    """The terms in `data`, which has no fixed form: only what is named and can be read."""
    try:
        loaded = dict(TERMS.load(data))
    except ValidationError as error:
        loaded = dict(error.valid_data) if isinstance(error.valid_data, dict) else {}
        if "currency" in error.messages:
            loaded.pop("total_amount", None)  # an amount in a currency that cannot be read is none
    return {name: value for name, value in loaded.items() if value is not None}


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
