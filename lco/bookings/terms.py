"""The terms of a booking, merged with those that an event of Odoo's names; pure."""

from dataclasses import replace
from datetime import date
from typing import Any

from lco.domain.booking import Booking, BookingEvent, BookingRequest, Revision, State
from lco.domain.date_range import DateRange
from lco.domain.money import DEFAULT_CURRENCY, Money, to_price

VISIBLE = ("request", "vehicle_name", "total", "reason", "picked_up_on", "returned_on")
"""The fields that a customer can see, beside the state."""


ORDERED = {
    **{name: (name,) for name in ("state", "vehicle_id", "start", "end", "pickup_location", "return_location")},
    **{name: (name,) for name in ("customer_name", "picked_up_on", "returned_on", "kind")},
    "amount": ("amount", "currency"),
}
"""The terms, each of which has an order of its own, with the fields of an event that name it."""
UNKNOWN = Revision(None, None)


def in_order(booking: Booking, event: BookingEvent) -> tuple[Booking, BookingEvent]:
    """`booking` with the order of its terms after `event`, and `event` without terms that a newer one named."""
    revision, latest = Revision(event.version, event.at), Revision(booking.version, booking.odoo_at)
    # A row of a release that kept no revisions got all of its terms at once.
    known = booking.revisions or ({} if latest == UNKNOWN else dict.fromkeys(ORDERED, latest))
    named = [term for term, names in ORDERED.items() if any(getattr(event, name) is not None for name in names)]
    overtaken = [term for term in named if revision.is_older(known.get(term, UNKNOWN))]
    applied = {} if revision == UNKNOWN else dict.fromkeys(set(named) - set(overtaken), revision)
    emptied: dict[str, Any] = {name: None for term in overtaken for name in ORDERED[term]}
    left = replace(event, **emptied, reason="" if "state" in overtaken else event.reason)
    if revision.is_older(latest):
        left = replace(left, version=None, at=None)
    return replace(booking, revisions={**known, **applied} if applied else booking.revisions), left


def merge(booking: Booking, event: BookingEvent) -> Booking:
    """Return `booking` with each term that `event` names, and its own where the event names none."""
    is_cancelled = State.CANCELLED in {booking.state, event.state}
    return replace(
        booking,
        request=_request(booking.request, event),
        vehicle_name=_vehicle_name(booking, event),
        total=total_of(event, booking.total),
        reason=(event.reason or booking.reason) if is_cancelled else booking.reason,
        picked_up_on=event.picked_up_on or booking.picked_up_on,
        returned_on=event.returned_on or booking.returned_on,
        version=booking.version if event.version is None else event.version,
        odoo_at=event.at or booking.odoo_at,
    )


def total_of(event: BookingEvent, own: Money | None = None) -> Money | None:
    """The total after `event`; `own` is the total before. None means that the price is asked for by phone.

    An amount without a currency has that of the booking, else of the vehicle.
    """
    if event.amount is None:
        return Money(own.amount, event.currency) if own and event.currency else own
    currency = event.currency or (own.currency if own else None) or event.vehicle_currency
    return to_price(event.amount, currency or DEFAULT_CURRENCY)


def days_of(event: BookingEvent) -> DateRange | None:
    """The days of `event`, when it names both ends in this order."""
    return _range(event.start, event.end) if event.start and event.end else None


def is_visible(before: Booking, after: Booking) -> bool:
    """Whether a customer could see a difference between the two."""
    return any(getattr(before, name) != getattr(after, name) for name in VISIBLE)


def _request(request: BookingRequest, event: BookingEvent) -> BookingRequest:
    # Odoo may move one end before the other: a pair that makes no range is left until the other end is known.
    days = _range(event.start or request.days.start, event.end or request.days.end) or request.days
    return replace(
        request,
        vehicle_id=event.vehicle_id or request.vehicle_id,
        days=days,
        kind=event.kind or request.kind,
        name=event.customer_name or request.name,
        pickup_location=_kept(event.pickup_location, request.pickup_location),
        return_location=_kept(event.return_location, request.return_location),
    )


def _kept(new: str | None, own: str) -> str:
    return own if new is None else new


def _vehicle_name(booking: Booking, event: BookingEvent) -> str:
    """The name of the vehicle after `event`; its number while neither Odoo nor the catalogue has named it."""
    is_same = event.vehicle_id in {None, booking.request.vehicle_id}
    if is_same and booking.vehicle_name != _number(booking.request.vehicle_id):
        return booking.vehicle_name
    return event.vehicle_name or _number(event.vehicle_id or booking.request.vehicle_id)


def _number(vehicle_id: int) -> str:
    return f"Machine no. {vehicle_id}"


def _range(start: date, end: date) -> DateRange | None:
    return DateRange(start, end) if start < end else None
