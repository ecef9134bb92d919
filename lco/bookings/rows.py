"""Between the rows of the store and the nouns of the shop; pure."""

import hashlib
import json
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Protocol

from lco.availability.days import Days
from lco.bookings.booking import Booking, BookingRequest, Placed, Refusal, State, Step
from lco.money import Money
from lco.store.models import BookingChange, BookingRow

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


def new_row(request: BookingRequest) -> BookingRow:
    """A row with what the customer asks for; the ledger fills in the rest."""
    return BookingRow(
        request_digest=digest(request),
        vehicle_id=request.vehicle_id,
        date_from=request.days.start,
        date_to=request.days.end,
        customer_name=request.name,
        customer_email=request.email,
        customer_phone=request.phone,
        kind=request.kind,
        pickup_location=request.pickup_location,
        return_location=request.return_location,
        message=request.message,
        reason="",
        odoo_message="",
        changes=0,
        tries=0,
    )


def request_of(row: BookingRow) -> BookingRequest:
    return BookingRequest(
        vehicle_id=row.vehicle_id,
        days=days_of(row),
        name=row.customer_name,
        email=row.customer_email,
        phone=row.customer_phone,
        kind=row.kind,
        pickup_location=row.pickup_location,
        return_location=row.return_location,
        message=row.message,
    )


def booking_of(row: BookingRow) -> Booking:
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


def days_of(row: BookingRow) -> Days:
    return Days(row.date_from, row.date_to)


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


def set_total(row: BookingRow, total: Money | None) -> None:
    row.total_amount = total.amount if total else None
    row.total_currency = total.currency if total else None


def set_answer(row: BookingRow, placed: Placed) -> None:
    """What Odoo answered, written into the booking it made."""
    row.reference = reference_of(placed.reference)
    row.odoo_id = placed.odoo_id if placed.odoo_id is not None and placed.odoo_id <= LARGEST_ID else None
    row.odoo_message = plain(placed.message)
    set_total(row, placed.total or total_of(row))
