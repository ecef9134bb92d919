"""How Odoo is asked for a booking, once at a time, and what is written down of its answer."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from lco import metrics
from lco.bookings import states as rules
from lco.bookings.mapping import plain
from lco.bookings.unit_of_work import BookingRecords
from lco.domain.booking import Booking, BookingRequest, Placed, Refusal, State
from lco.domain.date_range import Days
from lco.domain.quote import Quote
from lco.errors import OdooAway
from lco.odoo.errors import BookingInvalid, DatesRefused, OdooRefused, OutcomeUnknown, VehicleUnknown

log = logging.getLogger(__name__)

REFUSALS: Mapping[type[OdooRefused], Refusal] = {
    DatesRefused: Refusal.DATES_TAKEN,
    BookingInvalid: Refusal.INVALID,
    VehicleUnknown: Refusal.VEHICLE_GONE,
}
NO_ANSWER = "Odoo did not confirm in time"
PERHAPS_OURS = "Odoo says that the dates are taken, perhaps by an earlier attempt of ours"


class Odoo(Protocol):
    """What bookings ask of Odoo: see `lco.odoo.client.OdooClient`."""

    def book(self, request: BookingRequest, key: str) -> Placed: ...

    def quote(self, vehicle_id: int, days: Days) -> Quote: ...


class Placing(BookingRecords):
    """The part of `Bookings` that sends to Odoo. A booking comes here in state placing, claimed by the caller."""

    _odoo: Odoo

    def _asked(self, booking: Booking) -> Booking:
        """The booking after Odoo was asked once, and what came of it written down.

        Whatever goes wrong once Odoo has been asked must not look as if nothing had been booked.
        """
        try:
            placed = self._odoo.book(booking.request, booking.odoo_key)
        except OdooAway as error:
            return self._noted(booking, State.REQUESTED, error.message)
        except tuple(REFUSALS) as error:
            return self._refused(booking, error)
        except OutcomeUnknown:
            return self._noted(booking, State.CHECKING, NO_ANSWER)
        except Exception:
            log.exception("booking %d: nobody knows what odoo did", booking.id)
            return self._noted(booking, State.CHECKING, NO_ANSWER)
        return self._accepted(booking, placed)

    def _accepted(self, booking: Booking, placed: Placed) -> Booking:
        noted = [replace(booking, state=State.CHECKING)]
        with _lost_is_found_later(booking, placed.reference):
            with self._ledger() as ledger:
                noted.append(ledger.accept(ledger.by_id(booking.id), placed, "answer"))
                has_news = ledger.has_news(booking)
            if has_news:
                noted.append(self._with_news(booking))
        return noted[-1]

    def _refused(self, booking: Booking, error: OdooRefused) -> Booking:
        refusal = REFUSALS[type(error)]
        if refusal is Refusal.DATES_TAKEN:
            self._announcer.refused(booking)
            if self._was_in_doubt(booking):
                return self._noted(booking, State.CHECKING, PERHAPS_OURS)
        sentence = rules.refused(refusal, plain(error.message)).message
        return self._noted(booking, State.DECLINED, sentence, refusal)

    def _was_in_doubt(self, booking: Booking) -> bool:
        with self._ledger() as ledger:
            return ledger.was_in_doubt(booking.id)

    def _noted(self, booking: Booking, state: State, reason: str, refusal: Refusal | None = None) -> Booking:
        """The booking as `_concluded` has it; in checking when that cannot be written down just now."""
        noted = [replace(booking, state=State.CHECKING)]
        with _lost_is_found_later(booking, "unknown"):
            noted.append(self._concluded(booking, state, reason, refusal))
        return noted[-1]

    def _concluded(self, booking: Booking, state: State, reason: str, refusal: Refusal | None = None) -> Booking:
        """The booking in `state`, or as a webhook, a person or a newer attempt has settled it in the meantime."""
        with self._ledger() as ledger:
            concluded = ledger.by_id(booking.id)
            if concluded.state in rules.ASKED - {state} and concluded.tries == booking.tries:
                concluded = ledger.move(concluded, state, "site", reason, refusal)
            has_news = ledger.has_news(booking)
        return self._with_news(booking) if has_news else concluded

    def _with_news(self, booking: Booking) -> Booking:
        """The booking after webhooks that had to wait for its answer have been heard, for it and others like it.

        A transaction of its own: it locks those others too, and two that had locked theirs first would never end.
        """
        with self._ledger() as ledger:
            ledger.settle(booking.request.vehicle_id, booking.request.email)
            return ledger.by_id(booking.id)


@contextmanager
def _lost_is_found_later(booking: Booking, reference: str) -> Iterator[None]:
    """What cannot be written down in the block leaves the booking in placing, and `Bookings.attend` finds it."""
    try:
        yield
    except Exception:
        log.exception("booking %d (%s at odoo) could not be written down", booking.id, reference)
        metrics.background_failures.labels("booking not written down").inc()
