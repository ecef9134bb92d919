"""The outbox of mails about wishes: each is a note in the row of its wish, leased for sending and then cleared."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import Row, Table, bindparam, or_, select, update

from lco import clock
from lco.db import Database
from lco.db.wishes import WishRow
from lco.domain.wish import Wish, WishMessage
from lco.failures import backoff
from lco.mail.outbox import ATTEMPTS, FIRST_PAUSE, LEASE, LONGEST_PAUSE
from lco.wishes.repository import to_wish

TABLE = cast("Table", WishRow.__table__)
ASK_AGAIN = timedelta(seconds=30)
"""The pause before Odoo is asked again whether the days are free, after it gave no answer."""
DUE = (
    select(TABLE)
    .where(
        TABLE.c.message.is_not(None),
        # Later than any pause is an instant of a clock that was ahead.
        or_(TABLE.c.message_due_at <= bindparam("now"), TABLE.c.message_due_at > bindparam("beyond_pauses")),
    )
    .order_by(TABLE.c.message_due_at, TABLE.c.id)
    .limit(1)
)
LEASE_IT = update(TABLE).where(
    TABLE.c.id == bindparam("row_id"), TABLE.c.message_due_at == bindparam("seen"), TABLE.c.message.is_not(None)
)
SETTLE = update(TABLE).where(
    TABLE.c.id == bindparam("row_id"),
    TABLE.c.message == bindparam("sent"),
    TABLE.c.attempts >= bindparam("tried"),
)
"""A note about the mail that was leased. Meanwhile its wish may have ended, or have another mail to be sent."""
NO_MESSAGE = {"message": None, "message_due_at": None}


class WishMail(NamedTuple):
    """One mail that is leased to the caller."""

    wish: Wish
    message: WishMessage
    attempts: int
    turn: int = 0
    """The turn, which distinguishes mails of several turns, in seconds since 1970; 0 where there is none."""

    @property
    def title(self) -> str:
        """Which mail it is, for the log."""
        return f"about wish {self.wish.id} ({self.message})"


class WishOutbox:
    """All mails about wishes. Safe for many threads and processes; every method may raise DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def claim(self) -> WishMail | None:
        """Return a mail that is due, leased to the caller for LEASE. Returns None when there is none."""
        while True:
            now = clock.now()
            with self._db.connection() as connection:
                due = connection.execute(DUE, {"now": now, "beyond_pauses": now + 2 * LONGEST_PAUSE})
                row = due.one_or_none()
                if row is None:
                    return None
                lease = {"message_due_at": now + LEASE, "attempts": row.attempts + 1}
                seen = {"row_id": row.id, "seen": row.message_due_at}
                if connection.execute(LEASE_IT.values(lease), seen).rowcount:
                    return _to_mail(row)

    def sent(self, mail: WishMail) -> None:
        """Clear the note, also after its lease has ended."""
        self._change(mail, **NO_MESSAGE)

    def postpone(self, mail: WishMail, problem: str) -> bool:
        """Try again later, after ever longer pauses. Returns False when that was the last try."""
        if mail.attempts >= ATTEMPTS:
            self.give_up(mail, problem)
            return False
        self._change(mail, message_due_at=clock.now() + backoff(mail.attempts, FIRST_PAUSE, LONGEST_PAUSE))
        return True

    def give_up(self, mail: WishMail, _problem: str) -> None:
        """Clear the note of a mail that cannot be sent."""
        self._change(mail, **NO_MESSAGE)

    def ask_again(self, mail: WishMail) -> None:
        """Try again soon, when Odoo may say whether the days are free."""
        self._change(mail, message_due_at=clock.now() + ASK_AGAIN)

    def _change(self, mail: WishMail, **values: datetime | None) -> None:
        leased = {"row_id": mail.wish.id, "sent": mail.message, "tried": mail.attempts}
        with self._db.connection() as connection:
            connection.execute(SETTLE.values(values), leased)


def _to_mail(row: Row[*tuple[Any, ...]]) -> WishMail:
    turn = int(row.turn_ends_at.timestamp()) if row.turn_ends_at else 0
    return WishMail(to_wish(row), WishMessage(row.message), row.attempts + 1, turn)
