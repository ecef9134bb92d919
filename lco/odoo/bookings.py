"""Bookings and the changes feed as Odoo writes them in version 2 (docs/odoo-contract.md, section 4.3)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from marshmallow import fields, validate

from lco.domain.booking import KINDS, BookingEvent, State
from lco.domain.change import ChangeQuote
from lco.domain.date_range import DateRange
from lco.domain.money import to_price
from lco.domain.quote import Quote
from lco.domain.rental import ReasonCode
from lco.odoo.errors import instant
from lco.odoo.schemas import OdooSchema, ReasonSchema, currency_of_answer, to_reason

STATES: Mapping[str, State] = {
    "draft": State.BOOKED,
    "confirmed": State.CONFIRMED,
    "picked_up": State.CONFIRMED,
    "returned": State.CONFIRMED,
    "cancelled": State.CANCELLED,
}
"""Odoo's states as states of this site."""


class ChangeRow(NamedTuple):
    """One row of the changes feed about a booking."""

    reference: str
    version: int | None
    is_deleted: bool


class ChangesPage(NamedTuple):
    """Some rows of the feed, and the cursor behind them. Rows about other records are left out."""

    rows: tuple[ChangeRow, ...]
    next_cursor: str
    has_more: bool


class BookingsPage(NamedTuple):
    """Some bookings by rising number, and the number of the last one. It is None when there are no more."""

    events: tuple[BookingEvent, ...]
    next_id: int | None


def _price() -> fields.Decimal:
    return fields.Decimal(
        load_default=Decimal(0), allow_nan=False, validate=validate.Range(Decimal(0), Decimal(10**9))
    )


class BookingSchema(OdooSchema):
    """A booking in an answer of Odoo's."""

    booking_id = fields.Integer(required=True)
    booking_ref = fields.String(required=True, validate=validate.Length(min=1, max=100))
    version = fields.Integer(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    vehicle_id = fields.Integer(load_default=None)
    vehicle_name = fields.String(load_default=None)
    date_from = fields.Date(load_default=None)
    date_to = fields.Date(load_default=None)
    total_amount = _price()
    currency = currency_of_answer()
    pickup_location = fields.String(load_default="")
    return_location = fields.String(load_default="")
    booking_type = fields.String(load_default=None)
    cancellation_reason = fields.String(load_default="")
    picked_up_on = fields.Date(load_default=None)
    returned_on = fields.Date(load_default=None)
    customer = fields.Dict(load_default=dict)


class ChangeQuoteSchema(OdooSchema):
    """The price of a booking now and on other days."""

    price_now = _price()
    price_then = _price()
    currency = currency_of_answer()
    bookable = fields.Boolean(required=True)
    reasons = fields.List(fields.Nested(ReasonSchema), load_default=list)
    until = fields.String(load_default=None)


class ChangeRowSchema(OdooSchema):
    """A row of the changes feed."""

    kind = fields.String(required=True)
    booking_ref = fields.String(load_default=None)
    version = fields.Integer(load_default=None)
    deleted = fields.Boolean(load_default=False)


class ChangesSchema(OdooSchema):
    """A page of the changes feed."""

    data = fields.List(fields.Nested(ChangeRowSchema), required=True)
    next_cursor = fields.String(required=True)
    has_more = fields.Boolean(load_default=False)


class BookingsSchema(OdooSchema):
    """A page of all bookings."""

    data = fields.List(fields.Nested(BookingSchema), required=True)
    has_more = fields.Boolean(load_default=False)


class VersionSchema(OdooSchema):
    """The version of the contract that an Odoo speaks."""

    contract = fields.Integer(required=True)


def to_event(data: Mapping[str, Any]) -> BookingEvent:
    """A booking as Odoo has it now, as an event that names all terms."""
    name, email = data["customer"].get("name"), data["customer"].get("email")
    return BookingEvent(
        reference=data["booking_ref"],
        state=STATES[data["state"]],
        reason=data["cancellation_reason"],
        vehicle_id=data["vehicle_id"],
        vehicle_name=data["vehicle_name"],
        start=data["date_from"],
        end=data["date_to"],
        amount=data["total_amount"],
        currency=data["currency"],
        pickup_location=data["pickup_location"],
        return_location=data["return_location"],
        kind=data["booking_type"] if data["booking_type"] in KINDS else None,
        customer_name=name if isinstance(name, str) else None,
        email=email if isinstance(email, str) else None,
        picked_up_on=data["picked_up_on"],
        returned_on=data["returned_on"],
        version=data["version"],
    )


def to_change_quote(data: Mapping[str, Any], vehicle_id: int, days: DateRange) -> ChangeQuote:
    """The quote in an answer about a change. A price of 0 is none."""
    now, then = (to_price(data[name], data["currency"]) for name in ("price_now", "price_then"))
    reasons = tuple(map(to_reason, data["reasons"]))
    is_taken = any(reason.code is ReasonCode.TAKEN for reason in reasons)
    quote = Quote(vehicle_id, days, not is_taken, then, bookable=data["bookable"], reasons=reasons)
    return ChangeQuote(now, quote, instant(data["until"]))


def to_changes(data: Mapping[str, Any]) -> ChangesPage:
    """A page of the feed, with its rows about bookings."""
    rows = (row for row in data["data"] if row["kind"] == "booking" and row["booking_ref"])
    found = tuple(ChangeRow(row["booking_ref"], row["version"], row["deleted"]) for row in rows)
    return ChangesPage(found, data["next_cursor"], data["has_more"])


def to_bookings(data: Mapping[str, Any]) -> BookingsPage:
    """A page of all bookings."""
    last = data["data"][-1]["booking_id"] if data["data"] and data["has_more"] else None
    return BookingsPage(tuple(map(to_event, data["data"])), last)
