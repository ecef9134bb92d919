"""The inbox: every delivery is stored, applied once and in the order of its record, and tried again on a failure.

A delivery without an id (the plain signature has none) whose body came before within MAX_AGE is a repetition, or a
second event that reads the same. It is a hint: Odoo is read, and nothing that it says is applied.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Row, Table, and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from lco import background, clock
from lco.db import Database
from lco.db.models import Delivery
from lco.errors import NotFound
from lco.failures import backoff, guard
from lco.locks import KeyedLock
from lco.webhooks import handlers, schemas
from lco.webhooks.handlers import Bookings, Catalogue, EventTargets, Reloads
from lco.webhooks.schemas import TEST, Event

MAX_AGE = timedelta(days=30)
LEASE = timedelta(seconds=30)
"""The longest time for applying. A delivery that is not marked by then belongs to a process that has ended."""
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)
READ_EVERY = timedelta(seconds=2)
WAIT_FOR_EARLIER = timedelta(seconds=1)
MOST_TRIES = 20
"""About an hour and a quarter. After that it can be replayed by hand."""


# Statements that every delivery runs are built once: building one takes longer than running it.
TABLE = cast("Table", Delivery.__table__)
ADD = insert(TABLE)
NOTE = (
    update(TABLE)
    .where(TABLE.c.id == bindparam("row_id"))
    .values({name: bindparam(name) for name in ("result", "tries", "applied_at", "due_at")})
)
SEEN = select(TABLE.c.id, TABLE.c.received_at, TABLE.c.tries, TABLE.c.applied_at)
BY_ID = SEEN.where(TABLE.c.id == bindparam("row_id"))
SAME_BODY = (
    SEEN.where(TABLE.c.digest == bindparam("digest"), TABLE.c.received_at > bindparam("since"))
    .order_by(TABLE.c.received_at)
    .limit(1)
)
EARLIER = (
    select(TABLE.c.id)
    .where(
        TABLE.c.subject == bindparam("subject"),
        TABLE.c.applied_at.is_(None),
        TABLE.c.due_at.is_not(None),
        or_(
            TABLE.c.received_at < bindparam("received_at"),
            and_(TABLE.c.received_at == bindparam("received_at"), TABLE.c.id < bindparam("row_id")),
        ),
    )
    .order_by(TABLE.c.received_at, TABLE.c.id)
    .limit(1)
)
Seen = Row[*tuple[Any, ...]]
TAKE_ON = update(TABLE).where(TABLE.c.id == bindparam("row_id")).values(due_at=bindparam("until"))


class Stored(NamedTuple):
    """A stored delivery to apply now."""

    id: str
    received_at: datetime
    tries: int
    has_earlier: bool = True
    """Whether an earlier delivery of the same record may be waiting."""


class Outcome(StrEnum):
    """The result of a delivery. To the sender all of these are a success: none of them needs to come again."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"
    TEST = "test"
    KEPT = "kept"
    """It could not be applied just now, and will be tried again."""


@dataclass(frozen=True, slots=True)
class Overview:
    """The inbox at a glance."""

    last_received: datetime | None
    waiting: int
    failed: int
    """Not applied after MOST_TRIES, so it is not tried any more."""


class Inbox:
    """Deliveries whose signature has been checked. Safe for many threads and processes."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        bookings: Bookings,
        read_odoo: Callable[[], object] = lambda: None,
        reloads: Reloads | None = None,
    ) -> None:
        """`read_odoo` reads the changes that Odoo's other webhooks may have missed. It runs in the background.

        `reloads`: see `lco.webhooks.handlers.Reloads`.
        """
        self._db = database
        self._read_odoo = read_odoo
        self._targets = EventTargets(catalogue, bookings, reloads or {})
        self._subjects = KeyedLock()

    def receive(self, event: Event, delivery_id: str | None) -> Outcome:
        """Store the delivery and apply it, unless that has been done. Once this returns it cannot be lost.

        It waits (Outcome.KEPT) while an earlier one of its record does. Raises DatabaseUnavailable.
        """
        if event.type == TEST:
            return Outcome.TEST
        outcome = self._receive(event, delivery_id)
        if event.booking:
            background.throttle("booking sync", "booking sync", READ_EVERY, self._read_odoo)
        return outcome

    def _receive(self, event: Event, delivery_id: str | None) -> Outcome:
        with self._subjects.hold(event.subject):
            stored = self._store(event, delivery_id)
            if stored:
                return self._apply_in_order(stored, event)
        if not delivery_id:
            handlers.hint(self._targets, event)
        return Outcome.DUPLICATE

    def retry_due(self) -> None:
        """Apply the deliveries that a failure or the end of a process left unapplied, in their order.

        Call at start and every few seconds. Raises DatabaseUnavailable.
        """
        now = clock.now()
        # Later than any pause is an instant of a clock that was ahead.
        due = or_(Delivery.due_at <= now, Delivery.due_at > now + 2 * LONGEST_PAUSE)
        with self._db.session() as session:
            rows = session.scalars(select(Delivery).where(due).order_by(Delivery.received_at).limit(100)).all()
        for row in rows:
            if self._claim(row):
                event = schemas.parse_event(row.endpoint, row.payload.encode())
                with self._subjects.hold(event.subject):
                    self._apply_in_order(Stored(row.id, row.received_at, row.tries), event)

    def purge_old(self) -> None:
        """Delete deliveries older than MAX_AGE: none is sent again after that. Raises DatabaseUnavailable."""
        with self._db.session() as session:
            session.execute(delete(Delivery).where(Delivery.received_at < clock.now() - MAX_AGE))

    # For operators

    def overview(self) -> Overview:
        """The numbers of deliveries that wait and that have failed, and the instant of the last one."""
        unapplied = select(func.count()).where(Delivery.applied_at.is_(None))
        with self._db.session() as session:
            return Overview(
                session.scalar(select(func.max(Delivery.received_at))),
                session.scalar(unapplied.where(Delivery.due_at.is_not(None))) or 0,
                session.scalar(unapplied.where(Delivery.due_at.is_(None))) or 0,
            )

    def newest(self, most: int, *, unapplied: bool = False) -> Sequence[Delivery]:
        """The newest deliveries, newest first; with `unapplied` only those that are not applied."""
        query = select(Delivery).order_by(Delivery.received_at.desc(), Delivery.id).limit(most)
        with self._db.session() as session:
            return session.scalars(query.where(Delivery.applied_at.is_(None)) if unapplied else query).all()

    def replay(self, delivery_id: str) -> None:
        """Have the delivery applied (again): a serving process does it within seconds. Raises NotFound."""
        with self._db.session() as session:
            row = session.get(Delivery, delivery_id)
            if row is None:
                raise NotFound(f"There is no delivery {delivery_id}.")
            if not row.payload:
                raise NotFound(f"The person whom delivery {delivery_id} named was erased, and what it said.")
            row.applied_at, row.due_at, row.tries, row.result = None, clock.now(), 0, "to be replayed"

    # Storing and applying

    def _store(self, event: Event, delivery_id: str | None) -> Stored | None:
        """The delivery to apply now. Returns None when it has been applied."""
        try:
            with self._db.connection() as connection:
                known = None if delivery_id else _find_duplicate(connection, event)
                stored = _retake(connection, known) if known else _insert(connection, event, delivery_id)
                return stored and _with_earlier(connection, stored, event)
        except IntegrityError:
            # The id is stored already. Looking only now spares every other delivery the look.
            with self._db.connection() as connection:
                stored = _retake(connection, connection.execute(BY_ID, {"row_id": delivery_id}).one())
                return stored and _with_earlier(connection, stored, event)

    def _apply_in_order(self, stored: Stored, event: Event) -> Outcome:
        """Apply the delivery, after the earlier ones of its booking. While one of those fails, it waits.

        A vehicle has no such order: Odoo is read after each event.
        """
        if event.booking and stored.has_earlier:
            with guard("webhook", "the earlier deliveries of a booking could not be applied"):
                self._retry_earlier(stored, event)
            if self._has_earlier(stored, event):
                due_at = clock.now() + WAIT_FOR_EARLIER
                self._record_result(stored.id, "waits for an earlier one", stored.tries, due_at=due_at)
                return Outcome.KEPT
        return self._apply(stored.id, event, stored.tries + 1)

    def _has_earlier(self, stored: Stored, event: Event) -> bool:
        with self._db.connection() as connection:
            return _earlier(connection, stored, event) is not None

    def _retry_earlier(self, stored: Stored, event: Event) -> None:
        """Apply the earlier deliveries that no process works on, until one fails. The caller holds the subject."""
        while True:
            with self._db.session() as session:
                row_id = _earlier(session.connection(), stored, event)
                row = session.get(Delivery, row_id) if row_id else None
            if row is None or (row.result == "" and row.due_at and row.due_at > clock.now()):
                return
            earlier = schemas.parse_event(row.endpoint, row.payload.encode())
            if not self._claim(row) or self._apply(row.id, earlier, row.tries + 1) is Outcome.KEPT:
                return

    def _apply(self, row_id: str, event: Event, tries: int) -> Outcome:
        outcome = Outcome.KEPT
        with guard("webhook", f"a delivery could not be applied: {event.type}") as guarded:
            known = handlers.apply(self._targets, event)
            outcome = Outcome.APPLIED if known else Outcome.UNKNOWN
            self._record_result(row_id, str(outcome), tries, applied_at=clock.now())
        if guarded.error:
            result = f"failed: {type(guarded.error).__name__}"
            self._record_result(row_id, result, tries, due_at=_next_try_at(tries))
            return Outcome.KEPT
        return outcome

    def _record_result(
        self,
        row_id: str,
        result: str,
        tries: int,
        *,
        applied_at: datetime | None = None,
        due_at: datetime | None = None,
    ) -> None:
        values = {"row_id": row_id, "result": result, "tries": tries, "applied_at": applied_at, "due_at": due_at}
        with self._db.connection() as connection:
            connection.execute(NOTE, values)

    def _claim(self, row: Delivery) -> bool:
        """Whether the lease is taken: False when another process or a repetition was faster."""
        with self._db.session() as session:
            seen = (Delivery.id == row.id, Delivery.due_at == row.due_at)
            claim = update(Delivery).where(*seen).values(due_at=clock.now() + LEASE).returning(Delivery.id)
            return session.scalar(claim) is not None


def _find_duplicate(connection: Connection, event: Event) -> Seen | None:
    """The first delivery with this body."""
    about = {"digest": event.digest, "since": clock.now() - MAX_AGE}
    return connection.execute(SAME_BODY, about).first()


def _earlier(connection: Connection, stored: Stored, event: Event) -> str | None:
    """The id of the first delivery of the same record that waits and came before."""
    about = {"subject": event.subject, "received_at": stored.received_at, "row_id": stored.id}
    return connection.execute(EARLIER, about).scalar()


def _with_earlier(connection: Connection, stored: Stored, event: Event) -> Stored:
    is_ordered = event.booking is not None
    return stored._replace(has_earlier=is_ordered and _earlier(connection, stored, event) is not None)


def _retake(connection: Connection, row: Seen) -> Stored | None:
    """The delivery that came again, leased. Returns None when it has been applied."""
    if row.applied_at:
        return None
    connection.execute(TAKE_ON, {"row_id": row.id, "until": clock.now() + LEASE})
    return Stored(row.id, row.received_at, row.tries)


def _insert(connection: Connection, event: Event, delivery_id: str | None) -> Stored:
    now = clock.now()
    values: dict[str, Any] = {
        "id": delivery_id or f"body-{uuid.uuid4().hex}",
        "endpoint": event.endpoint,
        "event_type": event.type,
        "subject": event.subject,
        "digest": event.digest,
        "payload": event.text,
        "received_at": now,
        "result": "",
        "tries": 0,
        "due_at": now + LEASE,
    }
    connection.execute(ADD, values)
    return Stored(values["id"], now, 0)


def _next_try_at(tries: int) -> datetime | None:
    if tries >= MOST_TRIES:
        return None
    return clock.now() + backoff(tries, FIRST_PAUSE, LONGEST_PAUSE)
