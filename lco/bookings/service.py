"""Place a booking once for each idempotency key, and read one by its secret link."""

import re
import time
from collections.abc import Callable
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError

from lco import clock
from lco.bookings import states
from lco.bookings.errors import AlreadyRequested
from lco.bookings.mapping import request_digest, sha256
from lco.bookings.submission import NO_ANSWER, Submitter
from lco.bookings.unit_of_work import UnitOfWork
from lco.domain.agreement import Agreement
from lco.domain.booking import Actor, Booking, BookingRequest, State
from lco.domain.mail_kind import MailKind
from lco.domain.typed_text import letters
from lco.domain.vehicle import Vehicle
from lco.errors import KeyReused, NotFound
from lco.locks import KeyedLock

TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
LOOK_AGAIN_SECONDS = 0.05


def is_same_person(one: BookingRequest, other: BookingRequest) -> bool:
    """Whether the phone is the same, and the letters of the name but for case and accents.

    One number with and without an extension is the same.
    """
    numbers = {request.phone.partition(" ext.")[0] for request in (one, other)}
    return letters(one.name) == letters(other.name) and len(numbers) == 1


class Catalogue(Protocol):
    """The part of the catalogue that bookings need: see `lco.catalogue.service.Catalogue`."""

    def find(self, vehicle_id: int) -> Vehicle:
        """The vehicle. Raises NotFound, Gone and OdooError."""

    def currency(self, vehicle_id: int | None) -> str:
        """The currency of the vehicle, or the usual one. Raises OdooError."""

    def invalidate(self, vehicle_id: int) -> None:
        """Read the vehicle and its free days anew before they are shown."""


class BookingService:
    """Bookings as customers use them. Safe for threads and processes. Raises DatabaseUnavailable."""

    def __init__(
        self, uow: UnitOfWork, catalogue: Catalogue, submitter: Submitter, zone: ZoneInfo, max_open_days: int
    ) -> None:
        self._uow = uow
        self._catalogue = catalogue
        self._submitter = submitter
        self._zone = zone
        self._max_open_days = max_open_days
        self._under_way = KeyedLock()

    def place(self, request: BookingRequest, key: str, before_odoo: Callable[[], Agreement | None]) -> Booking:
        """Return the booking of `key`: placed now, or at the first request with this key. Takes at most 15 s.

        The same person who asks again for the same vehicle and days gets the first booking until that is over.

        `before_odoo` is called once for each key, before anything is stored, and may raise to prevent that. It
        returns the rental terms that the customer agrees to, if any. The booking is one that Odoo made, or an open
        one: in requested when Odoo was certainly not reached (it is kept, and `BookingRecovery` places it), in
        checking or placing when the result at Odoo is not known.
        Raises DatesTaken, InvalidInput (also for too many open days), Gone, NotBooked, KeyReused, AlreadyRequested
        for what may be another person's booking, NotFound for a vehicle that is not for rent, and OdooError while
        the vehicles are not known.
        """
        with self._under_way.hold(sha256(key)):
            booking, is_new = self._find(request, key), False
            if booking is None:
                name = self._catalogue.find(request.vehicle_id).name
                agreement = before_odoo()
                booking, is_new = self._store(request, key, name, agreement)
        booking = self._submitter.submit(booking) if is_new else self._wait_for_result(booking)
        if booking.refusal:
            raise states.decline_error(booking.refusal, booking.reason)
        return booking

    def by_token(self, token: str) -> Booking:
        """The booking with this secret. Raises NotFound."""
        if not TOKEN.fullmatch(token):
            raise NotFound
        with self._uow() as bookings:
            booking = bookings.by_token(token)
        if booking is None:
            raise NotFound
        return booking

    def agreement(self, booking: Booking) -> Agreement | None:
        """The rental terms that its customer has agreed to. Returns None when there were none."""
        with self._uow() as bookings:
            return bookings.agreement(booking.id)

    def _find(self, request: BookingRequest, key: str) -> Booking | None:
        """Return the booking of `key`. Returns None for a new key, or one that a refused request has given up.

        Raises KeyReused when the key belongs to another request.
        """
        with self._uow() as bookings:
            digest = bookings.request_digest(key)
            if digest is None:
                return None
            booking = bookings.by_key(key)
            if digest == request_digest(request):
                return booking
            if booking is None or booking.refusal not in states.REFUSED_BY_ODOO:
                raise KeyReused
            bookings.release_key(booking)
            return None

    def _store(
        self, request: BookingRequest, key: str, vehicle_name: str, agreement: Agreement | None
    ) -> tuple[Booking, bool]:
        """Store the intent before Odoo is asked. Returns the earlier booking and False for the same one again.

        Raises AlreadyRequested when the earlier one may be another person's; its link goes to its mail address.
        """
        try:
            with self._uow() as bookings:
                bookings.lock_customer(request)
                earlier = bookings.like(request)
                if earlier is None:
                    bookings.require_room(request, clock.today(self._zone), self._max_open_days)
                    requested = bookings.add(request, key, vehicle_name, agreement)
                    return bookings.transition(requested, State.PLACING, Actor.CUSTOMER), True
                may_see = is_same_person(earlier.request, request)
                if not may_see:
                    bookings.mail(earlier, MailKind.LINK)
        except IntegrityError:
            booking = self._find(request, key)
            if booking is None:
                raise
            return booking, False
        if not may_see:
            raise AlreadyRequested
        return earlier, False

    def _wait_for_result(self, booking: Booking) -> Booking:
        """The booking after its attempt under way has ended."""
        while booking.state is State.PLACING:
            if clock.now() - booking.changed_at > states.SUBMIT_TIMEOUT:
                return self._submitter.record(booking, State.CHECKING, NO_ANSWER)
            time.sleep(LOOK_AGAIN_SECONDS)
            booking = self.by_token(booking.token)
        return booking
