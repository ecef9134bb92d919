"""A booking as the rest of the site sees it, and the states it goes through."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from lco.domain.date_range import DateRange
from lco.domain.money import Money

KINDS = ("inquiry", "reservation", "test_drive")
"""The kinds of a booking: the contract's `booking_type`."""


class State(StrEnum):
    """The state of a booking. The table of allowed changes is in `lco.bookings.states`."""

    REQUESTED = "requested"
    PLACING = "placing"
    CHECKING = "checking"
    BOOKED = "booked"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


HELD = frozenset({State.BOOKED, State.CONFIRMED})
"""Odoo has the booking, and it has not ended."""

ALIVE = HELD | {State.REQUESTED, State.PLACING, State.CHECKING}
"""Odoo has made the booking, or may still make it."""


class DeclineReason(StrEnum):
    """The reason why nothing was booked."""

    DATES_TAKEN = "dates_taken"
    INVALID = "invalid"
    VEHICLE_GONE = "vehicle_gone"
    NOT_MADE = "not_made"
    """Odoo has not made it, and the site will not ask it again."""


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """A customer's request, checked and tidied. `kind` is the contract's `booking_type`."""

    vehicle_id: int
    days: DateRange
    name: str
    email: str
    phone: str
    kind: str = "reservation"
    pickup_location: str = ""
    return_location: str = ""
    message: str = ""

    @property
    def holds_days(self) -> bool:
        """Whether the days are kept for the customer once it is booked; an inquiry only asks."""
        return self.kind != "inquiry"


@dataclass(frozen=True, slots=True)
class OdooBooking:
    """Odoo's answer to a booking it accepted (status 201; docs/odoo-contract.md, section 1)."""

    reference: str
    odoo_id: int | None
    message: str
    total: Money | None


@dataclass(frozen=True, slots=True)
class BookingEvent:
    """One event of Odoo's about the booking `reference` (docs/odoo-contract.md, sections 2 and 4.5).

    None means that the event does not name this term, so that the booking's own stays.
    """

    reference: str
    state: State | None = None
    reason: str = ""
    vehicle_id: int | None = None
    vehicle_name: str | None = None
    """As Odoo or the catalogue has it."""
    vehicle_currency: str | None = None
    """The currency of the vehicle's rates, for an amount that comes without one."""
    start: date | None = None
    end: date | None = None
    amount: Decimal | None = None
    """The total; 0 means that there is no price."""
    currency: str | None = None
    pickup_location: str | None = None
    return_location: str | None = None
    kind: str | None = None
    """The contract's `booking_type`."""
    customer_name: str | None = None
    email: str | None = None
    """The customer's address. It matches an event to a booking whose reference is not known yet."""
    step: str | None = None
    """`picked_up` or `returned`, when the event tells of that without its day."""
    picked_up_on: date | None = None
    returned_on: date | None = None
    version: int | None = None
    at: datetime | None = None
    """The instant of the event by Odoo's clock."""


class Revision(NamedTuple):
    """A state of a booking at Odoo: its version and the instant of its event, as far as Odoo names them."""

    version: int | None
    at: datetime | None

    def is_older(self, other: "Revision") -> bool:
        """Whether the other one came later at Odoo: by version, else by Odoo's time."""
        if self.version is not None and other.version is not None:
            return self.version < other.version
        return self.at is not None and other.at is not None and self.at < other.at


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
    """The number of changes after it was placed: SEQUENCE of its calendar entry (RFC 5545, 3.8.7.4)."""
    refusal: DeclineReason | None = None
    """Set when `state` is declined or expired; `reason` then holds the sentence about it."""
    tries: int = 0
    """The number of attempts of the site to ask Odoo for it."""
    version: int | None = None
    """Odoo's version of what is shown, when it is known."""
    odoo_at: datetime | None = None
    """The instant of Odoo's event that was applied last."""
    picked_up_on: date | None = None
    returned_on: date | None = None
    revisions: Mapping[str, Revision] = field(default_factory=dict)
    """The revision that named each term last, by the name of the term in `BookingEvent`."""

    @property
    def odoo_key(self) -> str:
        """The idempotency key for Odoo, the same at every attempt; the token cannot be derived from it."""
        return hashlib.sha256(f"Odoo's key of {self.token}".encode()).hexdigest()


class Actor(StrEnum):
    """The cause of a step, as the audit names it."""

    CUSTOMER = "customer"
    SITE = "site"
    ANSWER = "answer"
    """Odoo's answer to a call of this site."""
    WEBHOOK = "webhook"
    """Something that was read of Odoo: an event, the changes feed, or the booking itself."""
    PERSON = "person"
    """A person of the business, with a command or on the page for staff."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One row of the audit: the cause, the booking, the instant, the states before and after, and the reason."""

    id: int
    booking_id: int
    at: datetime
    actor: str
    before: State | None
    after: State
    reason: str
