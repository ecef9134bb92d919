"""Recover bookings that are left open: find out the result at Odoo, place them again, or let them expire."""

import logging
from zoneinfo import ZoneInfo

from lco import clock
from lco.bookings import states
from lco.bookings.repository import Due
from lco.bookings.submission import NO_ANSWER, Odoo, Submitter
from lco.bookings.unit_of_work import UnitOfWork
from lco.domain.booking import Actor, Booking, DeclineReason, State
from lco.errors import LcoError
from lco.failures import guard

log = logging.getLogger(__name__)

NOT_THERE = "Odoo still offers the dates, so it has not booked them"
OVERTAKEN = "Another customer has booked some of these days, so nothing was booked for you."
UNANSWERED = frozenset({State.REQUESTED, State.CHECKING})
"""States after an attempt to place it that Odoo has not answered."""
TOO_LATE = "We could not reach our booking system in time, so nothing was booked. Please call us."


class BookingRecovery:
    """Works on due bookings. Of several processes, one gets each booking: its lease is a conditional update."""

    def __init__(self, uow: UnitOfWork, odoo: Odoo, submitter: Submitter, zone: ZoneInfo) -> None:
        self._uow = uow
        self._odoo = odoo
        self._submitter = submitter
        self._zone = zone

    def process_due(self) -> None:
        """Process every due booking. Call at start and every few seconds. Raises DatabaseUnavailable.

        - placing, and its attempt has ended without a result: checking
        - checking, while Odoo still offers the dates: requested, as Odoo has not booked
        - checking, when another customer has the dates by now: declined
        - requested: placed now, or expired
        """
        with self._uow() as bookings:
            due = bookings.due(clock.now())
        is_odoo_down = False
        for one in due:
            is_attempt = one.state is State.REQUESTED
            if is_attempt and is_odoo_down:
                continue  # the next round finds out whether Odoo answers again
            state = self._process(one)
            if is_attempt:
                is_odoo_down = state in UNANSWERED

    def purge_expired(self) -> None:
        """Delete the unmatched events that are too old to belong to a booking of this site."""
        with self._uow() as bookings:
            bookings.purge_unmatched()

    def _process(self, due: Due) -> State:
        """Return the state in which `due` is afterwards."""
        state = due.state
        with guard("booking", f"booking {due.id} could not be processed"):
            match due.state:
                case State.PLACING:
                    state = self._give_up(due)
                case State.CHECKING:
                    state = self._check(due)
                case _:
                    state = self._resubmit(due)
        return state

    def _give_up(self, due: Due) -> State:
        """The process that placed it has ended or lost the database, and its answer is lost with it."""
        booking = self._claim(due)
        return self._submitter.record(booking, State.CHECKING, NO_ANSWER).state if booking else due.state

    def _check(self, due: Due) -> State:
        """Ask Odoo for the booking of the key; else for the dates, as those still offered are not booked.

        Dates that are no longer offered are not booked either when Odoo has told of another customer's booking of
        them since. Both are certain only for a reservation.
        """
        booking = self._claim(due)
        if booking is None:
            return due.state
        if settled := self._submitter.settle_by_key(booking):
            return settled.state
        if booking.request.kind != "reservation":
            return due.state
        return self._settle_by_dates(booking).state

    def _settle_by_dates(self, booking: Booking) -> Booking:
        is_offered = self._is_offered(booking)
        if is_offered:
            return self._submitter.record(booking, State.REQUESTED, NOT_THERE)
        if is_offered is not None and self._is_taken_by_another(booking):
            return self._submitter.record(booking, State.DECLINED, OVERTAKEN, DeclineReason.NOT_MADE)
        return booking

    def _is_taken_by_another(self, booking: Booking) -> bool:
        with self._uow() as bookings:
            return bookings.is_taken_by_another(booking)

    def _resubmit(self, due: Due) -> State:
        with self._uow() as bookings:
            booking = bookings.claim(due, clock.now() + states.SUBMIT_TIMEOUT)
            if booking is None:
                return due.state
            if clock.now() >= states.kept_until(booking.created_at, booking.request.days.start, self._zone):
                return bookings.transition(
                    booking, State.EXPIRED, Actor.SITE, TOO_LATE, DeclineReason.NOT_MADE
                ).state
            booking = bookings.transition(booking, State.PLACING, Actor.SITE)
        return self._submitter.submit(booking).state

    def _claim(self, due: Due) -> Booking | None:
        """The booking with its lease. Returns None when another process has it."""
        with self._uow() as bookings:
            booking = bookings.claim(due, clock.now() + states.CHECK_EVERY)
            if booking and clock.now() - booking.changed_at > states.CHECK_UNTIL:
                bookings.stop_tracking(booking)
            return booking

    def _is_offered(self, booking: Booking) -> bool | None:
        """Whether Odoo offers the dates of the booking. Returns None while it does not answer."""
        try:
            return self._odoo.quote(booking.request.vehicle_id, booking.request.days).available
        except LcoError as error:
            log.warning("booking %d cannot be checked: %s", booking.id, error.code)
            return None
