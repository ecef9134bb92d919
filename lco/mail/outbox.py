"""The outbox: mails are written with the step they are about, leased for sending, and end as sent or as failed."""

import logging
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, cast

from sqlalchemy import Connection, Select, Table, Update, bindparam, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from lco import clock, metrics
from lco.db import Database
from lco.db.database import after_commit
from lco.db.mails import Mail
from lco.db.models import BookingChange, BookingRow
from lco.domain.booking import Booking, State
from lco.domain.mail_kind import MailKind
from lco.failures import backoff
from lco.mail.serialization import dumps

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""Longer than sending takes: some ten answers of a server, each within its time-out of 10 s."""

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=30)
ATTEMPTS = 54
"""The pauses between so many attempts add up to 24 hours."""


TABLE = cast("Table", Mail.__table__)
WRITE = {
    "sqlite": sqlite.insert(TABLE).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(TABLE).on_conflict_do_nothing(),
}
"""By dialect, and built once: building it takes longer than running it."""


ASKED_FOR = MailKind.LINK
"""The message that is sent as often as it is asked for, at most MOST_A_DAY for each booking within DAY."""
MOST_A_DAY = 3
"""Mails to an address whose owner may never have asked for one, within DAY."""
DAY = timedelta(days=1)
TOO_MUCH = f"more than {MOST_A_DAY} mails a day to an address with no confirmed booking"

BOOKINGS = cast("Table", BookingRow.__table__)
CHANGES = cast("Table", BookingChange.__table__)
ASKED = select(TABLE.c.written_at, TABLE.c.state).where(
    TABLE.c.booking_id == bindparam("booking_id"), TABLE.c.message == ASKED_FOR
)
IS_THEIRS = func.lower(BOOKINGS.c.customer_email) == bindparam("email")
WRITTEN = (
    select(func.count())
    .select_from(TABLE.join(BOOKINGS, BOOKINGS.c.id == TABLE.c.booking_id))
    .where(TABLE.c.written_at > bindparam("since"), TABLE.c.problem != TOO_MUCH, IS_THEIRS)
)
EVER_CONFIRMED = (
    select(CHANGES.c.id)
    .select_from(CHANGES.join(BOOKINGS, BOOKINGS.c.id == CHANGES.c.booking_id))
    .where(CHANGES.c.to_state == State.CONFIRMED, IS_THEIRS)
    .limit(1)
)


class MailState(StrEnum):
    """The state of a mail: `sent` and `failed` are final, but for `Outbox.retry`."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


class Counts(NamedTuple):
    """The numbers of mails that wait to be sent, and that were given up."""

    waiting: int
    failed: int


class Outbox:
    """All mails of the site. Safe for many threads and processes; every method may raise DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._nudged = threading.Event()

    # Writing

    def write(self, connection: Connection, message: MailKind, booking: Booking) -> None:
        """Have `message` sent about `booking` as it is now, if the transaction of `connection` is committed.

        The same message about the same version of a booking is kept once. After the commit a worker of this
        process looks at once. An address without any booking that was ever confirmed gets at most MOST_A_DAY in
        24 hours; what is more counts as failed, so that people see it and may send it.
        """
        if not booking.request.email:
            return  # its person was erased
        now, number = clock.now(), booking.changes
        if message == ASKED_FOR:
            number, is_enough = _asked(connection, booking.id, now)
            if is_enough:
                return
        is_too_much = _is_too_much(connection, booking.request.email.lower(), now)
        if is_too_much:
            metrics.mails.labels("withheld").inc()
            log.warning("a mail about booking %d is withheld: %s", booking.id, TOO_MUCH)
        mail = {
            "booking_id": booking.id,
            "message": message,
            "changes": number,
            "snapshot": dumps(booking),
            "state": MailState.FAILED if is_too_much else MailState.WAITING,
            "attempts": 0,
            "due_at": now,
            "problem": TOO_MUCH if is_too_much else "",
            "written_at": now,
        }
        connection.execute(WRITE[connection.dialect.name], mail)
        after_commit(connection, self.nudge)

    def nudge(self) -> None:
        """Wake the worker of this process."""
        self._nudged.set()

    def wait(self, seconds: float) -> None:
        """Wait for the next nudge, at most `seconds`. Returns at once if one came since the last call."""
        self._nudged.wait(seconds)
        self._nudged.clear()

    # Sending

    def claim(self) -> Mail | None:
        """A mail that is due, leased to the caller for LEASE. Returns None when there is none.

        The mails of one booking come in the order in which they were written. The caller settles a
        claimed mail with `sent`, `postpone` or `give_up`; otherwise it is due again when the lease ends.
        """
        while True:
            with self._db.session() as session:
                found = session.execute(_next(clock.now())).one_or_none()
                mail = _leased(session, *found) if found else None
            if mail or not found:
                return mail
            # Another worker has leased it between our look and our update.

    def sent(self, mail: Mail) -> None:
        """Mark the mail as sent, also after its lease has ended, and delete its copy of personal data."""
        settled = {"state": MailState.SENT, "settled_at": clock.now(), "snapshot": "", "problem": ""}
        self._change(update(Mail).where(Mail.id == mail.id).values(settled))

    def postpone(self, mail: Mail, problem: str) -> bool:
        """Try again later, after ever longer pauses; False when that was the last try, so the mail failed."""
        if mail.attempts >= ATTEMPTS:
            self.give_up(mail, problem)
            return False
        pause = backoff(mail.attempts, FIRST_PAUSE, LONGEST_PAUSE)
        self._change(_mine(mail).values(due_at=clock.now() + pause, problem=problem[:200]))
        return True

    def give_up(self, mail: Mail, problem: str) -> None:
        """The mail cannot be sent; operators see it as failed, and why."""
        settled = {"state": MailState.FAILED, "settled_at": clock.now(), "problem": problem[:200]}
        self._change(_mine(mail).values(settled))

    # For operators

    def counts(self) -> Counts:
        """The counts of the outbox now."""
        with self._db.session() as session:
            rows = session.execute(select(Mail.state, func.count()).group_by(Mail.state))
            by_state = {row[0]: row[1] for row in rows}
        return Counts(by_state.get(MailState.WAITING, 0), by_state.get(MailState.FAILED, 0))

    def waiting(self, limit: int) -> Sequence[Mail]:
        """The mails still to be sent, oldest first."""
        return self._in_state(MailState.WAITING, limit)

    def failed(self, limit: int) -> Sequence[Mail]:
        """The mails that were given up, oldest first."""
        return self._in_state(MailState.FAILED, limit)

    def retry(self, mail_id: int) -> bool:
        """Send a failed mail again, as if it had never been tried; False when no failed mail has this id."""
        again = {"state": MailState.WAITING, "attempts": 0, "due_at": clock.now(), "settled_at": None}
        with self._db.session() as session:
            failed = update(Mail).where(Mail.id == mail_id, Mail.state == MailState.FAILED)
            found = session.scalar(failed.values(again).returning(Mail.id))
        self.nudge()
        return found is not None

    def _in_state(self, state: MailState, limit: int) -> Sequence[Mail]:
        with self._db.session() as session:
            return session.scalars(select(Mail).where(Mail.state == state).order_by(Mail.id).limit(limit)).all()

    def _change(self, statement: Update) -> None:
        with self._db.session() as session:
            session.execute(statement)


def _asked(connection: Connection, booking_id: int, now: datetime) -> tuple[int, bool]:
    """The number of mails with this booking's link, and whether one waits or there were enough within DAY."""
    rows = connection.execute(ASKED, {"booking_id": booking_id}).all()
    recent = [row for row in rows if row.written_at > now - DAY]
    return len(rows), len(recent) >= MOST_A_DAY or any(row.state == MailState.WAITING for row in rows)


def _is_too_much(connection: Connection, email: str, now: datetime) -> bool:
    """Whether `email`, in small letters, has had its mails of the day, and never a confirmed booking."""
    written = connection.execute(WRITTEN, {"email": email, "since": now - DAY}).scalar() or 0
    return written >= MOST_A_DAY and connection.execute(EVER_CONFIRMED, {"email": email}).first() is None


def _next(now: datetime) -> Select[int, int]:
    earlier = aliased(Mail)
    must_wait = select(earlier.id).where(
        earlier.booking_id == Mail.booking_id, earlier.id < Mail.id, earlier.state == MailState.WAITING
    )
    # Later than any pause is an instant of a clock that was ahead.
    comes_due = or_(Mail.due_at <= now, Mail.due_at > now + 2 * LONGEST_PAUSE)
    is_due = (Mail.state == MailState.WAITING, comes_due, ~must_wait.exists())
    return select(Mail.id, Mail.attempts).where(*is_due).order_by(Mail.due_at, Mail.id).limit(1)


def _leased(session: Session, mail_id: int, attempts: int) -> Mail | None:
    """The mail, leased. Returns None when, of two workers that saw it due, the other one was faster."""
    lease = (
        update(Mail)
        .where(Mail.id == mail_id, Mail.state == MailState.WAITING, Mail.attempts == attempts)
        .values(attempts=attempts + 1, due_at=clock.now() + LEASE)
        .returning(Mail)
    )
    return session.scalars(lease).one_or_none()


def _mine(mail: Mail) -> Update:
    """An update of a mail that holds while no other worker has claimed it."""
    return update(Mail).where(Mail.id == mail.id, Mail.state == MailState.WAITING, Mail.attempts == mail.attempts)
