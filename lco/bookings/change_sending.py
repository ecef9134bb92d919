"""Send change requests to Odoo, each under one key until its outcome is known, and record that."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from lco import clock
from lco.bookings import states
from lco.bookings.change_requests import DueChange
from lco.bookings.odoo_events import OdooBookingEvents
from lco.bookings.publisher import BookingPublisher
from lco.bookings.unit_of_work import UnitOfWork
from lco.db.database import retry_conflicts
from lco.domain.booking import Actor, Booking, BookingEvent, State
from lco.domain.change import ChangeQuote, ChangeRefusal, ChangeRequest, ChangeState
from lco.domain.date_range import DateRange
from lco.domain.mail_kind import MailKind
from lco.errors import OdooError, OdooUnavailable
from lco.failures import backoff, guard
from lco.odoo.errors import (
    BookingInvalid,
    BookingMoved,
    ChangeTooLate,
    DatesRefused,
    KeyRequired,
    OdooRefused,
    RecordDeleted,
    VehicleUnknown,
)

log = logging.getLogger(__name__)

SENT_FOR = timedelta(hours=1)
"""A request without an outcome is sent again for this long. Then the booking is read, which shows the outcome."""
REFUSALS: Mapping[type[OdooRefused], ChangeRefusal] = {
    DatesRefused: ChangeRefusal.TAKEN,
    BookingMoved: ChangeRefusal.VERSION,
    VehicleUnknown: ChangeRefusal.VERSION,
    RecordDeleted: ChangeRefusal.VERSION,
    ChangeTooLate: ChangeRefusal.TOO_LATE,
    BookingInvalid: ChangeRefusal.INVALID,
    KeyRequired: ChangeRefusal.NOT_REACHED,
}


class OdooChanges(Protocol):
    """The calls of Odoo that changes need: see `lco.odoo.client.OdooClient`. All raise OdooError."""

    def booking(self, reference: str) -> BookingEvent:
        """One booking as it is now."""

    def quote_change(self, reference: str, vehicle_id: int, days: DateRange) -> ChangeQuote:
        """The price of other days."""

    def change_booking(self, reference: str, days: DateRange, version: int, key: str) -> BookingEvent:
        """Give the booking other days."""

    def cancel_booking(self, reference: str, reason: str, version: int, key: str) -> BookingEvent:
        """Cancel the booking."""


class ChangeSender:
    """Sends requests whose lease the caller holds, and those that were left without an outcome."""

    def __init__(
        self, uow: UnitOfWork, odoo: OdooChanges, events: OdooBookingEvents, publisher: BookingPublisher
    ) -> None:
        self._uow = uow
        self._odoo = odoo
        self._events = events
        self._publisher = publisher

    def send(self, booking: Booking, change: ChangeRequest) -> ChangeRequest:
        """Ask Odoo once. Returns the request with its outcome, still `sending` when that is not known.

        Every attempt has the same key, so Odoo makes the change once. That Odoo was not reached settles only the
        first attempt: an earlier one may have been carried out.
        """
        try:
            event = self._ask(booking.reference or "", change)
        except OdooUnavailable:
            if change.tries == 1:
                return self._refuse(change, ChangeRefusal.NOT_REACHED)
        except tuple(REFUSALS) as error:
            return self._refused(booking, change, error)
        except OdooError as error:
            log.warning("change %d of booking %d has no outcome yet: %s", change.id, booking.id, error.code)
        else:
            return self._settle(change, event)
        return self._postpone(change)

    def quote(self, booking: Booking, days: DateRange) -> ChangeQuote:
        """The price of the booking with `days`. Raises OdooError."""
        return self._odoo.quote_change(booking.reference or "", booking.request.vehicle_id, days)

    def read_again(self, booking: Booking) -> Booking:
        """The booking as Odoo has it now. Raises OdooError."""
        return self._apply(booking, self._current(booking))

    def process_due(self) -> None:
        """Send again what was left without an outcome; call every few seconds. Raises DatabaseUnavailable."""
        with self._uow() as bookings:
            due = bookings.change_requests.due(clock.now())
        for one in due:
            with guard("change request", f"change request {one.id} could not be processed"):
                self._process(one)

    def _process(self, due: DueChange) -> None:
        with self._uow() as bookings:
            change = bookings.change_requests.claim(due, clock.now() + states.SUBMIT_TIMEOUT)
            if change is None:
                return
            booking = bookings.read(change.booking_id)
        if clock.now() - change.created_at < SENT_FOR:
            self.send(booking, change)
        else:
            self._settle_by_reading(booking, change)

    def _settle_by_reading(self, booking: Booking, change: ChangeRequest) -> None:
        try:
            event = self._current(booking)
        except OdooError as error:
            log.warning("change %d of booking %d cannot be checked: %s", change.id, booking.id, error.code)
            self._postpone(change)
            return
        self._settle(change, event, None if _is_made(change, event) else ChangeRefusal.NOT_MADE)

    def _ask(self, reference: str, change: ChangeRequest) -> BookingEvent:
        wanted = change.wanted
        if wanted.days is None:
            return self._odoo.cancel_booking(reference, wanted.reason, wanted.version, change.odoo_key)
        return self._odoo.change_booking(reference, wanted.days, wanted.version, change.odoo_key)

    def _current(self, booking: Booking) -> BookingEvent:
        reference = booking.reference or ""
        try:
            return self._odoo.booking(reference)
        except RecordDeleted:
            return BookingEvent(reference, State.CANCELLED)

    def _refused(self, booking: Booking, change: ChangeRequest, error: OdooRefused) -> ChangeRequest:
        refusal = next(REFUSALS[kind] for kind in type(error).__mro__ if kind in REFUSALS)
        if refusal is ChangeRefusal.TAKEN:
            self._publisher.refused(booking)
        if refusal is ChangeRefusal.VERSION:
            with guard("booking not read again"):
                return self._settle(change, self._current(booking), refusal)
        until = error.until if isinstance(error, ChangeTooLate) else None
        return self._refuse(change, refusal, error.message, until)

    def _refuse(
        self, change: ChangeRequest, refusal: ChangeRefusal, sentence: str = "", until: datetime | None = None
    ) -> ChangeRequest:
        return self._settle(change, None, refusal, sentence, until)

    @retry_conflicts
    def _settle(
        self,
        change: ChangeRequest,
        event: BookingEvent | None,
        refusal: ChangeRefusal | None = None,
        sentence: str = "",
        until: datetime | None = None,
    ) -> ChangeRequest:
        """Record the outcome together with the booking as Odoo has it. Of two outcomes the first one stays."""
        completed = self._events.completed(event) if event else None
        with self._uow() as bookings:
            if completed:
                bookings.lock_reference(completed.reference)
            booking = bookings.by_id(change.booking_id)
            known = bookings.change_requests.by_id(change.id)
            if known.state is not ChangeState.SENDING:
                return known
            settled = bookings.change_requests.settle(known, refusal, sentence, until)
            if completed:
                booking = bookings.apply_event(booking, completed, Actor.WEBHOOK if refusal else Actor.CUSTOMER)
            if refusal and known.tries > 1:  # the customer was told that the change is being made
                bookings.mail(booking, MailKind.UNCHANGED)
        self._publisher.change_settled(change.booking_id)
        return settled

    def _postpone(self, change: ChangeRequest) -> ChangeRequest:
        """Leave the request without an outcome, to be sent again after a pause."""
        with guard("change request", f"change request {change.id} could not be postponed"):
            pause = backoff(change.tries, states.FIRST_PAUSE, states.LONGEST_PAUSE)
            with self._uow() as bookings:
                bookings.change_requests.postpone(change, clock.now() + pause)
            self._publisher.change_settled(change.booking_id)
        return change

    @retry_conflicts
    def _apply(self, booking: Booking, event: BookingEvent) -> Booking:
        completed = self._events.completed(event)
        with self._uow() as bookings:
            bookings.lock_reference(completed.reference)
            return bookings.apply_event(bookings.by_id(booking.id), completed)


def _is_made(change: ChangeRequest, event: BookingEvent) -> bool:
    """Whether the booking is as the customer wanted it."""
    days = change.wanted.days
    if days is None or event.state is State.CANCELLED:
        return days is None and event.state is State.CANCELLED
    return (event.start, event.end) == (days.start, days.end)
