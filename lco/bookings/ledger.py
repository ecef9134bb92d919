"""The bookings within one transaction: found, added, and moved from state to state with an audit row each."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, cast

from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session

from lco import clock
from lco.availability.days import Days
from lco.bookings import early, rules
from lco.bookings.booking import Booking, BookingRequest, Placed, Refusal, State
from lco.bookings.rows import (
    News,
    booking_of,
    days_of,
    new_row,
    reference_of,
    set_answer,
    set_total,
    sha256,
    total_of,
)
from lco.money import Money
from lco.store.models import BookingChange, BookingRow


def _locked(*conditions: ColumnElement[bool]) -> Select[BookingRow]:
    """What is found may be changed, so it is locked until the transaction ends."""
    return select(BookingRow).where(*conditions).order_by(BookingRow.id).with_for_update()


# Built once: building a statement takes longer than running it. Those on tables are for `_connection`.
BOOKINGS = cast("Table", BookingRow.__table__)
BY_TOKEN = select(BookingRow).where(BookingRow.token == bindparam("token"))
BY_KEY = _locked(BookingRow.key_digest == bindparam("digest"))
BY_ID = _locked(BookingRow.id == bindparam("id"))
BY_REFERENCE = _locked(BookingRow.reference == bindparam("reference"))
IN_DOUBT = (
    BOOKINGS.c.vehicle_id == bindparam("vehicle_id"),
    or_(BOOKINGS.c.state.in_(rules.OPEN), BOOKINGS.c.refusal == Refusal.NOT_MADE),
)
PERHAPS_MADE = _locked(*IN_DOUBT)
MAY_BE_OURS = select(BOOKINGS.c.id).where(*IN_DOUBT).limit(1)
IS_KNOWN = select(BOOKINGS.c.id).where(BOOKINGS.c.reference == bindparam("reference")).limit(1)
IS_USED = select(BOOKINGS.c.id).where(BOOKINGS.c.key_digest == bindparam("digest"))
RECORD = insert(cast("Table", BookingChange.__table__))
ALONE_WITH = select(func.pg_advisory_xact_lock(func.hashtext(bindparam("reference"))))


class Mails(Protocol):
    """Where a customer's mail is put down, in the transaction of the step it tells of."""

    def write(self, session: Session, message: str, booking: Booking) -> None:
        """`message` is received, booked, confirmed, declined, cancelled or changed."""


class NoMails:
    """For a site that sends none."""

    def write(self, session: Session, message: str, booking: Booking) -> None:
        """Nothing is written."""


class Due(NamedTuple):
    """A booking that the site has to look after, as it was when it was found."""

    id: int
    state: State
    at: datetime


class Ledger:
    """The bookings as `session` sees them. `steps` collects what to tell the change log after the commit."""

    def __init__(self, session: Session, mails: Mails | None = None) -> None:
        self._session = session
        self._mails = mails or NoMails()
        self.steps: list[tuple[Booking, str]] = []

    # Finding

    def by_token(self, token: str) -> BookingRow | None:
        return self._session.scalar(BY_TOKEN, {"token": token})

    def by_key(self, key: str) -> BookingRow | None:
        return self._session.scalar(BY_KEY, {"digest": sha256(key)})

    def by_id(self, booking_id: int) -> BookingRow:
        return self._session.scalars(BY_ID, {"id": booking_id}).one()

    def by_reference(self, reference: str) -> Sequence[BookingRow]:
        self._alone_with(reference)
        return self._session.scalars(BY_REFERENCE, {"reference": reference}).all()

    def due(self, now: datetime) -> list[Due]:
        """What has to be looked after, oldest first; nothing is claimed by looking."""
        columns = select(BookingRow.id, BookingRow.state, BookingRow.due_at)
        rows = self._session.execute(columns.where(BookingRow.due_at <= now).order_by(BookingRow.id))
        return [Due(id_, State(state), at) for id_, state, at in rows if at]

    def claim(self, due: Due, until: datetime) -> BookingRow | None:
        """The booking, nobody else's until then; None when another process was faster, or it has changed."""
        claimed = self._session.scalar(
            update(BookingRow)
            .where(BookingRow.id == due.id, BookingRow.state == due.state, BookingRow.due_at == due.at)
            .values(due_at=until)
            .returning(BookingRow.id)
            .execution_options(synchronize_session=False)
        )
        return None if claimed is None else self.by_id(claimed)

    def was_in_doubt(self, booking_id: int) -> bool:
        """Whether an earlier attempt may have made the booking in Odoo."""
        doubts = select(BookingChange.id).where(
            BookingChange.booking_id == booking_id, BookingChange.to_state == State.CHECKING
        )
        return self._session.scalar(doubts.limit(1)) is not None

    def is_known(self, reference: str) -> bool:
        """Whether a booking here has this reference."""
        self._alone_with(reference)
        return self._connection.execute(IS_KNOWN, {"reference": reference}).first() is not None

    def may_be_ours(self, vehicle_id: int) -> bool:
        """Whether any booking of the vehicle is open, so that it is worth looking which one Odoo tells of."""
        return self._connection.execute(MAY_BE_OURS, {"vehicle_id": vehicle_id}).first() is not None

    def is_awaited(self, vehicle_id: int, email: str, days: Days | None) -> bool:
        """Whether a booking like this one is being placed, so that Odoo's answer will say whose it is."""
        return any(row.state == State.PLACING for row in self._perhaps_made(vehicle_id, email, days))

    def _perhaps_made(self, vehicle_id: int, email: str, days: Days | None) -> list[BookingRow]:
        """The bookings that Odoo may have made, by its own or by somebody's hand, likeliest and oldest first."""
        rows = self._session.scalars(PERHAPS_MADE, {"vehicle_id": vehicle_id})
        same_mail = [row for row in rows if row.customer_email.casefold() == email.casefold()]
        fitting = [row for row in same_mail if days in {None, days_of(row)}]
        return sorted(fitting, key=lambda row: (row.refusal is not None, row.state == State.REQUESTED, row.id))

    def has_news(self, booking: Booking) -> bool:
        """Whether Odoo told of a booking for the same vehicle and mail that no booking here is known to be."""
        return bool(early.nobodys(self._connection, booking.request.vehicle_id, booking.request.email))

    # Changing

    def add(self, request: BookingRequest, key: str, vehicle_name: str) -> BookingRow:
        """A new booking in state requested; when its key is stored already, flushing raises IntegrityError."""
        row = new_row(request)
        row.token = secrets.token_urlsafe(24)
        row.key_digest = sha256(key)
        row.vehicle_name = vehicle_name
        row.created_at = row.changed_at = clock.now()
        row.state = State.REQUESTED
        self._session.add(row)
        self._record(row, None, "customer", "")
        return row

    def move(
        self, row: BookingRow, state: State, actor: str, reason: str = "", refusal: Refusal | None = None
    ) -> None:
        """The only place where a state changes. Raises ValueError for a step that `rules.ALLOWED` lacks.

        `reason` is kept with the step; of a booking that has ended the customer reads it too.
        """
        before = State(row.state)
        if not rules.allowed(before, state):
            raise ValueError(f"a booking cannot go from {before} to {state}")
        row.state, row.refusal = state, refusal
        row.reason = reason if state in rules.ENDED else ""
        row.changes += before in rules.SHOWN and row.tries > 0
        row.tries += state is State.PLACING
        row.changed_at = clock.now()
        row.due_at = rules.due(state, row.tries, row.changed_at)
        self._record(row, before, actor, reason)
        self._tell(row, rules.kind(state), rules.mail(before, state, row.tries))

    def accept(self, row: BookingRow, placed: Placed, actor: str) -> None:
        """Odoo has made this booking: write down what it says, and apply the news that came before."""
        self._alone_with(reference_of(placed.reference))
        set_answer(row, placed)
        if rules.allowed(State(row.state), State.BOOKED):
            self.move(row, State.BOOKED, actor)
        for news in early.about(self._connection, row.reference):
            self.hear(row, news)

    def hear(self, row: BookingRow, news: News) -> None:
        """Apply what a webhook says, as far as it is new."""
        if news.state and rules.allowed(State(row.state), news.state):
            self.move(row, news.state, "webhook", news.reason)
        if news.says_nothing:
            self.steps.append((booking_of(row), rules.MODIFIED))
        if news.days not in {None, days_of(row)} or news.total not in {None, total_of(row)}:
            self._modify(row, news.days or days_of(row), news.total or total_of(row))

    def settle(self, vehicle_id: int, email: str) -> None:
        """Bookings in checking become those that Odoo told of, where vehicle, mail and days agree.

        While one like it is being placed, nothing is decided: Odoo's answer will say whose booking it is.
        """
        for told in early.nobodys(self._connection, vehicle_id, email):
            made = self._perhaps_made(vehicle_id, email, told.news.days)
            # Odoo cannot have made a booking before its customer asked for it.
            rows = [row for row in made if row.created_at <= told.received_at]
            if rows and all(row.state != State.PLACING for row in rows):
                self.accept(rows[0], Placed(told.reference, None, "", told.news.total), "webhook")

    def keep_for_later(
        self, reference: str, news: News, vehicle_id: int | None = None, email: str | None = None
    ) -> bool:
        """Remember news of a reference nobody knows: its booking may be being placed this moment.

        False when the same had been heard before.
        """
        return early.keep(self._connection, reference, news, vehicle_id, email)

    def _alone_with(self, reference: str) -> None:
        """Until the transaction ends, no other one reads or writes about this reference.

        On PostgreSQL transactions run side by side: news that comes while the answer is written down would find no
        booking, the answer no news, and both would be right. SQLite has one writer anyway.
        """
        if self._session.get_bind().dialect.name == "postgresql":
            self._connection.execute(ALONE_WITH, {"reference": reference})

    def forget_old_news(self) -> None:
        """Delete early news that no booking has come to claim."""
        early.forget_old(self._connection)

    @property
    def _connection(self) -> Connection:
        """The transaction without its objects, which are written down before: it sees what they say."""
        self._session.flush()
        return self._session.connection()

    def _modify(self, row: BookingRow, days: Days, total: Money | None) -> None:
        row.date_from, row.date_to = days.start, days.end
        set_total(row, total)
        row.changes += 1
        row.changed_at = clock.now()
        self._record(row, State(row.state), "webhook", "modified")
        self._tell(row, rules.MODIFIED, "changed")

    def _tell(self, row: BookingRow, kind: str, mail: str | None) -> None:
        """The change log is told after the commit, the customer in the same transaction or not at all."""
        booking = booking_of(row)
        self.steps.append((booking, kind))
        if mail:
            self._mails.write(self._session, mail, booking)

    def _record(self, row: BookingRow, before: State | None, actor: str, reason: str) -> None:
        step = {
            "at": row.changed_at,
            "actor": actor,
            "from_state": before,
            "to_state": row.state,
            "reason": reason,
        }
        connection = self._connection  # a new booking has its number from now on
        connection.execute(RECORD, step | {"booking_id": row.id})
