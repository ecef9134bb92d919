"""What the tests of mail start from: a booking, its row, a database that holds it; and how a mail is read."""

import email
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from email.policy import default

from icalendar import Calendar
from sqlalchemy import delete, insert, select

from lco.bookings.mapping import insert_values
from lco.db import Database
from lco.db.mails import Mail
from lco.db.models import BookingChange, BookingRow
from lco.domain.booking import Booking, BookingRequest, DeclineReason, State
from lco.domain.date_range import DateRange
from lco.domain.money import Money
from lco.mail.outbox import Outbox
from lco.mail.serialization import dumps

DAYS = DateRange(date(2030, 1, 7), date(2030, 1, 11))
NOON = datetime(2029, 12, 2, 12, tzinfo=UTC)
REQUEST = BookingRequest(7, DAYS, "Ada Lövelace", "ada@lovelace.test.com", "+12185550142")
BOOKING = Booking(
    id=1,
    token="secret-token",
    state=State.BOOKED,
    request=REQUEST,
    vehicle_name="Zero-Turn Mower",
    reference="BK-1",
    odoo_id=1,
    odoo_message="",
    total=Money(Decimal("640.00"), "USD"),
    reason="",
    created_at=NOON,
    changed_at=NOON,
    changes=0,
)
OUT = replace(BOOKING, state=State.CONFIRMED, changes=2, picked_up_on=DAYS.start)
KEPT = replace(BOOKING, state=State.REQUESTED, reference=None, total=None)
CONFIRMED = replace(BOOKING, state=State.CONFIRMED, changes=1)
CANCELLED = replace(BOOKING, state=State.CANCELLED, changes=2, reason="The yard is flooded.")
TAKEN = replace(
    KEPT, state=State.DECLINED, refusal=DeclineReason.DATES_TAKEN, reason="These dates have just been taken."
)
BOOKINGS = {
    "received": KEPT,
    "booked": BOOKING,
    "confirmed": CONFIRMED,
    "declined": TAKEN,
    "cancelled": CANCELLED,
    "changed": CONFIRMED,
    "picked_up": OUT,
    "returned": replace(OUT, changes=3, returned_on=DAYS.end),
    "link": BOOKING,
    "unchanged": CONFIRMED,
}


def with_request(booking: Booking = BOOKING, **changes) -> Booking:
    return replace(booking, request=replace(booking.request, **changes))


def mail_about(booking: Booking, message: str, mail_id: int = 5) -> Mail:
    return Mail(
        id=mail_id,
        booking_id=booking.id,
        message=message,
        changes=booking.changes,
        snapshot=dumps(booking),
        written_at=NOON,
        attempts=1,
    )


def stored(db: Database, token: str, email: str = REQUEST.email) -> Booking:
    """The booking under another token, with a separate row."""
    request = replace(REQUEST, email=email)
    row = insert_values(request, token, BOOKING.vehicle_name, token, NOON) | {"state": State.BOOKED}
    with db.session() as session:
        added = session.execute(insert(BookingRow).values(row).returning(BookingRow.id))
        return replace(BOOKING, id=added.scalar_one(), token=token, request=request)


def write(db: Database, outbox: Outbox, message: str, booking: Booking) -> None:
    with db.connection() as connection:
        outbox.write(connection, message, booking)


def mail_of(db: Database, mail_id: int) -> Mail:
    with db.session() as session:
        return session.get_one(Mail, mail_id)


def emptied(db: Database) -> Database:
    """The database without mails, and without the bookings that have no audit: an audit cannot be deleted."""
    with db.session() as session:
        session.execute(Mail.__table__.delete())
        session.execute(delete(BookingRow).where(BookingRow.id.not_in(select(BookingChange.booking_id))))
    return db


def arrived(message):
    """The mail as its receiver has it."""
    return email.message_from_bytes(message.as_bytes(), policy=default)


def text(message) -> str:
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")


def html(message) -> str:
    return message.get_body(("html",)).get_content()


def entries(message) -> list[tuple[str, Calendar]]:
    parts = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    return [(part["Content-Type"].params["method"], Calendar.from_ical(part.get_content())) for part in parts]


def send_mails(app) -> None:
    """Write mail files, as the worker of a serving process does."""
    worker = app.extensions["lco.mail"]
    worker._stopped.clear()
    worker.send_due()
