"""How Odoo is asked for a booking, once at a time, and what is written down of its answer."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from lco.bookings import states
from lco.bookings.mapping import single_line
from lco.bookings.unit_of_work import BookingRecords
from lco.domain.booking import Booking, BookingRequest, DeclineReason, OdooBooking, State
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
PERHAPS_OURS = "Odoo says that the dates are taken, perhaps by an earlier attempt of ours"


class Odoo(Protocol):
    """What bookings ask of Odoo: see `lco.odoo.client.OdooClient`."""

    def book(self, request: BookingRequest, key: str) -> OdooBooking: ...

    def quote(self, vehicle_id: int, days: DateRange) -> Quote: ...


class Placing(BookingRecords):
    """The part of `Bookings` that sends to Odoo. A booking comes here in state placing, claimed by the caller."""

    _odoo: Odoo

    def _submit(self, booking: Booking) -> Booking:
        """The booking after Odoo was asked once, and what came of it written down.

        Whatever goes wrong once Odoo has been asked must not look as if nothing had been booked.
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
            log.exception("booking %d: nobody knows what odoo did", booking.id)
            return self._record_or_defer(booking, State.CHECKING, NO_ANSWER)
        return self._record_accepted(booking, placed)

    def _record_accepted(self, booking: Booking, placed: OdooBooking) -> Booking:
        noted = [replace(booking, state=State.CHECKING)]
        with _leave_for_recovery(booking, placed.reference):
            with self._repository() as repository:
                noted.append(repository.accept(repository.by_id(booking.id), placed, "answer"))
                has_news = repository.has_news(booking)
            if has_news:
                noted.append(self._apply_unmatched(booking))
        return noted[-1]

    def _record_refused(self, booking: Booking, error: OdooRefused) -> Booking:
        refusal = DECLINE_REASONS[type(error)]
        if refusal is DeclineReason.DATES_TAKEN:
            self._announcer.refused(booking)
            if self._was_in_doubt(booking):
                return self._record_or_defer(booking, State.CHECKING, PERHAPS_OURS)
        sentence = states.decline_error(refusal, single_line(error.message)).message
        return self._record_or_defer(booking, State.DECLINED, sentence, refusal)

    def _was_in_doubt(self, booking: Booking) -> bool:
        with self._repository() as repository:
            return repository.was_in_doubt(booking.id)

    def _record_or_defer(
        self, booking: Booking, state: State, reason: str, refusal: DeclineReason | None = None
    ) -> Booking:
        """The booking as `_concluded` has it; in checking when that cannot be written down just now."""
        noted = [replace(booking, state=State.CHECKING)]
        with _leave_for_recovery(booking, "unknown"):
            noted.append(self._record(booking, state, reason, refusal))
        return noted[-1]

    def _record(
        self, booking: Booking, state: State, reason: str, refusal: DeclineReason | None = None
    ) -> Booking:
        """The booking in `state`, or as a webhook, a person or a newer attempt has settled it in the meantime."""
        with self._repository() as repository:
            concluded = repository.by_id(booking.id)
            if concluded.state in states.SUBMITTED - {state} and concluded.tries == booking.tries:
                concluded = repository.transition(concluded, state, "site", reason, refusal)
            has_news = repository.has_news(booking)
        return self._apply_unmatched(booking) if has_news else concluded

    def _apply_unmatched(self, booking: Booking) -> Booking:
        """The booking after webhooks that had to wait for its answer have been heard, for it and others like it.

        A transaction of its own: it locks those others too, and two that had locked theirs first would never end.
        """
        with self._repository() as repository:
            repository.match_unmatched(booking.request.vehicle_id, booking.request.email)
            return repository.by_id(booking.id)


def _leave_for_recovery(booking: Booking, reference: str) -> guard:
    """Log and count a failure to record; the booking stays in placing for `Bookings.process_due`."""
    return guard("booking not written down", f"booking {booking.id} ({reference} at odoo) could not be recorded")
