"""Bookings for the staff: those that need attention, settled by hand, and the audit."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import Select, and_, func, or_, select, update

from lco import clock
from lco.bookings import holdings, states
from lco.bookings.holdings import Holding
from lco.bookings.mapping import normalize_reference, single_line, to_audit_entry, to_booking
from lco.bookings.publisher import BookingPublisher
from lco.bookings.repository import BookingRepository, MailWriter, Step
from lco.changes.topics import EventType
from lco.db import Database
from lco.db.models import BookingChange, BookingRow
from lco.domain.booking import Actor, AuditEntry, Booking, DeclineReason, OdooBooking, State
from lco.errors import InvalidInput, NotFound

PUBLISH_AFTER = timedelta(seconds=5)
"""The time that a process has to publish a step of its own and to note it; several rounds of the scheduler."""
AT_ONCE = 1000
"""Rows of the audit that are read in one transaction."""


class BookingAdmin:
    """The commands and `/ops` work with this. Raises DatabaseUnavailable."""

    def __init__(self, db: Database, mails: MailWriter, publisher: BookingPublisher) -> None:
        self._db = db
        self._mails = mails
        self._publisher = publisher

    def needing_attention(self) -> list[Booking]:
        """The bookings that the site cannot settle: open after PERSON_AFTER, or expired and not taken note of."""
        long_ago = clock.now() - states.PERSON_AFTER
        waiting = and_(BookingRow.state.in_(states.OPEN), BookingRow.created_at <= long_ago)
        return self._listed(select(BookingRow).where(or_(waiting, BookingRow.state == State.EXPIRED)))

    def newest(self, most: int) -> list[Booking]:
        """The newest bookings, newest first."""
        return self._listed(select(BookingRow).order_by(BookingRow.id.desc()).limit(most))

    def page(self, after: int = 0) -> list[Booking]:
        """Bookings in the order in which they were requested: at most AT_ONCE, those behind number `after`."""
        return self._listed(select(BookingRow).where(BookingRow.id > after).order_by(BookingRow.id).limit(AT_ONCE))

    def many_unconfirmed(self, today: date) -> list[Holding]:
        """The machines with many days to come that are not confirmed, the most first."""
        with self._db.connection() as connection:
            return holdings.many(connection, today)

    def counts(self) -> Mapping[State, int]:
        """The number of bookings in each state."""
        with self._db.session() as session:
            query = select(BookingRow.state, func.count()).group_by(BookingRow.state)
            found = dict(session.execute(query).all())
        return {state: found.get(state, 0) for state in State}

    def settle(self, booking_id: int, state: State, reason: str, reference: str = "") -> Booking:
        """The booking after a person has settled its state; a serving process publishes the step.

        To `requested` means: place it again. To `booked` needs Odoo's reference. Raises NotFound, and InvalidInput
        for a step that the table does not allow.
        """
        with self._db.connection() as connection:
            repository = BookingRepository(connection, self._mails)
            repository.lock_reference(normalize_reference(reference))
            booking = repository.by_number(booking_id)
            if booking is None:
                raise NotFound(f"There is no booking {booking_id}.")
            if state is State.BOOKED and not reference:
                raise InvalidInput({"reference": ["Give the reference that Odoo has for it."]})
            if state is State.PLACING or not states.may_transition(booking.state, state):
                raise InvalidInput({}, f"Booking {booking_id} is {booking.state}; that cannot become {state}.")
            if state is State.BOOKED:
                return repository.accept(booking, OdooBooking(reference, None, "", None), Actor.PERSON)
            refusal = DeclineReason.NOT_MADE if state in {State.DECLINED, State.EXPIRED} else None
            return repository.transition(booking, state, Actor.PERSON, single_line(reason), refusal)

    def audit(self, booking_id: int | None = None, after: int = 0) -> Sequence[AuditEntry]:
        """Steps in the order they were taken, of one booking or of all: at most AT_ONCE, those behind `after`."""
        query = select(BookingChange).where(BookingChange.id > after).order_by(BookingChange.id).limit(AT_ONCE)
        if booking_id is not None:
            query = query.where(BookingChange.booking_id == booking_id)
        with self._db.session() as session:
            return [to_audit_entry(row) for row in session.scalars(query)]

    def publish_left(self) -> None:
        """Publish the steps that their own process has not: it has ended since, or is one of the commands.

        Call every few seconds in a serving process. Steps settled by staff are published at once, all others when
        their process has had PUBLISH_AFTER to do so. Of several processes one publishes each step.
        """
        self._note_published(self._publisher.take_published())
        is_left = or_(BookingChange.actor == Actor.PERSON, BookingChange.at < clock.now() - PUBLISH_AFTER)
        query = select(BookingRow, BookingChange).join(BookingChange).where(~BookingChange.published, is_left)
        with self._db.session() as session:
            rows = session.execute(query.order_by(BookingChange.id).limit(AT_ONCE))
            steps = [Step(to_booking(row), _kind(change), change.id) for row, change in rows]
        for step in steps:
            if self._publisher.claim(step.number or 0):
                self._publisher.publish(step)
        self._note_published(self._publisher.take_published())

    def _note_published(self, numbers: Sequence[int]) -> None:
        if numbers:
            with self._db.session() as session:
                session.execute(update(BookingChange).where(BookingChange.id.in_(numbers)).values(published=True))

    def _listed(self, query: Select[BookingRow]) -> list[Booking]:
        with self._db.session() as session:
            return [to_booking(row) for row in session.scalars(query.order_by(BookingRow.id))]


def _kind(change: BookingChange) -> EventType:
    """The type of the event that publishes a row of the audit."""
    is_step = change.from_state != change.to_state
    return states.event_type(State(change.to_state)) if is_step else EventType.BOOKING_MODIFIED
