"""The verbs of a booking: placed once, read by its secret link, and settled when Odoo left it open."""

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from sqlalchemy.exc import IntegrityError

from lco import clock, metrics
from lco.availability.days import Days
from lco.availability.quote import Quote
from lco.bookings import rules
from lco.bookings.announcer import Announcer, Availability
from lco.bookings.booking import Booking, BookingRequest, Placed, Refusal, State
from lco.bookings.news import BookingNews, Catalogue
from lco.bookings.rows import booking_of, digest, plain
from lco.errors import KeyReused, LcoError, NotFound
from lco.live.log import ChangeLog
from lco.odoo.errors import BookingInvalid, DatesRefused, OdooAway, OdooRefused, OutcomeUnknown, VehicleUnknown
from lco.store import Store

log = logging.getLogger(__name__)

REFUSALS: Mapping[type[OdooRefused], Refusal] = {
    DatesRefused: Refusal.DATES_TAKEN,
    BookingInvalid: Refusal.INVALID,
    VehicleUnknown: Refusal.VEHICLE_GONE,
}
TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
LOOK_AGAIN_SECONDS = 0.05


class Odoo(Protocol):
    """What bookings ask of Odoo: see `lco.odoo.client.OdooClient`."""

    def book(self, request: BookingRequest) -> Placed: ...

    def quote(self, vehicle_id: int, days: Days) -> Quote: ...


class Claim(NamedTuple):
    """A stored booking; `mine` when this request has to place it, `fresh` when it also stored it."""

    booking: Booking
    mine: bool
    fresh: bool


class Bookings(BookingNews):
    """All bookings of the site. Safe for many threads and processes; every method may raise StoreAway."""

    def __init__(
        self, store: Store, odoo: Odoo, catalogue: Catalogue, availability: Availability, changes: ChangeLog
    ) -> None:
        super().__init__(store, catalogue, Announcer(availability, changes))
        self._odoo = odoo

    # What customers do

    def place(self, request: BookingRequest, key: str, before_odoo: Callable[[], None]) -> Booking:
        """The booking that `key` stands for, placed now unless it has been before. Answers within 15 s.

        `before_odoo` is called when Odoo is about to be asked, and may raise to prevent that. The booking that
        comes back is one that Odoo made or, when Odoo left it open, one in checking; that is never sent again.
        Raises OdooAway (nothing was booked, the same key may be sent again), DatesTaken, InvalidInput, Gone,
        NotBooked, KeyReused, OutcomeUnknown, and NotFound for a vehicle the shop does not have.
        """
        while True:
            claim = self._found(request, key) or self._stored(request, key)
            if claim and claim.mine:
                return self._placed(claim, before_odoo)
            booking = claim and self._settled(claim.booking)
            if booking:
                return _replayed(booking)
            # Another request with this key was kept from asking Odoo and took its intent back: now it is our turn.

    def by_token(self, token: str) -> Booking:
        """The booking with this secret. Raises NotFound."""
        if not TOKEN.fullmatch(token):
            raise NotFound
        with self._ledger() as ledger:
            row = ledger.by_token(token)
        if row is None:
            raise NotFound
        return booking_of(row)

    # Settling what was left open

    def recover(self) -> None:
        """Call at start and every minute: what was being placed for longer than can be is now in checking.

        The process that was placing it has ended or has lost the database, so nobody waits for Odoo's answer.
        """
        with self._ledger() as ledger:
            placing = [booking_of(row) for row in ledger.placing()]
        for booking in filter(_overdue, placing):
            self._concluded(booking, State.CHECKING, "nobody was waiting for Odoo's answer any more")

    def check(self) -> None:
        """Call every minute: decline what has long been in checking while Odoo still offers its dates.

        If Odoo had booked, it would not offer them. Raises nothing of Odoo's.
        """
        now = clock.now()
        with self._ledger() as ledger:
            rows = ledger.checking(now - rules.CHECK_UNTIL, now - rules.CHECK_AFTER)
        for booking in map(booking_of, rows):
            if self._still_offered(booking):
                sentence = rules.refused(Refusal.NOT_MADE, "").message
                self._concluded(booking, State.DECLINED, sentence, Refusal.NOT_MADE)

    # How placing goes

    def _found(self, request: BookingRequest, key: str) -> Claim | None:
        with self._ledger() as ledger:
            row = ledger.by_key(key)
            if row is None:
                return None
            if row.request_digest != digest(request):
                raise KeyReused
            mine = row.state == State.REQUESTED
            if mine:
                ledger.move(row, State.PLACING, "customer")
            return Claim(booking_of(row), mine, fresh=False)

    def _stored(self, request: BookingRequest, key: str) -> Claim | None:
        """The intent, stored before Odoo is asked; None when another request with this key was faster."""
        name = self._catalogue.find(request.vehicle_id).name
        try:
            with self._ledger() as ledger:
                row = ledger.add(request, key, name)
                ledger.move(row, State.PLACING, "customer")
                return Claim(booking_of(row), mine=True, fresh=True)
        except IntegrityError:
            return None

    def _placed(self, claim: Claim, before_odoo: Callable[[], None]) -> Booking:
        try:
            before_odoo()
        except Exception:
            self._take_back(claim)
            raise
        return self._asked(claim.booking)

    def _take_back(self, claim: Claim) -> None:
        with self._ledger() as ledger:
            row = ledger.by_id(claim.booking.id)
            if claim.fresh:
                ledger.remove(row)
            else:
                ledger.move(row, State.REQUESTED, "site", "not sent to Odoo")

    def _asked(self, booking: Booking) -> Booking:
        """Ask Odoo, once, and write down what came of it."""
        try:
            placed = self._odoo.book(booking.request)
        except OdooAway as error:
            return self._not_booked(booking, State.REQUESTED, error)
        except tuple(REFUSALS) as error:
            return self._declined(booking, error)
        except OutcomeUnknown:
            return self._left_open(booking)
        except Exception:
            log.exception("booking %d: nobody knows what odoo did", booking.id)
            return self._left_open(booking)
        with _kept(booking, placed.reference):
            return self._accepted(booking, placed)

    def _declined(self, booking: Booking, error: OdooRefused) -> Booking:
        refusal = REFUSALS[type(error)]
        if refusal is Refusal.DATES_TAKEN:
            self._announcer.refused(booking)
        refused = rules.refused(refusal, plain(error.message))
        refused.__cause__ = error
        return self._not_booked(booking, State.DECLINED, refused, refusal)

    def _not_booked(
        self, booking: Booking, state: State, error: LcoError, refusal: Refusal | None = None
    ) -> Booking:
        """Raises `error`, unless a webhook has told that Odoo made the booking all the same."""
        settled = self._concluded(booking, state, error.message, refusal)
        if settled.state is state:
            raise error
        return _replayed(settled)

    def _left_open(self, booking: Booking) -> Booking:
        with _kept(booking, "unknown"):
            return self._concluded(booking, State.CHECKING, "Odoo did not confirm in time")

    def _accepted(self, booking: Booking, placed: Placed) -> Booking:
        with self._ledger() as ledger:
            ledger.accept(ledger.by_id(booking.id), placed, "answer")
        return self._with_news(booking)

    def _concluded(self, booking: Booking, state: State, reason: str, refusal: Refusal | None = None) -> Booking:
        """The booking in `state`, or as a webhook has settled it in the meantime."""
        with self._ledger() as ledger:
            row = ledger.by_id(booking.id)
            if row.state in rules.OPEN and row.state != state:
                ledger.move(row, state, "site", reason, refusal)
        return self._with_news(booking)

    def _with_news(self, booking: Booking) -> Booking:
        """The booking after webhooks that had to wait for its answer have been heard, for it and others like it.

        A transaction of its own: it locks those others too, and two that had locked theirs first would never end.
        """
        with self._ledger() as ledger:
            ledger.settle(booking.request.vehicle_id, booking.request.email)
            return booking_of(ledger.by_id(booking.id))

    def _settled(self, booking: Booking | None) -> Booking | None:
        """The booking once nobody is placing it any more; None when its intent was taken back."""
        while booking and booking.state is State.PLACING:
            if _overdue(booking):
                return self._concluded(booking, State.CHECKING, "Odoo did not confirm in time")
            time.sleep(LOOK_AGAIN_SECONDS)
            with self._ledger() as ledger:
                row = ledger.by_token(booking.token)
            booking = booking_of(row) if row else None
        return booking

    def _still_offered(self, booking: Booking) -> bool:
        try:
            return self._odoo.quote(booking.request.vehicle_id, booking.request.days).available
        except LcoError as error:
            log.warning("booking %d cannot be checked: %s", booking.id, error.code)
            return False


def _overdue(booking: Booking) -> bool:
    return clock.now() - booking.changed_at > rules.BUDGET


def _replayed(booking: Booking) -> Booking:
    """What the first request with this key was answered."""
    if booking.state is State.REQUESTED:
        raise OdooAway
    if booking.refusal:
        raise rules.refused(booking.refusal, booking.reason)
    return booking


@contextmanager
def _kept(booking: Booking, reference: str) -> Iterator[None]:
    """Odoo has been asked: whatever goes wrong in the block must not look as if nothing had been booked."""
    try:
        yield
    except Exception as error:
        log.exception("booking %d (%s at odoo) could not be written down", booking.id, reference)
        metrics.background_failures.labels("booking not written down").inc()
        raise OutcomeUnknown from error
