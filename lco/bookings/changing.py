"""Customers change, extend and cancel their bookings (docs/odoo-contract.md, section 4.4)."""

import time
from collections.abc import Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

from lco import clock
from lco.bookings import states
from lco.bookings.change_sending import ChangeSender
from lco.bookings.errors import (
    ChangedMeanwhile,
    ChangeTaken,
    ChangeTooLate,
    ChangeUnderWay,
    NotChangeable,
    NotChanged,
)
from lco.bookings.mapping import sha256
from lco.bookings.submission import Contract
from lco.bookings.unit_of_work import UnitOfWork
from lco.domain.booking import HELD, Booking, State
from lco.domain.change import ChangeQuote, ChangeRefusal, ChangeRequest, ChangeState, WantedChange
from lco.domain.date_range import DateRange
from lco.domain.rental import ReasonCode
from lco.errors import InvalidInput, KeyReused, LcoError, OdooUnavailable

LOOK_AGAIN_SECONDS = 0.05
OBSTACLES = {ReasonCode.TAKEN, ReasonCode.IN_MAINTENANCE, ReasonCode.NOT_FOR_RENT}


class BookingChanges:
    """Changes as customers make them. Safe for threads and processes. Raises DatabaseUnavailable."""

    def __init__(
        self,
        uow: UnitOfWork,
        contract: Contract,
        sender: ChangeSender,
        zone: ZoneInfo,
        max_open_days: int,
    ) -> None:
        self._uow = uow
        self._contract = contract
        self._sender = sender
        self._zone = zone
        self._max_open_days = max_open_days

    def is_possible(self, booking: Booking) -> bool:
        """Whether its customer may change it: Odoo has it, takes changes, and it is neither over nor overdue."""
        is_open = booking.state in HELD and booking.reference and not booking.returned_on
        is_overdue = booking.picked_up_on and booking.request.days.end < clock.today(self._zone)
        return bool(is_open) and not is_overdue and self._contract.reads_bookings()

    def pending(self, booking: Booking) -> ChangeRequest | None:
        """The change that has no outcome yet. Returns None when there is none."""
        with self._uow() as bookings:
            return bookings.change_requests.pending(booking.id)

    def current(self, booking: Booking) -> Booking:
        """The booking as Odoo has it now, with its version. Raises NotChangeable and OdooError."""
        self._require_possible(booking)
        current = self._sender.read_again(booking)
        self._require_possible(current)
        return current

    def quote(self, booking: Booking, days: DateRange) -> ChangeQuote:
        """The price of `days` instead; its own days are no obstacle. Raises NotChangeable and OdooError."""
        self._require_possible(booking)
        return self._sender.quote(booking, days)

    def is_free(self, booking: Booking, days: DateRange) -> bool:
        """Whether only the booking itself stands in the way of `days`. Raises NotChangeable and OdooError."""
        return not any(reason.code in OBSTACLES for reason in self.quote(booking, days).then.reasons)

    def request(
        self, booking: Booking, wanted: WantedChange, key: str, before_odoo: Callable[[], None]
    ) -> ChangeRequest:
        """Change the booking as `wanted`, once for each `key`. Takes at most 15 s.

        Returns the request: done, or `sending` when the outcome is not known; the site then finds out by itself.
        `before_odoo` is called before anything is stored, not for a repeated key, and may raise to prevent that.
        Raises ChangeTaken, ChangedMeanwhile, ChangeTooLate, InvalidInput, NotChanged, OdooUnavailable (nothing was
        changed, the same key may be sent again), ChangeUnderWay, KeyReused and NotChangeable.
        """
        digest = sha256(f"{booking.token} {key}")
        known = self._find(wanted, digest)
        if known is None or known.refusal is ChangeRefusal.NOT_REACHED:
            self._require_possible(booking)
            before_odoo()
            known, is_new = self._store(booking, wanted, digest)
            if is_new:
                return _raise_refusal(self._sender.send(booking, known))
        return _raise_refusal(self._wait_for_outcome(known))

    def _find(self, wanted: WantedChange, digest: str) -> ChangeRequest | None:
        """The request of this key. Raises KeyReused when it wants something else."""
        with self._uow() as bookings:
            known = bookings.change_requests.by_key(digest)
        if known and known.wanted != wanted:
            raise KeyReused(REUSED)
        return known

    def _store(self, booking: Booking, wanted: WantedChange, digest: str) -> tuple[ChangeRequest, bool]:
        """Store the request before Odoo is asked. False when it was stored before. Raises ChangeUnderWay."""
        with self._uow() as bookings:
            bookings.lock_customer(booking.request)
            current = bookings.by_id(booking.id)  # locked: the requests of one booking come one after the other
            changes = bookings.change_requests
            known = changes.by_key(digest)
            if known and known.wanted != wanted:
                raise KeyReused(REUSED)
            if known and known.refusal is not ChangeRefusal.NOT_REACHED:
                return known, False
            if changes.pending(booking.id):
                raise ChangeUnderWay
            if wanted.days and current.state is State.BOOKED:
                request = replace(current.request, days=wanted.days)
                today = clock.today(self._zone)
                bookings.require_room(request, today, self._max_open_days, besides=booking.id)
            if known:
                return changes.send_again(known, states.SUBMIT_TIMEOUT), True
            return changes.add(booking.id, wanted, digest, states.SUBMIT_TIMEOUT), True

    def _wait_for_outcome(self, change: ChangeRequest) -> ChangeRequest:
        """The request after its first attempt has ended."""
        latest = change.created_at + states.SUBMIT_TIMEOUT
        while change.state is ChangeState.SENDING and change.tries == 1 and clock.now() < latest:
            time.sleep(LOOK_AGAIN_SECONDS)
            with self._uow() as bookings:
                change = bookings.change_requests.by_id(change.id)
        return change

    def _require_possible(self, booking: Booking) -> None:
        if not self.is_possible(booking):
            raise NotChangeable


REUSED = "This form was already used for another change. Please reload the page and try again."


def _raise_refusal(change: ChangeRequest) -> ChangeRequest:
    if change.refusal:
        raise refusal_error(change)
    return change


def refusal_error(change: ChangeRequest) -> LcoError:
    """The error that says to the customer why the request was refused."""
    match change.refusal:
        case ChangeRefusal.TAKEN:
            return ChangeTaken()
        case ChangeRefusal.VERSION:
            return ChangedMeanwhile()
        case ChangeRefusal.TOO_LATE:
            return ChangeTooLate(change.until)
        case ChangeRefusal.INVALID:
            return InvalidInput({}, change.sentence)
        case ChangeRefusal.NOT_REACHED:
            return OdooUnavailable()
        case _:
            return NotChanged()
