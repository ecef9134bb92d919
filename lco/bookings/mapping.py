"""Between the rows of the store and the nouns of the shop; pure."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import Row

from lco.db.models import BookingChange, BookingRow
from lco.domain.booking import Booking, BookingRequest, Placed, Refusal, State, Step
from lco.domain.date_range import Days
from lco.domain.money import Money

LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class News:
    """What a webhook says of a booking: a new state with its reason, or other days, or another total."""

    state: State | None = None
    reason: str = ""
    days: Days | None = None
    total: Money | None = None

    @property
    def says_nothing(self) -> bool:
        """Something changed, but not what."""
        return self == News()


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def reference_of(text: str) -> str:
    """A reference as it is stored and compared."""
    return plain(text, 100)


def plain(text: str, longest: int = 500) -> str:
    """Odoo's `text` without control characters, which PostgreSQL and calendars do not take, and not too long."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:longest].strip()


def digest(request: BookingRequest) -> str:
    """The same for two requests exactly when they ask for the same."""
    return sha256(json.dumps(asdict(request), default=str, sort_keys=True))


def new_row(
    request: BookingRequest, key: str, vehicle_name: str, token: str, created_at: datetime
) -> dict[str, object]:
    """The columns of a booking that is requested with `key`."""
    return {
        "token": token,
        "key_digest": sha256(key),
        "request_digest": digest(request),
        "state": State.REQUESTED,
        "reason": "",
        "vehicle_id": request.vehicle_id,
        "vehicle_name": vehicle_name,
        "date_from": request.days.start,
        "date_to": request.days.end,
        "customer_name": request.name,
        "customer_email": request.email,
        "customer_phone": request.phone,
        "kind": request.kind,
        "pickup_location": request.pickup_location,
        "return_location": request.return_location,
        "message": request.message,
        "odoo_message": "",
        "created_at": created_at,
        "changed_at": created_at,
        "changes": 0,
        "tries": 0,
    }


def changing(booking: Booking) -> dict[str, object]:
    """The columns that change in a booking's life, but for `due_at`, which is nothing of the booking itself."""
    return {
        "state": booking.state,
        "refusal": booking.refusal,
        "reason": booking.reason,
        "date_from": booking.request.days.start,
        "date_to": booking.request.days.end,
        "reference": booking.reference,
        "odoo_id": booking.odoo_id,
        "odoo_message": booking.odoo_message,
        "total_amount": booking.total and booking.total.amount,
        "total_currency": booking.total and booking.total.currency,
        "changed_at": booking.changed_at,
        "changes": booking.changes,
        "tries": booking.tries,
    }


def request_of(row: BookingRow | Row[*tuple[Any, ...]]) -> BookingRequest:
    return BookingRequest(
        vehicle_id=row.vehicle_id,
        days=Days(row.date_from, row.date_to),
        name=row.customer_name,
        email=row.customer_email,
        phone=row.customer_phone,
        kind=row.kind,
        pickup_location=row.pickup_location,
        return_location=row.return_location,
        message=row.message,
    )


def booking_of(row: BookingRow | Row[*tuple[Any, ...]]) -> Booking:
    return Booking(
        id=row.id,
        token=row.token,
        state=State(row.state),
        request=request_of(row),
        vehicle_name=row.vehicle_name,
        reference=row.reference,
        odoo_id=row.odoo_id,
        odoo_message=row.odoo_message,
        total=total_of(row),
        reason=row.reason,
        created_at=row.created_at,
        changed_at=row.changed_at,
        changes=row.changes,
        refusal=Refusal(row.refusal) if row.refusal else None,
        tries=row.tries,
    )


def step_of(row: BookingChange) -> Step:
    return Step(
        id=row.id,
        booking_id=row.booking_id,
        at=row.at,
        actor=row.actor,
        before=State(row.from_state) if row.from_state else None,
        after=State(row.to_state),
        reason=row.reason,
    )


class HasTotal(Protocol):
    """A row with a total, or without."""

    @property
    def total_amount(self) -> Decimal | None: ...

    @property
    def total_currency(self) -> str | None: ...


def total_of(row: HasTotal) -> Money | None:
    if row.total_amount is None or row.total_currency is None:
        return None
    return Money(row.total_amount, row.total_currency)


def answered(booking: Booking, placed: Placed) -> Booking:
    """The booking with what Odoo answered when it made it."""
    return replace(
        booking,
        reference=reference_of(placed.reference),
        odoo_id=placed.odoo_id if placed.odoo_id is not None and placed.odoo_id <= LARGEST_ID else None,
        odoo_message=plain(placed.message),
        total=placed.total or booking.total,
    )
