"""The verbs of a booking: placed once, read by its secret link, and looked after until it is settled."""

import logging
import re
import time
from collections.abc import Callable
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError

from lco import clock, metrics
from lco.bookings import states as rules
from lco.bookings.admin import Desk
from lco.bookings.mapping import digest, sha256
from lco.bookings.odoo_events import BookingNews, Catalogue
from lco.bookings.publisher import Announcer, Availability
from lco.bookings.repository import Due, Mails, NoMails
from lco.bookings.submission import NO_ANSWER, Odoo, Placing
from lco.changes.log import ChangeLog
from lco.db import Store
from lco.domain.booking import Booking, BookingRequest, Refusal, State
from lco.errors import KeyReused, LcoError, NotFound
from lco.locks import Turns
from lco.settings import Settings

log = logging.getLogger(__name__)

TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
LOOK_AGAIN_SECONDS = 0.05
NOT_THERE = "Odoo still offers the dates, so it has not booked them"
TOO_LATE = "We could not reach our booking system in time, so nothing was booked. Please call us."


class Bookings(Placing, BookingNews, Desk):
    """All bookings of the site. Safe for many threads and processes; every method may raise StoreAway."""

    def __init__(  # noqa: PLR0913, PLR0917 - the shop hands over everything that bookings touch
        self,
        store: Store,
        odoo: Odoo,
        catalogue: Catalogue,
        availability: Availability,
        changes: ChangeLog,
        mails: Mails | None = None,
        zone: ZoneInfo = Settings.timezone,
    ) -> None:
        super().__init__(store, Announcer(availability, changes), mails or NoMails())
        self._odoo = odoo
        self._catalogue = catalogue
        self._zone = zone
        self._turns = Turns()

    def place(self, request: BookingRequest, key: str, before_odoo: Callable[[], None]) -> Booking:
        """The booking that `key` stands for, placed now unless it has been before. Answers within 15 s.

        `before_odoo` is called once for each key, before anything is stored, and may raise to prevent that. What
        comes back is a booking that Odoo made, or one still open: in requested when Odoo was certainly not reached
        (it is kept, and placed by `attend`), in checking or placing when nobody knows what Odoo did.
        Raises DatesTaken, InvalidInput, Gone, NotBooked, KeyReused, NotFound for a vehicle the shop does not have,
        and OdooError while it does not know its vehicles.
        """
        with self._turns.alone_with(sha256(key)):
            booking, mine = self._found(request, key), False
            if booking is None:
                name = self._catalogue.find(request.vehicle_id).name
                before_odoo()
                booking, mine = self._stored(request, key, name)
        booking = self._asked(booking) if mine else self._settled(booking)
        if booking.refusal:
            raise rules.refused(booking.refusal, booking.reason)
        return booking

    def by_token(self, token: str) -> Booking:
        """The booking with this secret. Raises NotFound."""
        if not TOKEN.fullmatch(token):
            raise NotFound
        with self._ledger() as ledger:
            booking = ledger.by_token(token)
        if booking is None:
            raise NotFound
        return booking

    def attend(self) -> None:
        """Call at start and every few seconds: see to every booking that is due. Raises nothing of Odoo's.

        - placing, and nobody has waited for Odoo's answer any more: checking
        - checking, while Odoo still offers the dates: requested, for Odoo has not booked
        - requested: placed now, or expired
        """
        with self._ledger() as ledger:
            due = ledger.due(clock.now())
        away = False
        for one in due:
            if not (away and one.state is State.REQUESTED):  # the next round will see whether Odoo is back
                away = self._attended(one) is State.REQUESTED and one.state is State.REQUESTED

    # How placing goes

    def _found(self, request: BookingRequest, key: str) -> Booking | None:
        with self._ledger() as ledger:
            asked = ledger.asked_with(key)
            if asked is not None and asked != digest(request):
                raise KeyReused
            return ledger.by_key(key) if asked else None

    def _stored(self, request: BookingRequest, key: str, vehicle_name: str) -> tuple[Booking, bool]:
        """The intent, stored before Odoo is asked; not ours when another process with this key was faster."""
        try:
            with self._ledger() as ledger:
                requested = ledger.add(request, key, vehicle_name)
                return ledger.move(requested, State.PLACING, "customer"), True
        except IntegrityError:
            booking = self._found(request, key)
            if booking is None:
                raise
            return booking, False

    def _settled(self, booking: Booking) -> Booking:
        """The booking once nobody is placing it any more."""
        while booking.state is State.PLACING:
            if clock.now() - booking.changed_at > rules.BUDGET:
                return self._concluded(booking, State.CHECKING, NO_ANSWER)
            time.sleep(LOOK_AGAIN_SECONDS)
            booking = self.by_token(booking.token)
        return booking

    # How what is left open is looked after

    def _attended(self, due: Due) -> State:
        """The state that `due` has come to."""
        try:
            match due.state:
                case State.PLACING:
                    return self._given_up(due)
                case State.CHECKING:
                    return self._checked(due)
                case _:
                    return self._placed_again(due)
        except Exception:
            metrics.background_failures.labels("booking").inc()
            log.exception("booking %d could not be looked after", due.id)
            return due.state

    def _given_up(self, due: Due) -> State:
        """The process that was placing it has ended or has lost the database: nobody waits for Odoo's answer."""
        booking = self._claimed(due)
        return self._concluded(booking, State.CHECKING, NO_ANSWER).state if booking else due.state

    def _checked(self, due: Due) -> State:
        """If Odoo had booked, it would not offer the dates; only of a reservation is that sure."""
        booking = self._claimed(due)
        if booking and booking.request.kind == "reservation" and self._is_offered(booking):
            return self._concluded(booking, State.REQUESTED, NOT_THERE).state
        return due.state

    def _placed_again(self, due: Due) -> State:
        with self._ledger() as ledger:
            booking = ledger.claim(due, clock.now() + rules.BUDGET)
            if booking is None:
                return due.state
            if clock.now() >= rules.kept_until(booking.created_at, booking.request.days.start, self._zone):
                return ledger.move(booking, State.EXPIRED, "site", TOO_LATE, Refusal.NOT_MADE).state
            booking = ledger.move(booking, State.PLACING, "site")
        return self._asked(booking).state

    def _claimed(self, due: Due) -> Booking | None:
        """The booking, ours until it is looked after next; None when another process has it."""
        with self._ledger() as ledger:
            booking = ledger.claim(due, clock.now() + rules.CHECK_EVERY)
            if booking and clock.now() - booking.changed_at > rules.CHECK_UNTIL:
                ledger.leave(booking)
            return booking

    def _is_offered(self, booking: Booking) -> bool:
        try:
            return self._odoo.quote(booking.request.vehicle_id, booking.request.days).available
        except LcoError as error:
            log.warning("booking %d cannot be checked: %s", booking.id, error.code)
            return False
