"""Find, export and erase what is kept of one customer, and forget those whose bookings ended long ago."""

import logging
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from zoneinfo import ZoneInfo

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import and_, or_, select

from lco import clock
from lco.bookings import states
from lco.bookings.admin import BookingAdmin
from lco.bookings.mapping import to_audit_entry, to_booking
from lco.db import Database
from lco.db.change_requests import ChangeRequestRow
from lco.db.mails import Mail
from lco.db.models import BookingChange, BookingRow, Delivery
from lco.db.wishes import WishRow
from lco.domain.booking import Booking, State
from lco.domain.wish import WishMessage
from lco.errors import InvalidInput, NotFound
from lco.people import erasure
from lco.settings import Settings

log = logging.getLogger(__name__)

NUMBER = re.compile(r"[0-9]{1,9}")
CHANGE_REQUEST = ("booking_id", "created_at", "state", "date_from", "date_to", "reason")
"""The columns of a change request that say something of its customer; without days it is a cancellation."""
WISH = ("vehicle_name", "date_from", "date_to", "state", "created_at")
AT_ONCE = 500
"""Bookings that the scheduler erases in one transaction."""
UNDER_WAY = "Booking {} is being placed at this moment. Try again in {:.0f} seconds."
PASSED_ON = "The customer asked to be forgotten, so this is not placed."


@dataclass(frozen=True, slots=True)
class Person:
    """A customer, as `find` knows one: an address in its usual form, and the bookings under it."""

    email: str
    bookings: Sequence[Booking]


@dataclass(frozen=True, slots=True)
class Erased:
    """The result of an erasure: the numbers of the bookings, and how many mails, deliveries and files."""

    bookings: Sequence[int]
    mails: int
    deliveries: int
    files: int
    unsettled: Sequence[int]
    """Bookings that Odoo may have made, though its answer was never seen: look into Odoo."""


class People:
    """Customers are known by their mail address. Every method may raise DatabaseUnavailable."""

    def __init__(self, database: Database, bookings: BookingAdmin, settings: Settings) -> None:
        self._db = database
        self._bookings = bookings
        self._mail_dir = settings.mail_dir
        self._zone: ZoneInfo = settings.timezone
        self._keep_days = settings.keep_customers_days

    def find(self, who: str) -> Person:
        """The person with the mail address `who`, or behind the booking with this number.

        Raises InvalidInput when `who` is neither, and NotFound for a number without a person.
        """
        email = self._email_of(int(who)) if NUMBER.fullmatch(who) else normalized(who)
        with self._db.session() as session:
            # Compared here, since the two databases differ in what they take for the same letter.
            rows = session.execute(select(BookingRow.id, BookingRow.customer_email)).all()
            ids = [row.id for row in rows if row.customer_email.casefold() == email.casefold()]
            query = select(BookingRow).where(BookingRow.id.in_(ids)).order_by(BookingRow.id)
            return Person(email, [to_booking(row) for row in session.scalars(query)])

    def export(self, person: Person) -> dict[str, object]:
        """All that is kept of `person`, in values that JSON can hold but for dates, instants and decimals."""
        ids = [booking.id for booking in person.bookings]
        with self._db.session() as session:
            steps = session.scalars(select(BookingChange).where(BookingChange.booking_id.in_(ids)))
            audit = [asdict(to_audit_entry(row)) for row in steps]
            found = session.scalars(select(Mail).where(Mail.booking_id.in_(ids)).order_by(Mail.id))
            theirs = session.scalars(select(WishRow).where(WishRow.email == person.email.lower()))
            wishes = [{n: getattr(one, n) for n in WISH} for one in theirs]
            asked = session.scalars(select(ChangeRequestRow).where(ChangeRequestRow.booking_id.in_(ids)))
            requests = [{n: getattr(one, n) for n in CHANGE_REQUEST} for one in asked]
            mails = [{n: getattr(m, n) for n in ("booking_id", "message", "state", "written_at")} for m in found]
            numbers = erasure.deliveries_about(session.connection(), person.email, _references(person))
            rows = session.scalars(select(Delivery).where(Delivery.id.in_(numbers)))
            events = [{n: getattr(d, n) for n in ("id", "received_at", "payload")} for d in rows]
        return {
            "email": person.email,
            "bookings": [asdict(booking) for booking in person.bookings],
            "audit": audit,
            "change_requests": requests,
            "mails": mails,
            "wishes": wishes,
            "webhooks": events,
        }

    def erase(self, person: Person) -> Erased:
        """Empty all that names `person`; the audit stays, without a text that people wrote.

        What was still to be placed is declined first. Raises InvalidInput while one is being placed, and NotFound
        when nothing is kept.
        """
        unsettled = self._decline_open(person)
        with self._db.connection() as connection:
            targets = erasure.targets(connection, person.email, person.bookings)
            erasure.empty(connection, targets)
            wishes = erasure.forget_wishes(connection, person.email)
        files = self._remove_files(targets.mails, wishes)
        if not (targets.bookings or targets.deliveries or targets.events or wishes):
            raise NotFound(f"Nothing is kept of {person.email}.")
        self._db.scrub()
        return Erased(targets.bookings, len(targets.mails), len(targets.deliveries), files, unsettled)

    def forget_ended(self) -> int:
        """Call now and then: empty bookings that ended KEEP_CUSTOMERS_DAYS ago, and say how many. 0: keep all."""
        if not self._keep_days:
            return 0
        long_ago = timedelta(days=self._keep_days)
        over = or_(
            BookingRow.date_to < clock.today(self._zone) - long_ago,
            and_(BookingRow.state.in_(states.ENDED), BookingRow.changed_at < clock.now() - long_ago),
        )
        ended = and_(BookingRow.customer_email != "", BookingRow.state.not_in(states.OPEN), over)
        with self._db.session() as session:
            query = select(BookingRow).where(ended).order_by(BookingRow.id).limit(AT_ONCE)
            bookings = [to_booking(row) for row in session.scalars(query)]
        if bookings:
            with self._db.connection() as connection:
                targets = erasure.targets(connection, "", bookings)
                erasure.empty(connection, targets)
            self._remove_files(targets.mails)
            log.info("%d bookings that ended long ago no longer name their customer", len(bookings))
        return len(bookings)

    def _email_of(self, number: int) -> str:
        with self._db.session() as session:
            email = session.scalar(select(BookingRow.customer_email).where(BookingRow.id == number))
        if not email:
            raise NotFound(
                f"There is no booking {number}." if email is None else f"Booking {number} names no customer."
            )
        return email

    def _decline_open(self, person: Person) -> list[int]:
        opened = [booking for booking in person.bookings if booking.state in states.OPEN]
        for booking in opened:
            left = booking.changed_at + states.SUBMIT_TIMEOUT - clock.now()
            if booking.state is State.PLACING and left > timedelta():
                raise InvalidInput({}, UNDER_WAY.format(booking.id, max(1, left.total_seconds())))
        for booking in opened:
            self._bookings.settle(booking.id, State.DECLINED, PASSED_ON)
        return [booking.id for booking in opened if booking.state in states.SUBMITTED]

    def _remove_files(self, mail_ids: Sequence[int], wish_ids: Sequence[int] = ()) -> int:
        """Remove the files that were written for these mails and wishes, and say how many."""
        wanted = {str(number) for number in mail_ids}
        wanted |= {f"{message}-{number}" for message in WishMessage for number in wish_ids}
        found = [path for path in Path(self._mail_dir).glob("*.eml") if path.name.split(".")[1] in wanted]
        for path in found:
            path.unlink(missing_ok=True)
        return len(found)


def normalized(who: str) -> str:
    """A mail address in the form in which bookings keep it. Raises InvalidInput."""
    try:
        return validate_email(parseaddr(who)[1] or who, check_deliverability=False).normalized
    except (EmailNotValidError, ValueError) as error:
        raise InvalidInput({}, "Give a mail address, or the number of a booking.") from error


def _references(person: Person) -> list[str]:
    return [booking.reference for booking in person.bookings if booking.reference]
