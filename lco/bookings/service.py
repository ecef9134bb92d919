"""The verbs of a booking: placed once, read by its secret link, and looked after until it is settled."""

import logging
import re
import time
from collections.abc import Callable
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError

from lco import clock
from lco.bookings import states
from lco.bookings.admin import BookingAdmin
from lco.bookings.mapping import request_digest, sha256
from lco.bookings.odoo_events import Catalogue, OdooBookingEvents
from lco.bookings.publisher import Availability, BookingPublisher
from lco.bookings.repository import Due, MailWriter, NoMails
from lco.bookings.submission import NO_ANSWER, Odoo, Placing
from lco.changes.log import ChangeLog
from lco.db import Database
from lco.domain.booking import Booking, BookingRequest, DeclineReason, State
from lco.errors import KeyReused, LcoError, NotFound
from lco.failures import guard
from lco.locks import KeyedLock
from lco.settings import Settings

log = logging.getLogger(__name__)

TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
LOOK_AGAIN_SECONDS = 0.05
NOT_THERE = "Odoo still offers the dates, so it has not booked them"
TOO_LATE = "We could not reach our booking system in time, so nothing was booked. Please call us."


class Bookings(Placing, OdooBookingEvents, BookingAdmin):
    """All bookings of the site. Thread- and process-safe. Every method may raise DatabaseUnavailable."""

    def __init__(  # noqa: PLR0913, PLR0917 - the shop hands over everything that bookings touch
        self,
        database: Database,
        odoo: Odoo,
        catalogue: Catalogue,
        availability: Availability,
        changes: ChangeLog,
        mails: MailWriter | None = None,
        zone: ZoneInfo = Settings.timezone,
    ) -> None:
        super().__init__(database, BookingPublisher(availability, changes), mails or NoMails())
        self._odoo = odoo
        self._catalogue = catalogue
        self._zone = zone
        self._turns = KeyedLock()

    def place(self, request: BookingRequest, key: str, before_odoo: Callable[[], None]) -> Booking:
        """The booking that `key` stands for, placed now unless it has been before. Answers within 15 s.

        `before_odoo` is called once for each key, before anything is stored, and may raise to prevent that. What
        comes back is a booking that Odoo made, or one still open: in requested when Odoo was certainly not reached
        (it is kept, and placed by `process_due`), in checking or placing when nobody knows what Odoo did.
        Raises DatesTaken, InvalidInput, Gone, NotBooked, KeyReused, NotFound for a vehicle the shop does not have,
        and OdooError while it does not know its vehicles.
        """
        with self._turns.hold(sha256(key)):
            booking, mine = self._find(request, key), False
            if booking is None:
                name = self._catalogue.find(request.vehicle_id).name
                before_odoo()
                booking, mine = self._store(request, key, name)
        booking = self._submit(booking) if mine else self._wait_for_result(booking)
        if booking.refusal:
            raise states.decline_error(booking.refusal, booking.reason)
        return booking

    def by_token(self, token: str) -> Booking:
        """The booking with this secret. Raises NotFound."""
        if not TOKEN.fullmatch(token):
            raise NotFound
        with self._repository() as repository:
            booking = repository.by_token(token)
        if booking is None:
            raise NotFound
        return booking

    def process_due(self) -> None:
        """Call at start and every few seconds: see to every booking that is due. Raises nothing of Odoo's.

        - placing, and nobody has waited for Odoo's answer any more: checking
        - checking, while Odoo still offers the dates: requested, for Odoo has not booked
        - requested: placed now, or expired
        """
        with self._repository() as repository:
            due = repository.due(clock.now())
        away = False
        for one in due:
            if not (away and one.state is State.REQUESTED):  # the next round will see whether Odoo is back
                away = self._process(one) is State.REQUESTED and one.state is State.REQUESTED

    # How placing goes

    def _find(self, request: BookingRequest, key: str) -> Booking | None:
        with self._repository() as repository:
            asked = repository.request_digest(key)
            if asked is not None and asked != request_digest(request):
                raise KeyReused
            return repository.by_key(key) if asked else None

    def _store(self, request: BookingRequest, key: str, vehicle_name: str) -> tuple[Booking, bool]:
        """The intent, stored before Odoo is asked; not ours when another process with this key was faster."""
        try:
            with self._repository() as repository:
                requested = repository.add(request, key, vehicle_name)
                return repository.transition(requested, State.PLACING, "customer"), True
        except IntegrityError:
            booking = self._find(request, key)
            if booking is None:
                raise
            return booking, False

    def _wait_for_result(self, booking: Booking) -> Booking:
        """The booking once nobody is placing it any more."""
        while booking.state is State.PLACING:
            if clock.now() - booking.changed_at > states.SUBMIT_TIMEOUT:
                return self._record(booking, State.CHECKING, NO_ANSWER)
            time.sleep(LOOK_AGAIN_SECONDS)
            booking = self.by_token(booking.token)
        return booking

    # How what is left open is looked after

    def _process(self, due: Due) -> State:
        """The state that `due` has come to."""
        state = due.state
        with guard("booking", f"booking {due.id} could not be looked after"):
            match due.state:
                case State.PLACING:
                    state = self._give_up(due)
                case State.CHECKING:
                    state = self._check(due)
                case _:
                    state = self._resubmit(due)
        return state

    def _give_up(self, due: Due) -> State:
        """The process that was placing it has ended or has lost the database: nobody waits for Odoo's answer."""
        booking = self._claim(due)
        return self._record(booking, State.CHECKING, NO_ANSWER).state if booking else due.state

    def _check(self, due: Due) -> State:
        """If Odoo had booked, it would not offer the dates; only of a reservation is that sure."""
        booking = self._claim(due)
        if booking and booking.request.kind == "reservation" and self._is_offered(booking):
            return self._record(booking, State.REQUESTED, NOT_THERE).state
        return due.state

    def _resubmit(self, due: Due) -> State:
        with self._repository() as repository:
            booking = repository.claim(due, clock.now() + states.SUBMIT_TIMEOUT)
            if booking is None:
                return due.state
            if clock.now() >= states.kept_until(booking.created_at, booking.request.days.start, self._zone):
                return repository.transition(
                    booking, State.EXPIRED, "site", TOO_LATE, DeclineReason.NOT_MADE
                ).state
            booking = repository.transition(booking, State.PLACING, "site")
        return self._submit(booking).state

    def _claim(self, due: Due) -> Booking | None:
        """The booking, ours until it is looked after next; None when another process has it."""
        with self._repository() as repository:
            booking = repository.claim(due, clock.now() + states.CHECK_EVERY)
            if booking and clock.now() - booking.changed_at > states.CHECK_UNTIL:
                repository.stop_tracking(booking)
            return booking

    def _is_offered(self, booking: Booking) -> bool:
        try:
            return self._odoo.quote(booking.request.vehicle_id, booking.request.days).available
        except LcoError as error:
            log.warning("booking %d cannot be checked: %s", booking.id, error.code)
            return False
