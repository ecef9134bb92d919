"""The mails about wishes: when they are sent, and what they say."""

from collections.abc import Callable
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import urlencode

from lco.bookings.mapping import sha256
from lco.domain.wish import Wish, WishMessage
from lco.errors import OdooError
from lco.mail.composer import Render
from lco.mail.dispatcher import MailDispatcher
from lco.mail.errors import MailRefused
from lco.mail.sender import Sender
from lco.mail.wish_outbox import WishMail, WishOutbox
from lco.settings import Business, Settings


class WishMailer:
    """Sends what is due. Any number may run, in one process or in many: leases keep them apart."""

    def __init__(self, outbox: WishOutbox, compose: Callable[[WishMail], EmailMessage], sender: Sender) -> None:
        self._outbox = outbox
        self._dispatcher = MailDispatcher(outbox, compose, sender)

    def send_due(self, is_still_free: Callable[[Wish], bool]) -> None:
        """Send until there is no more, or the server is away. Raises DatabaseUnavailable.

        `is_still_free`: whether the days of a wish can be had; it may raise OdooError.
        """
        self._dispatcher.note_handed_over()
        while mail := self._outbox.claim():
            try:
                if mail.message is WishMessage.FREE and not is_still_free(mail.wish):
                    continue  # taken again meanwhile: the wish waits for the next time
            except OdooError:
                self._outbox.ask_again(mail)
                continue
            if not self._dispatcher.send(mail):
                return


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
