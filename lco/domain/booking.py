"""A booking as the rest of the site sees it, and the states it goes through."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lco.domain.date_range import DateRange
from lco.domain.money import Money


class State(StrEnum):
    """Where a booking stands. The table of allowed changes is in `lco.bookings.states`."""

    REQUESTED = "requested"
    PLACING = "placing"
    CHECKING = "checking"
    BOOKED = "booked"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class DeclineReason(StrEnum):
    """Why nothing was booked."""

    DATES_TAKEN = "dates_taken"
    INVALID = "invalid"
    VEHICLE_GONE = "vehicle_gone"
    NOT_MADE = "not_made"
    """Odoo has not made it, and the site will not ask it again."""


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """What a customer asks for, checked and tidied. `kind` is the contract's `booking_type`."""

    vehicle_id: int
    days: DateRange
    name: str
    email: str
    phone: str
    kind: str = "reservation"
    pickup_location: str = ""
    return_location: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class OdooBooking:
    """Odoo's answer to a booking it accepted (status 201; docs/odoo-contract.md, section 1)."""

    reference: str
    odoo_id: int | None
    message: str
    total: Money | None


@dataclass(frozen=True, slots=True)
class Booking:
    """A stored booking. `token` is the secret in the customer's link; `id` is the public one in topics."""

    id: int
    token: str
    state: State
    request: BookingRequest
    vehicle_name: str
    reference: str | None
    odoo_id: int | None
    odoo_message: str
    total: Money | None
    reason: str
    created_at: datetime
    changed_at: datetime
    changes: int
    """How often the booking changed after it was placed: SEQUENCE of its calendar entry (RFC 5545, 3.8.7.4)."""
    refusal: DeclineReason | None = None
    """Set when `state` is declined or expired; `reason` then holds the sentence about it."""
    tries: int = 0
    """How often the site has set out to ask Odoo for it."""

    @property
    def odoo_key(self) -> str:
        """Names it to Odoo at every attempt, in a way from which nobody learns the token."""
        return hashlib.sha256(f"Odoo's key of {self.token}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One row of the audit: who or what changed which booking, when, from where, to where, and why."""

    id: int
    booking_id: int
    at: datetime
    actor: str
    before: State | None
    after: State
    reason: str
