"""The mails about wishes: each is a note in the row of its wish, leased for sending and then cleared."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, NamedTuple, cast
from urllib.parse import urlencode

from sqlalchemy import Row, Table, bindparam, select, update

from lco import clock, metrics
from lco.bookings.mapping import sha256
from lco.db import Database
from lco.db.wishes import WishRow
from lco.domain.wish import Wish, WishMessage
from lco.errors import OdooError
from lco.failures import backoff
from lco.mail.composer import Render
from lco.mail.errors import MailPostponed, MailRefused, MailServerUnavailable, where
from lco.mail.outbox import ATTEMPTS, FIRST_PAUSE, LEASE, LONGEST_PAUSE
from lco.mail.sender import Sender
from lco.settings import Business, Settings
from lco.wishes.repository import to_wish

log = logging.getLogger(__name__)

TABLE = cast("Table", WishRow.__table__)
ASK_AGAIN = timedelta(seconds=30)
"""When Odoo is asked again whether the days are free, after it gave no answer."""
DUE = (
    select(TABLE)
    .where(TABLE.c.message_due_at <= bindparam("now"), TABLE.c.message.is_not(None))
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
    """Tells apart the mails of several turns, in seconds since 1970; 0 where there is none."""


class WishMailer:
    """Sends what is due, in any number of processes. `is_still_free`: whether the days of a wish can be had."""

    def __init__(self, database: Database, compose: Callable[[WishMail], EmailMessage], sender: Sender) -> None:
        self._db = database
        self._compose = compose
        self._sender = sender
        self._handed_over: list[WishMail] = []
        """Sent, and not written down yet, since the database was away."""

    def send_due(self, is_still_free: Callable[[Wish], bool]) -> None:
        """Send until there is no more, or the server is away. Raises DatabaseUnavailable."""
        self._note_handed_over()
        while mail := self._claim():
            try:
                if mail.message is WishMessage.FREE and not is_still_free(mail.wish):
                    continue  # taken again meanwhile: the wish waits for the next time
            except OdooError:
                self._change(mail, message_due_at=clock.now() + ASK_AGAIN)
                continue
            if not self._settled(mail):
                return

    def _claim(self) -> WishMail | None:
        while True:
            now = clock.now()
            with self._db.connection() as connection:
                row = connection.execute(DUE, {"now": now}).one_or_none()
                if row is None:
                    return None
                lease = {"message_due_at": now + LEASE, "attempts": row.attempts + 1}
                seen = {"row_id": row.id, "seen": row.message_due_at}
                if connection.execute(LEASE_IT.values(lease), seen).rowcount:
                    return _to_mail(row)

    def _settled(self, mail: WishMail) -> bool:
        """Send `mail` and note what came of it. Returns whether the next one may be tried at once."""
        try:
            self._sender.send(self._compose(mail))
        except MailRefused:
            self._give_up(mail)
        except MailPostponed as error:
            self._postpone(mail)
            return not isinstance(error, MailServerUnavailable)
        except Exception as error:  # noqa: BLE001 - one broken mail must not keep the others back
            log.error("the mail about wish %d broke with %s", mail.wish.id, where(error))  # noqa: TRY400 - no text
            self._postpone(mail)
        else:
            self._handed_over.append(mail)
            metrics.mails.labels("sent").inc()
            log.info("the mail about wish %d (%s) was sent", mail.wish.id, mail.message)
            self._note_handed_over()
        return True

    def _note_handed_over(self) -> None:
        """Write down what was sent. While that fails nothing else is sent, and no mail goes a second time."""
        while self._handed_over:
            self._change(self._handed_over[0], **NO_MESSAGE)
            del self._handed_over[0]

    def _postpone(self, mail: WishMail) -> None:
        if mail.attempts >= ATTEMPTS:
            self._give_up(mail)
            return
        metrics.mails.labels("postponed").inc()
        self._change(mail, message_due_at=clock.now() + backoff(mail.attempts, FIRST_PAUSE, LONGEST_PAUSE))

    def _give_up(self, mail: WishMail) -> None:
        metrics.mails.labels("failed").inc()
        log.error("the mail about wish %d (%s) failed", mail.wish.id, mail.message)
        self._change(mail, **NO_MESSAGE)

    def _change(self, mail: WishMail, **values: datetime | None) -> None:
        leased = {"row_id": mail.wish.id, "sent": mail.message, "tried": mail.attempts}
        with self._db.connection() as connection:
            connection.execute(SETTLE.values(values), leased)


class WishComposer:
    """Writes the mails about wishes. Each can be answered with one press that ends the wish (RFC 8058)."""

    def __init__(self, render: Render, settings: Settings, business: Callable[[], Business]) -> None:
        self._render = render
        self._site_url = settings.site_url
        self._from = settings.mailbox()
        self._business = business

    def compose(self, mail: WishMail) -> EmailMessage:
        """The mail. Raises MailRefused for an address that no header can hold."""
        wish, page = mail.wish, f"{self._site_url}/wishes/{mail.wish.token}"
        values = {"wish": wish, "page": page, "book": self._book(wish)}
        email = EmailMessage(SMTP)
        email["From"] = self._from
        email["To"] = _recipient(wish.email)
        email["Reply-To"] = self._business().email
        email["Subject"] = " ".join(self._render(f"email/wish/{mail.message}/subject.txt", values).split())
        # The same at every attempt (RFC 5322, 3.6.4).
        own = sha256(f"{wish.token} {mail.turn}")[:24]
        email["Message-ID"] = f"<wish.{mail.message}-{wish.id}.{own}@{self._from.domain}>"
        email["Auto-Submitted"] = "auto-generated"
        email["List-Unsubscribe"] = f"<{page}/stop>"
        email["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        text, html = (self._render(f"email/wish/{mail.message}/body.{form}", values) for form in ("txt", "html"))
        email.set_content(text, cte="quoted-printable")
        email.add_alternative(html, subtype="html", cte="quoted-printable")
        return email

    def _book(self, wish: Wish) -> str:
        days = {"date_from": wish.days.start.isoformat(), "date_to": wish.days.end.isoformat()}
        return f"{self._site_url}/equipment/{wish.vehicle_id}?{urlencode(days)}"


def _recipient(email: str) -> Address:
    try:
        return Address(addr_spec=email)
    except (ValueError, IndexError) as error:
        raise MailRefused("the address cannot be written in a mail") from error


def _to_mail(row: Row[*tuple[Any, ...]]) -> WishMail:
    turn = int(row.turn_ends_at.timestamp()) if row.turn_ends_at else 0
    return WishMail(to_wish(row), WishMessage(row.message), row.attempts + 1, turn)
