"""The inbox: every delivery is kept, the same one twice is applied once, and one that fails is tried again."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import Connection, Row, Select, Table, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from lco import clock
from lco.db import Database
from lco.db.models import Delivery
from lco.errors import NotFound
from lco.failures import backoff, guard
from lco.locks import KeyedLock
from lco.webhooks import handlers, schemas
from lco.webhooks.handlers import Bookings, Catalogue, Services
from lco.webhooks.schemas import TEST, Event

MAX_AGE = timedelta(days=30)
SAME_BODY = timedelta(minutes=5)
"""How long a body without an id is taken for the same delivery, unless its subject was told of anew meanwhile."""
LEASE = timedelta(seconds=30)
"""How long applying may take; who has not marked a delivery by then has ended."""
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)
MOST_TRIES = 20
"""About an hour and a quarter. After that a person may replay it."""


# Statements that every delivery runs are built once: building one takes longer than running it.
TABLE = cast("Table", Delivery.__table__)
ADD = insert(TABLE)
NOTE = (
    update(TABLE)
    .where(TABLE.c.id == bindparam("row_id"))
    .values({name: bindparam(name) for name in ("result", "tries", "applied_at", "due_at")})
)
SEEN: Select[str, str, datetime | None] = select(TABLE.c.id, TABLE.c.digest, TABLE.c.applied_at)
BY_ID = SEEN.where(TABLE.c.id == bindparam("row_id"))
LAST_OF_SUBJECT = (
    SEEN.where(TABLE.c.subject == bindparam("subject"), TABLE.c.received_at > bindparam("since"))
    .order_by(TABLE.c.received_at.desc())
    .limit(1)
)
Seen = Row[str, str, datetime | None]
TAKE_ON = update(TABLE).where(TABLE.c.id == bindparam("row_id")).values(due_at=bindparam("until"))


class Outcome(StrEnum):
    """What became of a delivery. To the sender all of these are a success: none of them needs to come again."""

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
    """Not applied after MOST_TRIES, so that nobody tries any more."""


class Inbox:
    """Deliveries whose signature has been checked. Safe for many threads and processes."""

    def __init__(self, database: Database, catalogue: Catalogue, bookings: Bookings) -> None:
        self._db = database
        self._services = Services(catalogue, bookings)
        self._turns = KeyedLock()

    def receive(self, event: Event, delivery_id: str | None) -> Outcome:
        """Keep the delivery and apply it, unless that has been done; when this returns, it is not lost any more.

        One without an id (the plain signature has none) counts as the same when it has the body of the last one
        about its subject. Raises DatabaseUnavailable.
        """
        if event.type == TEST:
            return Outcome.TEST
        with self._turns.hold(event.subject):
            row_id = self._store(event, delivery_id)
            return self._apply(row_id, event, tries=1) if row_id else Outcome.DUPLICATE

    def retry_due(self) -> None:
        """Call at start and every few seconds: apply what a failure or the end of a process left unapplied.

        Raises DatabaseUnavailable.
        """
        due = Delivery.due_at <= clock.now()
        with self._db.session() as session:
            rows = session.scalars(select(Delivery).where(due).order_by(Delivery.received_at).limit(100)).all()
        for row in rows:
            if self._claim(row):
                event = schemas.parse_event(row.endpoint, row.payload.encode())
                with self._turns.hold(event.subject):
                    self._apply(row.id, event, row.tries + 1)

    def purge_old(self) -> None:
        """Delete deliveries older than KEPT: nobody sends one again after that. Raises DatabaseUnavailable."""
        with self._db.session() as session:
            session.execute(delete(Delivery).where(Delivery.received_at < clock.now() - MAX_AGE))

    # What people see and do

    def overview(self) -> Overview:
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

    # How a delivery is kept and applied

    def _store(self, event: Event, delivery_id: str | None) -> str | None:
        """The id of the row to apply now; None when the delivery has been applied."""
        try:
            with self._db.connection() as connection:
                known = None if delivery_id else _find_duplicate(connection, event)
                return _retake(connection, known) if known else _insert(connection, event, delivery_id)
        except IntegrityError:
            # The id is stored already; looking only now spares every other delivery the look.
            with self._db.connection() as connection:
                return _retake(connection, connection.execute(BY_ID, {"row_id": delivery_id}).one())

    def _apply(self, row_id: str, event: Event, tries: int) -> Outcome:
        outcome = Outcome.KEPT
        with guard("webhook", f"a delivery could not be applied: {event.type}") as guarded:
            known = handlers.apply(self._services, event)
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
        """Whether it is ours now; not when another process, or the sender coming again, was faster."""
        with self._db.session() as session:
            seen = (Delivery.id == row.id, Delivery.due_at == row.due_at)
            claim = update(Delivery).where(*seen).values(due_at=clock.now() + LEASE).returning(Delivery.id)
            return session.scalar(claim) is not None


def _find_duplicate(connection: Connection, event: Event) -> Seen | None:
    """The last delivery about the event's subject, if it is this very one and came a short while ago."""
    about = {"subject": event.subject, "since": clock.now() - SAME_BODY}
    row = connection.execute(LAST_OF_SUBJECT, about).first()
    return row if row is not None and row.digest == event.digest else None


def _retake(connection: Connection, row: Seen) -> str | None:
    """The id of a delivery that came again, unless it has been applied; else it is ours now."""
    if row.applied_at:
        return None
    connection.execute(TAKE_ON, {"row_id": row.id, "until": clock.now() + LEASE})
    return str(row.id)


def _insert(connection: Connection, event: Event, delivery_id: str | None) -> str:
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
    return str(values["id"])


def _next_try_at(tries: int) -> datetime | None:
    if tries >= MOST_TRIES:
        return None
    return clock.now() + backoff(tries, FIRST_PAUSE, LONGEST_PAUSE)
