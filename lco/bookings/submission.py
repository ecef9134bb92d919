"""Submit a booking to Odoo, once for each attempt, and record the result."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from lco import metrics
from lco.bookings import states
from lco.bookings.mapping import normalize_reference, single_line
from lco.bookings.publisher import BookingPublisher
from lco.bookings.terms import total_of
from lco.bookings.unit_of_work import UnitOfWork
from lco.db.database import retry_conflicts
from lco.domain.booking import Actor, Booking, BookingEvent, BookingRequest, DeclineReason, OdooBooking, State
from lco.domain.date_range import DateRange
from lco.domain.quote import Quote
from lco.errors import OdooUnavailable
from lco.failures import guard
from lco.odoo.errors import BookingInvalid, DatesRefused, OdooRefused, OutcomeUnknown, VehicleUnknown

log = logging.getLogger(__name__)

DECLINE_REASONS: Mapping[type[OdooRefused], DeclineReason] = {
    DatesRefused: DeclineReason.DATES_TAKEN,
    BookingInvalid: DeclineReason.INVALID,
    VehicleUnknown: DeclineReason.VEHICLE_GONE,
}
NO_ANSWER = "Odoo did not confirm in time"
NOT_MADE = "Odoo has no booking with its key"
PERHAPS_OURS = "Odoo says that the dates are taken, perhaps by an earlier attempt of ours"


class Odoo(Protocol):
    """The calls of Odoo that bookings need: see `lco.odoo.client.OdooClient`."""

    def book(self, request: BookingRequest, key: str) -> OdooBooking:
        """Book once; the same `key` is the same booking. Raises OdooError."""

    def quote(self, vehicle_id: int, days: DateRange) -> Quote:
        """Whether the vehicle is free on all of `days`. Raises OdooError."""

    def booking_by_key(self, key: str) -> BookingEvent | None:
        """The booking made with `key`, from an Odoo that reads bookings. Raises OdooError."""


class Contract(Protocol):
    """See `lco.odoo.contract.Contract`."""

    def reads_bookings(self) -> bool:
        """Whether Odoo honours idempotency keys and finds bookings by them."""


class Submitter:
    """Sends bookings to Odoo. Each one is in state placing, and the caller holds its lease."""

    def __init__(self, uow: UnitOfWork, odoo: Odoo, contract: Contract, publisher: BookingPublisher) -> None:
        self._uow = uow
        self._odoo = odoo
        self._contract = contract
        self._publisher = publisher

    def submit(self, booking: Booking) -> Booking:
        """Ask Odoo once. Returns the booking with the result recorded.

        A failure after Odoo was asked never looks like a refusal: the booking is then in checking.
        """
        try:
            placed = self._odoo.book(booking.request, booking.odoo_key)
        except OdooUnavailable as error:
            return self._record_or_defer(booking, State.REQUESTED, error.message)
        except tuple(DECLINE_REASONS) as error:
            return self._record_refused(booking, error)
        except OutcomeUnknown:
            return self._record_or_defer(booking, State.CHECKING, NO_ANSWER)
        except Exception:
            metrics.background_failures.labels("booking").inc()
            log.exception("booking %d: the result at odoo is not known", booking.id)
            return self._record_or_defer(booking, State.CHECKING, NO_ANSWER)
        return self._record_accepted(booking, placed)

    @retry_conflicts
    def record(self, booking: Booking, state: State, reason: str, refusal: DeclineReason | None = None) -> Booking:
        """Return the booking in `state`, or as a webhook, a person or a newer attempt has left it meanwhile."""
        with self._uow() as bookings:
            recorded = bookings.by_id(booking.id)
            if recorded.state in states.SUBMITTED - {state} and recorded.tries == booking.tries:
                recorded = bookings.transition(recorded, state, Actor.SITE, reason, refusal)
            has_unmatched = bookings.has_unmatched(booking)
        return self._apply_unmatched(booking) if has_unmatched else recorded

    def _record_accepted(self, booking: Booking, placed: OdooBooking) -> Booking:
        recorded = replace(booking, state=State.CHECKING)
        with _leave_for_recovery(booking, placed.reference):
            recorded, has_unmatched = self._accept(booking, placed)
            if has_unmatched:
                recorded = self._apply_unmatched(booking)
        return recorded

    def settle_by_key(self, booking: Booking) -> Booking | None:
        """The booking in checking, settled by what Odoo has under its key. Returns None when that is not known."""
        if not self._contract.reads_bookings():
            return None
        event = self._odoo.booking_by_key(booking.odoo_key)
        if event is None:
            return self.record(booking, State.REQUESTED, NOT_MADE)
        settled, _ = self._accept(booking, OdooBooking(event.reference, None, "", total_of(event)), event)
        return settled

    @retry_conflicts
    def _accept(
        self, booking: Booking, placed: OdooBooking, event: BookingEvent | None = None
    ) -> tuple[Booking, bool]:
        """The accepted booking, with the terms of `event`, and whether events wait for one like it."""
        with self._uow() as bookings:
            bookings.lock_reference(normalize_reference(placed.reference))
            accepted = bookings.accept(bookings.by_id(booking.id), placed, Actor.ANSWER)
            if event:
                accepted = bookings.apply_event(accepted, event)
            return accepted, bookings.has_unmatched(booking)

    def _record_refused(self, booking: Booking, error: OdooRefused) -> Booking:
        refusal = DECLINE_REASONS[type(error)]
        with _leave_for_recovery(booking, "refused"):
            if refusal is DeclineReason.DATES_TAKEN:
                self._publisher.refused(booking)
                # An Odoo that honours keys would have answered with the booking of the earlier attempt.
                if self._was_checking(booking) and not self._contract.reads_bookings():
                    return self.record(booking, State.CHECKING, PERHAPS_OURS)
            sentence = states.decline_error(refusal, single_line(error.message)).message
            return self.record(booking, State.DECLINED, sentence, refusal)
        return replace(booking, state=State.CHECKING)

    def _was_checking(self, booking: Booking) -> bool:
        with self._uow() as bookings:
            return bookings.was_checking(booking.id)

    def _record_or_defer(self, booking: Booking, state: State, reason: str) -> Booking:
        """Return the booking as `record` does, or in checking when it cannot be recorded now."""
        with _leave_for_recovery(booking, "unknown"):
            return self.record(booking, state, reason)
        return replace(booking, state=State.CHECKING)

    @retry_conflicts
    def _apply_unmatched(self, booking: Booking) -> Booking:
        """Apply the webhooks that waited for the answer, to this booking and to others like it.

        A transaction of its own: it locks those others too, and two that had locked theirs first would deadlock.
        """
        with self._uow() as bookings:
            bookings.match_unmatched(booking.request.vehicle_id, booking.request.email)
            return bookings.read(booking.id)


def _leave_for_recovery(booking: Booking, result: str) -> guard:
    """Log and count a failure to record. The booking stays in placing, and `BookingRecovery` finds it."""
    return guard("booking not written down", f"booking {booking.id} ({result} at odoo) could not be recorded")
