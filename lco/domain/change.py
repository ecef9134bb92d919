"""A customer's change of a booking, and its price (docs/odoo-contract.md, section 4.4)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lco.domain.date_range import DateRange
from lco.domain.money import Money
from lco.domain.quote import Quote


class ChangeState(StrEnum):
    """The state of a change request."""

    SENDING = "sending"
    """Odoo is being asked, or was asked and gave no usable answer: the same request is sent again."""
    DONE = "done"
    REFUSED = "refused"


class ChangeRefusal(StrEnum):
    """The reason why nothing was changed."""

    TAKEN = "taken"
    VERSION = "version"
    """The booking was changed meanwhile, or it is over."""
    TOO_LATE = "too_late"
    INVALID = "invalid"
    """The rules of the business are against these days; the sentence is Odoo's."""
    NOT_REACHED = "not_reached"
    """Odoo was certainly not asked: the same request may be sent again."""
    NOT_MADE = "not_made"
    """Odoo never confirmed, and the booking shows that it has not made the change."""


@dataclass(frozen=True, slots=True)
class WantedChange:
    """Other days, or a cancellation when `days` is None. `version` is the one that the customer saw."""

    days: DateRange | None
    version: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """A stored request of a customer's to change a booking."""

    id: int
    booking_id: int
    key_digest: str
    wanted: WantedChange
    state: ChangeState
    refusal: ChangeRefusal | None
    sentence: str
    """Odoo's own sentence about a refusal, or empty."""
    until: datetime | None
    """Until when it could have been changed, when Odoo has said so."""
    created_at: datetime
    tries: int

    @property
    def odoo_key(self) -> str:
        """The idempotency key for Odoo, the same at every attempt."""
        return hashlib.sha256(f"Odoo's key of change {self.key_digest}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ChangeQuote:
    """Odoo's answer about other days for a booking: the price now, and `then` for these days.

    `until` is the instant until which the customer may change the booking. It is None when Odoo does not say.
    """

    now: Money | None
    then: Quote
    until: datetime | None = None

    @property
    def difference(self) -> Money | None:
        """The price to pay in addition; negative when it becomes cheaper. None without two comparable prices."""
        if self.now is None or self.then.total is None or self.now.currency != self.then.total.currency:
            return None
        return Money(self.then.total.amount - self.now.amount, self.now.currency)
