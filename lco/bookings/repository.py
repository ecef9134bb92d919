"""The bookings within one transaction: found, added, and changed, with a row in the audit for each change."""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol, cast

from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, insert, or_, select, update

from lco import clock
from lco.bookings import agreements, holdings, states, unmatched_events
from lco.bookings.change_requests import ChangeRequests
from lco.bookings.mapping import (
    accepted_values,
    insert_values,
    sha256,
    to_booking,
    update_values,
)
from lco.bookings.terms import days_of, in_order, is_visible, merge, total_of
from lco.changes.topics import EventType
from lco.db.models import BookingChange, BookingRow, FeedCursor
from lco.db.named_lock import lock_name
from lco.domain.agreement import Agreement
from lco.domain.booking import (
    ALIVE,
    Actor,
    Booking,
    BookingEvent,
    BookingRequest,
    DeclineReason,
    OdooBooking,
    State,
)
from lco.domain.date_range import DateRange
from lco.domain.mail_kind import MailKind

# Statements on tables, built once: building one takes longer than running it, and so does making objects of rows.
BOOKINGS = cast("Table", BookingRow.__table__)
CHANGES = cast("Table", BookingChange.__table__)
CURSORS = cast("Table", FeedCursor.__table__)


def _locked(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """The rows are locked until the transaction ends, as they may be changed. Always in the order of their ids."""
    return select(BOOKINGS).where(*conditions).order_by(BOOKINGS.c.id).with_for_update()


BY_TOKEN = select(BOOKINGS).where(BOOKINGS.c.token == bindparam("token"))
BY_KEY = _locked(BOOKINGS.c.key_digest == bindparam("digest"))
BY_ID = _locked(BOOKINGS.c.id == bindparam("id"))
BY_ID_UNLOCKED = select(BOOKINGS).where(BOOKINGS.c.id == bindparam("id"))
BY_REFERENCE = _locked(BOOKINGS.c.reference == bindparam("reference"))
MATCHABLE = (
    BOOKINGS.c.vehicle_id == bindparam("vehicle_id"),
    # Not `in_`, whose list would be written into the statement anew each time.
    or_(
        *(BOOKINGS.c.state == state for state in sorted(states.OPEN)), BOOKINGS.c.refusal == DeclineReason.NOT_MADE
    ),
)
CANDIDATES = _locked(*MATCHABLE)
LIKE_IT = (
    select(BOOKINGS)
    .where(
        or_(*(BOOKINGS.c.state == state for state in sorted(ALIVE))),
        *(BOOKINGS.c[name] == bindparam(name) for name in ("vehicle_id", "date_from", "date_to", "kind")),
    )
    .order_by(BOOKINGS.c.id)
)
MAY_BE_OURS = select(BOOKINGS.c.id).where(*MATCHABLE).limit(1)
REQUEST_DIGEST = select(BOOKINGS.c.request_digest).where(BOOKINGS.c.key_digest == bindparam("digest"))
DUE = (
    select(BOOKINGS.c.id, BOOKINGS.c.state, BOOKINGS.c.due_at)
    # Later than any pause is an instant of a clock that was ahead.
    .where(or_(BOOKINGS.c.due_at <= bindparam("now"), BOOKINGS.c.due_at > bindparam("beyond")))
    .order_by(BOOKINGS.c.id)
)
CLAIM = (
    update(BOOKINGS)
    .where(*(BOOKINGS.c[name] == bindparam(f"seen_{name}") for name in ("id", "state", "due_at")))
    .values(due_at=bindparam("until"))
    .returning(BOOKINGS.c.id)
)
WAS_CHECKING = (
    select(CHANGES.c.id)
    .where(CHANGES.c.booking_id == bindparam("id"), CHANGES.c.to_state == State.CHECKING)
    .limit(1)
)
ADD = insert(BOOKINGS).returning(*BOOKINGS.c)
RECORD = insert(CHANGES).returning(CHANGES.c.id)
SAVE = update(BOOKINGS).where(BOOKINGS.c.id == bindparam("row_id"))


class MailWriter(Protocol):
    """Writes a customer's mail in the transaction of the step that it is about."""

    def write(self, connection: Connection, message: MailKind, booking: Booking) -> None:
        """Write a mail about `booking`."""


class Step(NamedTuple):
    """A change of a booking, to be published after the commit."""

    booking: Booking
    kind: EventType
    number: int | None = None
    """The id of its row in the audit. None when it has none."""
    vehicle_before: int | None = None
    """The vehicle before the change."""


class Due(NamedTuple):
    """A booking that is due, as it was when it was found."""

    id: int
    state: State
    at: datetime


class BookingRepository:
    """The bookings as `connection` sees them. `steps` collects the changes to publish after the commit.

    `change_requests` are those of the same transaction.

    Locks are taken in one order, so that no two transactions wait for each other: first `lock_customer`, then
    `_lock_matching` (vehicle and address), then references in their order, then rows in the order of their ids.
    """

    def __init__(self, connection: Connection, mails: MailWriter) -> None:
        self._connection = connection
        self._mails = mails
        self.change_requests = ChangeRequests(connection)
        self.steps: list[Step] = []

    # Finding

    def by_token(self, token: str) -> Booking | None:
        """The booking with this secret. Returns None without one."""
        return next(self._found(BY_TOKEN, token=token), None)

    def by_key(self, key: str) -> Booking | None:
        """The booking of this key, its row locked."""
        return next(self._found(BY_KEY, digest=sha256(key)), None)

    def by_id(self, booking_id: int) -> Booking:
        """The booking, its row locked. It must exist."""
        (booking,) = self._found(BY_ID, id=booking_id)
        return booking

    def by_number(self, booking_id: int) -> Booking | None:
        """The booking with this number, its row locked. Returns None when there is none."""
        return next(self._found(BY_ID, id=booking_id), None)

    def read(self, booking_id: int) -> Booking:
        """The booking, not locked. It must exist."""
        (booking,) = self._found(BY_ID_UNLOCKED, id=booking_id)
        return booking

    def by_reference(self, reference: str) -> list[Booking]:
        """The bookings with Odoo's reference, locked together with the reference itself."""
        self.lock_reference(reference)
        return list(self._found(BY_REFERENCE, reference=reference))

    def _found(self, statement: Select[*tuple[Any, ...]], **named: object) -> Iterator[Booking]:
        return (to_booking(row) for row in self._connection.execute(statement, named).all())

    def like(self, request: BookingRequest) -> Booking | None:
        """The oldest booking not over with the same kind, vehicle, days and mail address. Returns None without.

        `lock_customer` must have been called.
        """
        days = {"date_from": request.days.start, "date_to": request.days.end}
        found = self._found(LIKE_IT, vehicle_id=request.vehicle_id, kind=request.kind, **days)
        return next((one for one in found if one.request.email.casefold() == request.email.casefold()), None)

    def request_digest(self, key: str) -> str | None:
        """The digest of the request of `key`. Returns None for a new key."""
        return self._connection.execute(REQUEST_DIGEST, {"digest": sha256(key)}).scalar()

    def due(self, now: datetime) -> list[Due]:
        """The due bookings, oldest first. None of them is claimed."""
        rows = self._connection.execute(DUE, {"now": now, "beyond": now + 2 * states.LONGEST_PAUSE})
        return [Due(id_, State(state), at) for id_, state, at in rows]

    def claim(self, due: Due, until: datetime) -> Booking | None:
        """The booking, leased until then. Returns None when another process was faster, or it has changed."""
        seen = {"seen_id": due.id, "seen_state": due.state, "seen_due_at": due.at}
        claimed = self._connection.execute(CLAIM, seen | {"until": until}).scalar()
        return None if claimed is None else self.by_id(claimed)

    def stop_tracking(self, booking: Booking) -> None:
        """Make the booking due no more."""
        self._save(booking, due_at=None)

    def was_checking(self, booking_id: int) -> bool:
        """Whether an earlier attempt may have made the booking in Odoo."""
        return self._connection.execute(WAS_CHECKING, {"id": booking_id}).first() is not None

    def may_be_ours(self, vehicle_id: int) -> bool:
        """Whether any booking of the vehicle is open, so that an event may belong to it."""
        return self._connection.execute(MAY_BE_OURS, {"vehicle_id": vehicle_id}).first() is not None

    def is_awaited(self, vehicle_id: int, email: str, days: DateRange | None) -> bool:
        """Whether a booking like this one is being placed. Odoo's answer then names the booking."""
        return any(one.state is State.PLACING for one in self._candidates(vehicle_id, email, days))

    def _candidates(self, vehicle_id: int, email: str, days: DateRange | None) -> list[Booking]:
        """The open bookings that Odoo may have made, the likeliest and oldest first."""
        found = self._found(CANDIDATES, vehicle_id=vehicle_id)
        same_mail = [one for one in found if one.request.email.casefold() == email.casefold()]
        fitting = [one for one in same_mail if days in {None, one.request.days}]
        return sorted(fitting, key=lambda one: (one.refusal is not None, one.state is State.REQUESTED, one.id))

    def has_unmatched(self, booking: Booking) -> bool:
        """Whether there is an event for the same vehicle and address that belongs to no booking yet."""
        return bool(
            unmatched_events.find_unclaimed(self._connection, booking.request.vehicle_id, booking.request.email)
        )

    def is_taken_by_another(self, booking: Booking) -> bool:
        """Whether Odoo has reported another customer's booking of some of the days since this one's request."""
        request = booking.request
        theirs = unmatched_events.others_days(
            self._connection, request.vehicle_id, request.email, booking.created_at
        )
        return any(days.overlaps(request.days) for days in theirs)

    def agreement(self, booking_id: int) -> Agreement | None:
        """The rental terms that the booking's customer has agreed to. Returns None when there were none."""
        return agreements.agreed(self._connection, booking_id)

    # Changing: each method returns the booking as it is afterwards

    def require_room(self, request: BookingRequest, today: date, most: int, besides: int | None = None) -> None:
        """Raise InvalidInput when the customer would hold more than `most` unconfirmed days (0: any number).

        `besides` is the number of the booking that `request` takes the place of.
        """
        holdings.require_room(self._connection, request, today, most, besides)

    def add(
        self, request: BookingRequest, key: str, vehicle_name: str, agreement: Agreement | None = None
    ) -> Booking:
        """Add a booking in state requested. Raises IntegrityError when its key is stored already."""
        new = insert_values(request, key, vehicle_name, secrets.token_urlsafe(24), clock.now())
        if agreement:
            agreements.store(self._connection, agreement)
            new["terms_digest"] = agreement.digest
        booking = to_booking(self._connection.execute(ADD, new).one())
        self._record(booking, None, Actor.CUSTOMER, "")
        return booking

    def transition(
        self, booking: Booking, state: State, actor: Actor, reason: str = "", refusal: DeclineReason | None = None
    ) -> Booking:
        """Change the state. No other method does. Raises ValueError for a step that `states.TRANSITIONS` lacks.

        `reason` is stored with the step. The customer of a booking that has ended can read it.
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
        number = self._record(moved, before, actor, reason)
        self._publish(Step(moved, states.event_type(state), number), states.mail_for(before, state, moved.tries))
        return moved

    def accept(self, booking: Booking, placed: OdooBooking, actor: Actor) -> Booking:
        """Record that Odoo has made this booking, and apply the events that came before its answer.

        `lock_reference` must have been called before the row of the booking was locked.
        """
        booking = accepted_values(booking, placed)
        if states.may_transition(booking.state, State.BOOKED):
            booking = self.transition(booking, State.BOOKED, actor)
        else:
            self._save(booking)
        for event in unmatched_events.find(self._connection, booking.reference, clock.now()):
            booking = self.apply_event(booking, event)
        return booking

    def apply_event(self, booking: Booking, event: BookingEvent, actor: Actor = Actor.WEBHOOK) -> Booking:
        """Apply the terms of an event of Odoo's that no newer one has named. Only what differs is published."""
        ordered, left = in_order(booking, event)
        merged = merge(ordered, left)
        if left.state and states.may_transition(booking.state, left.state):
            moved = self.transition(merged, left.state, actor, left.reason)
            self._note_vehicle(booking)
            return moved
        if is_visible(booking, merged):
            return self._modify(booking, merged, actor)
        if merged != booking:
            self._save(merged)
        if event == BookingEvent(event.reference):
            self.steps.append(Step(booking, EventType.BOOKING_MODIFIED))
        return merged

    def match_unmatched(self, vehicle_id: int, email: str) -> None:
        """Find the bookings in checking to which unmatched events belong: vehicle, address and days agree.

        While one like it is being placed, nothing is decided: Odoo's answer will name the booking.
        """
        self._lock_matching(vehicle_id, email)
        unmatched = unmatched_events.find_unclaimed(self._connection, vehicle_id, email)
        for reference in sorted({one.event.reference for one in unmatched}):
            self.lock_reference(reference)
        for received_at, event in unmatched:
            candidates = self._candidates(vehicle_id, email, days_of(event))
            # Odoo cannot have made a booking before its customer asked for it.
            candidates = [one for one in candidates if one.created_at <= received_at]
            if candidates and all(one.state is not State.PLACING for one in candidates):
                self.accept(candidates[0], OdooBooking(event.reference, None, "", total_of(event)), Actor.WEBHOOK)

    def save_unmatched(self, event: BookingEvent) -> bool:
        """Store an event whose booking may be under way. Returns False when it is stored already."""
        if event.vehicle_id and event.email:
            self._lock_matching(event.vehicle_id, event.email)
        self.lock_reference(event.reference)
        return unmatched_events.save(self._connection, event, clock.now())

    def purge_unmatched(self) -> None:
        """Delete the unmatched events that are too old."""
        unmatched_events.purge(self._connection, clock.now())

    # The changes feed of Odoo

    def feed_cursor(self, feed: str) -> str | None:
        """The cursor of the last reading. Returns None before the first."""
        return self._connection.execute(select(CURSORS.c.cursor).where(CURSORS.c.feed == feed)).scalar()

    def store_feed_cursor(self, feed: str, cursor: str, now: datetime) -> None:
        """Store the cursor behind what this transaction applies."""
        values = {"cursor": cursor, "read_at": now}
        if not self._connection.execute(update(CURSORS).where(CURSORS.c.feed == feed).values(values)).rowcount:
            self._connection.execute(insert(CURSORS).values(feed=feed, **values))

    def known_references(self, references: Iterable[str]) -> set[str]:
        """Those of Odoo's references that bookings here have."""
        query = select(BOOKINGS.c.reference).where(BOOKINGS.c.reference.in_(list(references)))
        return set(self._connection.execute(query).scalars())

    # Locks

    def lock_reference(self, reference: str) -> None:
        """Until the transaction ends, no other one reads or writes about this reference.

        On PostgreSQL transactions run side by side: an event that comes while the answer is recorded would find no
        booking, the answer no event, and both would be right. SQLite has one writer anyway.
        """
        lock_name(self._connection, f"booking {reference}")

    def lock_customer(self, request: BookingRequest) -> None:
        """Until the transaction ends, no other one adds a booking with this mail address or this phone."""
        lock_name(self._connection, f"mail {request.email.lower()}")
        lock_name(self._connection, f"phone {request.phone}")

    def _lock_matching(self, vehicle_id: int, email: str) -> None:
        """Until the transaction ends, no other one matches events for this vehicle and address."""
        lock_name(self._connection, f"matching {vehicle_id} {email.casefold()}")

    def mail(self, booking: Booking, message: MailKind) -> None:
        """Write the customer a mail about `booking` as it is, if the transaction is committed."""
        self._mails.write(self._connection, message, booking)

    def _modify(self, before: Booking, merged: Booking, actor: Actor) -> Booking:
        modified = replace(merged, changes=before.changes + 1, changed_at=clock.now())
        self._save(modified)
        number = self._record(modified, before.state, actor, "modified")
        kind = EventType.BOOKING_MODIFIED
        self._publish(Step(modified, kind, number), states.mail_of_change(before, modified))
        self._note_vehicle(before)
        return modified

    def _note_vehicle(self, before: Booking) -> None:
        """Have the step published for the vehicle before it, too, when the step has changed the vehicle."""
        last = self.steps[-1]
        if last.booking.request.vehicle_id != before.request.vehicle_id:
            self.steps[-1] = last._replace(vehicle_before=before.request.vehicle_id)

    def release_key(self, booking: Booking) -> None:
        """Let another request use the booking's idempotency key: nothing was booked with it."""
        values = {"row_id": booking.id, "key_digest": sha256(secrets.token_urlsafe(24))}
        self._connection.execute(SAVE, values)

    def _save(self, booking: Booking, **due: datetime | None) -> None:
        self._connection.execute(SAVE, {"row_id": booking.id} | update_values(booking) | due)

    def _publish(self, step: Step, mail: MailKind | None) -> None:
        """Keep the step, to be published after the commit. Write the customer's mail in this transaction."""
        self.steps.append(step)
        if mail:
            self.mail(step.booking, mail)

    def _record(self, booking: Booking, before: State | None, actor: Actor, reason: str) -> int:
        """Add a row to the audit. Returns its id."""
        values = {
            "booking_id": booking.id,
            "from_state": before,
            "to_state": booking.state,
            "at": booking.changed_at,
            "actor": actor,
            "reason": reason,
            # The first step of a booking is not published, as no page shows it.
            "published": before is None,
        }
        return int(self._connection.execute(RECORD, values).scalar_one())
