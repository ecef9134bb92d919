"""The bookings within one transaction: found, added, and moved from state to state with an audit row each."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol, cast

from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, func, insert, or_, select, update

from lco import clock
from lco.bookings import holdings, states, unmatched_events
from lco.bookings.mapping import (
    BookingEvent,
    accepted_values,
    insert_values,
    normalize_reference,
    sha256,
    to_booking,
    update_values,
)
from lco.changes.topics import EventType
from lco.db.models import BookingChange, BookingRow
from lco.domain.booking import Booking, BookingRequest, DeclineReason, OdooBooking, State
from lco.domain.date_range import DateRange
from lco.domain.money import Money

# Statements on tables, built once: building one takes longer than running it, and so does making objects of rows.
BOOKINGS = cast("Table", BookingRow.__table__)
CHANGES = cast("Table", BookingChange.__table__)


def _locked(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """What is found may be changed, so it is locked until the transaction ends."""
    return select(BOOKINGS).where(*conditions).order_by(BOOKINGS.c.id).with_for_update()


BY_TOKEN = select(BOOKINGS).where(BOOKINGS.c.token == bindparam("token"))
BY_KEY = _locked(BOOKINGS.c.key_digest == bindparam("digest"))
BY_ID = _locked(BOOKINGS.c.id == bindparam("id"))
BY_REFERENCE = _locked(BOOKINGS.c.reference == bindparam("reference"))
IN_DOUBT = (
    BOOKINGS.c.vehicle_id == bindparam("vehicle_id"),
    # Not `in_`, whose list would be written into the statement anew each time.
    or_(
        *(BOOKINGS.c.state == state for state in sorted(states.OPEN)), BOOKINGS.c.refusal == DeclineReason.NOT_MADE
    ),
)
CANDIDATES = _locked(*IN_DOUBT)
MAY_BE_OURS = select(BOOKINGS.c.id).where(*IN_DOUBT).limit(1)
IS_KNOWN = select(BOOKINGS.c.id).where(BOOKINGS.c.reference == bindparam("reference")).limit(1)
ASKED_WITH = select(BOOKINGS.c.request_digest).where(BOOKINGS.c.key_digest == bindparam("digest"))
DUE = (
    select(BOOKINGS.c.id, BOOKINGS.c.state, BOOKINGS.c.due_at)
    .where(BOOKINGS.c.due_at <= bindparam("now"))
    .order_by(BOOKINGS.c.id)
)
CLAIM = (
    update(BOOKINGS)
    .where(*(BOOKINGS.c[name] == bindparam(f"seen_{name}") for name in ("id", "state", "due_at")))
    .values(due_at=bindparam("until"))
    .returning(BOOKINGS.c.id)
)
DOUBTS = (
    select(CHANGES.c.id)
    .where(CHANGES.c.booking_id == bindparam("id"), CHANGES.c.to_state == State.CHECKING)
    .limit(1)
)
ADD = insert(BOOKINGS).returning(*BOOKINGS.c)
RECORD = insert(CHANGES)
SAVE = update(BOOKINGS).where(BOOKINGS.c.id == bindparam("row_id"))
LOCK_REFERENCE = select(func.pg_advisory_xact_lock(func.hashtext(bindparam("reference"))))


class MailWriter(Protocol):
    """Where a customer's mail is put down, in the transaction of the step it tells of."""

    def write(self, connection: Connection, message: str, booking: Booking) -> None:
        """`message` is received, booked, confirmed, declined, cancelled or changed."""


class Due(NamedTuple):
    """A booking that the site has to look after, as it was when it was found."""

    id: int
    state: State
    at: datetime


class BookingRepository:
    """The bookings as `connection` sees them. `steps` collects what to tell the change log after the commit."""

    def __init__(self, connection: Connection, mails: MailWriter) -> None:
        self._connection = connection
        self._mails = mails
        self.steps: list[tuple[Booking, EventType]] = []

    # Finding

    def by_token(self, token: str) -> Booking | None:
        return next(self._found(BY_TOKEN, token=token), None)

    def by_key(self, key: str) -> Booking | None:
        return next(self._found(BY_KEY, digest=sha256(key)), None)

    def by_id(self, booking_id: int) -> Booking:
        """The booking, which is known to be there."""
        (booking,) = self._found(BY_ID, id=booking_id)
        return booking

    def by_number(self, booking_id: int) -> Booking | None:
        """The booking that a person calls so, if there is one."""
        return next(self._found(BY_ID, id=booking_id), None)

    def by_reference(self, reference: str) -> list[Booking]:
        self._lock_reference(reference)
        return list(self._found(BY_REFERENCE, reference=reference))

    def _found(self, statement: Select[*tuple[Any, ...]], **named: object) -> Iterator[Booking]:
        return (to_booking(row) for row in self._connection.execute(statement, named).all())

    def request_digest(self, key: str) -> str | None:
        """The digest of what was asked for with `key`, or None when that is new."""
        return self._connection.execute(ASKED_WITH, {"digest": sha256(key)}).scalar()

    def due(self, now: datetime) -> list[Due]:
        """What has to be looked after, oldest first; nothing is claimed by looking."""
        rows = self._connection.execute(DUE, {"now": now})
        return [Due(id_, State(state), at) for id_, state, at in rows]

    def claim(self, due: Due, until: datetime) -> Booking | None:
        """The booking, nobody else's until then; None when another process was faster, or it has changed."""
        seen = {"seen_id": due.id, "seen_state": due.state, "seen_due_at": due.at}
        claimed = self._connection.execute(CLAIM, seen | {"until": until}).scalar()
        return None if claimed is None else self.by_id(claimed)

    def stop_tracking(self, booking: Booking) -> None:
        """Look after the booking no more."""
        self._save(booking, due_at=None)

    def was_in_doubt(self, booking_id: int) -> bool:
        """Whether an earlier attempt may have made the booking in Odoo."""
        return self._connection.execute(DOUBTS, {"id": booking_id}).first() is not None

    def is_known(self, reference: str) -> bool:
        """Whether a booking here has this reference."""
        self._lock_reference(reference)
        return self._connection.execute(IS_KNOWN, {"reference": reference}).first() is not None

    def may_be_ours(self, vehicle_id: int) -> bool:
        """Whether any booking of the vehicle is open, so that it is worth looking which one Odoo tells of."""
        return self._connection.execute(MAY_BE_OURS, {"vehicle_id": vehicle_id}).first() is not None

    def is_awaited(self, vehicle_id: int, email: str, days: DateRange | None) -> bool:
        """Whether a booking like this one is being placed, so that Odoo's answer will say whose it is."""
        return any(one.state is State.PLACING for one in self._candidates(vehicle_id, email, days))

    def _candidates(self, vehicle_id: int, email: str, days: DateRange | None) -> list[Booking]:
        """The bookings that Odoo may have made, by its own or by somebody's hand, likeliest and oldest first."""
        found = self._found(CANDIDATES, vehicle_id=vehicle_id)
        same_mail = [one for one in found if one.request.email.casefold() == email.casefold()]
        fitting = [one for one in same_mail if days in {None, one.request.days}]
        return sorted(fitting, key=lambda one: (one.refusal is not None, one.state is State.REQUESTED, one.id))

    def has_unmatched(self, booking: Booking) -> bool:
        """Whether Odoo told of a booking for the same vehicle and mail that no booking here is known to be."""
        return bool(
            unmatched_events.find_unclaimed(self._connection, booking.request.vehicle_id, booking.request.email)
        )

    # Changing: each verb gives the booking as it is afterwards

    def require_room(self, request: BookingRequest, today: date, most: int) -> None:
        """Raise InvalidInput when the customer would hold more than `most` unconfirmed days (0: any number)."""
        holdings.require_room(self._connection, request, today, most)

    def add(self, request: BookingRequest, key: str, vehicle_name: str) -> Booking:
        """A new booking in state requested. Raises IntegrityError when its key is stored already."""
        new = insert_values(request, key, vehicle_name, secrets.token_urlsafe(24), clock.now())
        booking = to_booking(self._connection.execute(ADD, new).one())
        self._record(booking, None, "customer", "")
        return booking

    def transition(
        self, booking: Booking, state: State, actor: str, reason: str = "", refusal: DeclineReason | None = None
    ) -> Booking:
        """The only place where a state changes. Raises ValueError for a step that `rules.ALLOWED` lacks.

        `reason` is kept with the step; of a booking that has ended the customer reads it too.
        """
        before, now = booking.state, clock.now()
        if not states.may_transition(before, state):
            raise ValueError(f"a booking cannot go from {before} to {state}")
        moved = replace(
            booking,
            state=state,
            refusal=refusal,
            reason=reason if state in states.ENDED else "",
            changes=booking.changes + (before in states.CALENDAR_STATES and booking.tries > 0),
            tries=booking.tries + (state is State.PLACING),
            changed_at=now,
        )
        self._save(moved, due_at=states.next_attempt_at(state, moved.tries, now))
        self._record(moved, before, actor, reason)
        self._publish(moved, states.event_type(state), states.mail_for(before, state, moved.tries))
        return moved

    def accept(self, booking: Booking, placed: OdooBooking, actor: str) -> Booking:
        """Odoo has made this booking: write down what it says, and apply the news that came before."""
        self._lock_reference(normalize_reference(placed.reference))
        booking = accepted_values(booking, placed)
        if states.may_transition(booking.state, State.BOOKED):
            booking = self.transition(booking, State.BOOKED, actor)
        else:
            self._save(booking)
        for news in unmatched_events.find(self._connection, booking.reference):
            booking = self.apply_event(booking, news)
        return booking

    def apply_event(self, booking: Booking, news: BookingEvent) -> Booking:
        """Apply what a webhook says, as far as it is new."""
        if news.state and states.may_transition(booking.state, news.state):
            booking = self.transition(booking, news.state, "webhook", news.reason)
        if news.is_empty:
            self.steps.append((booking, EventType.BOOKING_MODIFIED))
        days, total = news.days or booking.request.days, news.total or booking.total
        if (days, total) != (booking.request.days, booking.total):
            booking = self._modify(booking, days, total)
        return booking

    def match_unmatched(self, vehicle_id: int, email: str) -> None:
        """Bookings in checking become those that Odoo told of, where vehicle, mail and days agree.

        While one like it is being placed, nothing is decided: Odoo's answer will say whose booking it is.
        """
        for told in unmatched_events.find_unclaimed(self._connection, vehicle_id, email):
            made = self._candidates(vehicle_id, email, told.news.days)
            # Odoo cannot have made a booking before its customer asked for it.
            made = [one for one in made if one.created_at <= told.received_at]
            if made and all(one.state is not State.PLACING for one in made):
                self.accept(made[0], OdooBooking(told.reference, None, "", told.news.total), "webhook")

    def save_unmatched(
        self, reference: str, news: BookingEvent, vehicle_id: int | None = None, email: str | None = None
    ) -> bool:
        """Remember news of a reference nobody knows: its booking may be being placed this moment.

        False when the same had been heard before.
        """
        return unmatched_events.save(self._connection, reference, news, vehicle_id, email)

    def purge_unmatched(self) -> None:
        """Delete early news that no booking has come to claim."""
        unmatched_events.purge(self._connection)

    def _lock_reference(self, reference: str) -> None:
        """Until the transaction ends, no other one reads or writes about this reference.

        On PostgreSQL transactions run side by side: news that comes while the answer is written down would find no
        booking, the answer no news, and both would be right. SQLite has one writer anyway.
        """
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(LOCK_REFERENCE, {"reference": reference})

    def _modify(self, booking: Booking, days: DateRange, total: Money | None) -> Booking:
        modified = replace(
            booking,
            request=replace(booking.request, days=days),
            total=total,
            changes=booking.changes + 1,
            changed_at=clock.now(),
        )
        self._save(modified)
        self._record(modified, booking.state, "webhook", "modified")
        self._publish(modified, EventType.BOOKING_MODIFIED, "changed")
        return modified

    def _save(self, booking: Booking, **due: datetime | None) -> None:
        self._connection.execute(SAVE, {"row_id": booking.id} | update_values(booking) | due)

    def _publish(self, booking: Booking, kind: EventType, mail: str | None) -> None:
        """The change log is told after the commit, the customer in the same transaction or not at all."""
        self.steps.append((booking, kind))
        if mail:
            self._mails.write(self._connection, mail, booking)

    def _record(self, booking: Booking, before: State | None, actor: str, reason: str) -> None:
        step = {
            "booking_id": booking.id,
            "from_state": before,
            "to_state": booking.state,
            "at": booking.changed_at,
        }
        self._connection.execute(RECORD, step | {"actor": actor, "reason": reason})
