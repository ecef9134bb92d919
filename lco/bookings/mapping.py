"""Map rows of the database to domain objects and back; pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import Row

from lco.db.models import BookingChange, BookingRow
from lco.domain.booking import AuditEntry, Booking, BookingRequest, DeclineReason, OdooBooking, Revision, State
from lco.domain.date_range import DateRange
from lco.domain.money import Money

LARGEST_ID = 2**63 - 1


def sha256(text: str) -> str:
    """The digest of `text` in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def normalize_reference(text: str) -> str:
    """A reference as it is stored and compared."""
    return single_line(text, 100)


def single_line(text: str, longest: int = 500) -> str:
    """Odoo's `text` without control characters, which PostgreSQL and calendars do not take, and not too long."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:longest].strip()


def request_digest(request: BookingRequest) -> str:
    """The same for two requests exactly when they ask for the same."""
    return sha256(json.dumps(asdict(request), default=str, sort_keys=True))


def insert_values(
    request: BookingRequest, key: str, vehicle_name: str, token: str, created_at: datetime
) -> dict[str, object]:
    """The columns of a booking that is requested with `key`."""
    return {
        "token": token,
        "key_digest": sha256(key),
        "request_digest": request_digest(request),
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


def update_values(booking: Booking) -> dict[str, object]:
    """The columns that may change, without `due_at`, which is no property of the booking itself."""
    return {
        "state": booking.state,
        "refusal": booking.refusal,
        "reason": booking.reason,
        "vehicle_id": booking.request.vehicle_id,
        "vehicle_name": booking.vehicle_name,
        "date_from": booking.request.days.start,
        "date_to": booking.request.days.end,
        "customer_name": booking.request.name,
        "pickup_location": booking.request.pickup_location,
        "return_location": booking.request.return_location,
        "kind": booking.request.kind,
        "reference": booking.reference,
        "odoo_id": booking.odoo_id,
        "odoo_message": booking.odoo_message,
        "total_amount": booking.total and booking.total.amount,
        "total_currency": booking.total and booking.total.currency,
        "changed_at": booking.changed_at,
        "changes": booking.changes,
        "tries": booking.tries,
        "version": booking.version,
        "odoo_at": booking.odoo_at,
        "told": _dump_revisions(booking.revisions),
        "picked_up_on": booking.picked_up_on,
        "returned_on": booking.returned_on,
    }


def to_request(row: BookingRow | Row[*tuple[Any, ...]]) -> BookingRequest:
    """The request in a row of bookings."""
    return BookingRequest(
        vehicle_id=row.vehicle_id,
        days=DateRange(row.date_from, row.date_to),
        name=row.customer_name,
        email=row.customer_email,
        phone=row.customer_phone,
        kind=row.kind,
        pickup_location=row.pickup_location,
        return_location=row.return_location,
        message=row.message,
    )


def to_booking(row: BookingRow | Row[*tuple[Any, ...]]) -> Booking:
    """The booking in a row of bookings."""
    return Booking(
        id=row.id,
        token=row.token,
        state=State(row.state),
        request=to_request(row),
        vehicle_name=row.vehicle_name,
        reference=row.reference,
        odoo_id=row.odoo_id,
        odoo_message=row.odoo_message,
        total=to_total(row),
        reason=row.reason,
        created_at=row.created_at,
        changed_at=row.changed_at,
        changes=row.changes,
        refusal=DeclineReason(row.refusal) if row.refusal else None,
        tries=row.tries,
        version=row.version,
        odoo_at=row.odoo_at,
        revisions=_load_revisions(row.told),
        picked_up_on=row.picked_up_on,
        returned_on=row.returned_on,
    )


def _dump_revisions(revisions: Mapping[str, Revision]) -> str | None:
    written = {term: (one.version, one.at and one.at.isoformat()) for term, one in revisions.items()}
    return json.dumps(written) if written else None


def _load_revisions(text: str | None) -> dict[str, Revision]:
    written: dict[str, tuple[int | None, str | None]] = json.loads(text or "{}")
    pairs = ((term, version, at) for term, (version, at) in written.items())
    return {term: Revision(version, datetime.fromisoformat(at) if at else None) for term, version, at in pairs}


def to_audit_entry(row: BookingChange) -> AuditEntry:
    """The step in a row of booking_changes."""
    return AuditEntry(
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
    def total_amount(self) -> Decimal | None:
        """The amount, or None without a price."""

    @property
    def total_currency(self) -> str | None:
        """The ISO 4217 code, or None without a price."""


def to_total(row: HasTotal) -> Money | None:
    """The price in a row. Returns None without one."""
    if row.total_amount is None or row.total_currency is None:
        return None
    return Money(row.total_amount, row.total_currency)


def accepted_values(booking: Booking, placed: OdooBooking) -> Booking:
    """The booking with what Odoo answered when it made it."""
    return replace(
        booking,
        reference=normalize_reference(placed.reference),
        odoo_id=placed.odoo_id if placed.odoo_id is not None and placed.odoo_id <= LARGEST_ID else None,
        odoo_message=single_line(placed.message),
        total=placed.total or booking.total,
    )
