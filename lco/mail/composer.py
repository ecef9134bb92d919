"""The mails themselves: the text, the recipient and the form of each one."""

import logging
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import urlencode

from email_validator import EmailNotValidError, validate_email

from lco import clock, metrics
from lco.bookings.mapping import sha256, single_line
from lco.db.mails import Mail
from lco.deadline import deadline
from lco.domain.booking import Booking, DeclineReason
from lco.domain.date_range import DateRange
from lco.domain.mail_kind import MailKind
from lco.mail.errors import MailRefused, where
from lco.mail.invitation import Invitation, invitation
from lco.mail.serialization import loads
from lco.settings import Business, Settings

log = logging.getLogger(__name__)

Render = Callable[[str, Mapping[str, object]], str]
"""Renders a template by its name, without a request."""
Alternatives = Callable[[int, DateRange], Sequence[DateRange]]
"""Free ranges near taken days: see `lco.availability.service.Availability.alternatives`."""
ReturnTime = Callable[[Booking], time | None]
"""Until when the machine is brought back: see `lco.services.Services.return_time`."""
Entry = Callable[[Booking, Business, str, time | None], Invitation]

FITS_A_LINE = 60
SPECIALS = re.compile(r'[()<>\[\]:;@\\,."]')
LINK = re.compile(r"[/\\@\u3002]|\w\.\w")
"""Text that a mail program may turn into a link, once signs of other widths are the usual ones (NFKC)."""
OTHER_DAYS_HELP = frozenset({DeclineReason.DATES_TAKEN, DeclineReason.NOT_MADE})
ASK_FOR = timedelta(seconds=10)
"""The longest time for all alternatives together: the other mails wait meanwhile."""

SEE_PAGE = "see your booking's page"
LONGEST_HEADER = 200


@dataclass(frozen=True, slots=True)
class MailContent:
    """The parts of one mail: its message, the values for the templates beside the booking, and its entry."""

    message: MailKind
    values: Mapping[str, object] = field(default_factory=dict)
    has_entry: bool = False


def received(_booking: Booking, _messages: "MailComposer") -> MailContent:
    """We have the request, but cannot say yet that it is booked."""
    return MailContent(MailKind.RECEIVED)


def booked(_booking: Booking, _messages: "MailComposer") -> MailContent:
    """The days are held."""
    return MailContent(MailKind.BOOKED, has_entry=True)


def confirmed(_booking: Booking, _messages: "MailComposer") -> MailContent:
    """The business has confirmed."""
    return MailContent(MailKind.CONFIRMED, has_entry=True)


def declined(booking: Booking, messages: "MailComposer") -> MailContent:
    """Nothing is booked; which days are free instead is asked only now, when the mail is about to go."""
    free = messages.alternatives(booking) if booking.refusal in OTHER_DAYS_HELP else ()
    return MailContent(
        MailKind.DECLINED, {"alternatives": [(days, messages.page_for(booking, days)) for days in free]}
    )


def cancelled(_booking: Booking, _messages: "MailComposer") -> MailContent:
    """It was booked, and is no longer."""
    return MailContent(MailKind.CANCELLED, has_entry=True)


def changed(_booking: Booking, _messages: "MailComposer") -> MailContent:
    """Other days, or another total."""
    return MailContent(MailKind.CHANGED, has_entry=True)


def picked_up(_booking: Booking, _messages: "MailComposer") -> MailContent:
    """The machine is with its customer."""
    return MailContent(MailKind.PICKED_UP, has_entry=True)


def returned(_booking: Booking, _messages: "MailComposer") -> MailContent:
    """The machine is back."""
    return MailContent(MailKind.RETURNED)


def link(_booking: Booking, _messages: "MailComposer") -> MailContent:
    """The link of a booking that exists already."""
    return MailContent(MailKind.LINK)


def unchanged(_booking: Booking, _messages: "MailComposer") -> MailContent:
    """A change of which the customer was told that it is being made was not made."""
    return MailContent(MailKind.UNCHANGED)


BUILDERS: Mapping[str, Callable[[Booking, "MailComposer"], MailContent]] = {
    MailKind.RECEIVED: received,
    MailKind.BOOKED: booked,
    MailKind.CONFIRMED: confirmed,
    MailKind.DECLINED: declined,
    MailKind.CANCELLED: cancelled,
    MailKind.CHANGED: changed,
    MailKind.PICKED_UP: picked_up,
    MailKind.RETURNED: returned,
    MailKind.LINK: link,
    MailKind.UNCHANGED: unchanged,
}


class MailComposer:
    """Turns rows of the outbox into mails."""

    def __init__(  # noqa: PLR0913 - everything that mails tell
        self,
        render: Render,
        settings: Settings,
        alternatives: Alternatives,
        return_time: ReturnTime,
        *,
        entry: Entry = invitation,
        business: Callable[[], Business] | None = None,
    ) -> None:
        self.site_url = settings.site_url
        self._zone = settings.timezone
        self._render = render
        self._from = settings.mailbox()
        self._business = business or settings.business
        self._alternatives = alternatives
        self._return_time = return_time
        self._entry = entry

    def compose(self, mail: Mail) -> EmailMessage:
        """The mail, always the same but for the alternatives. Raises MailRefused when it can never be written."""
        booking = _mailable(loads(mail.snapshot))
        content = BUILDERS[mail.message](booking, self)
        page = f"{self.site_url}/bookings/{booking.token}"
        values = {"booking": booking, "page": page, "return_by": self._return_time(booking), **content.values}
        email = self._addressed(mail, booking)
        email["Subject"] = _header(self._render(f"email/{content.message}/subject.txt", values))
        # Quoted-printable stays readable, and needs neither short lines nor a server that takes eight bits.
        text, html = (self._render(f"email/{content.message}/body.{form}", values) for form in ("txt", "html"))
        email.set_content(text, cte="quoted-printable")
        email.add_alternative(html, subtype="html", cte="quoted-printable")
        if content.has_entry:
            self._add_entry(email, booking)
        return email

    def alternatives(self, booking: Booking) -> Sequence[DateRange]:
        """Free days near those of `booking`; none when they cannot be asked for: the mail is useful without."""
        try:
            with deadline(ASK_FOR):
                free = self._alternatives(booking.request.vehicle_id, booking.request.days)
        except Exception as error:  # noqa: BLE001 - a failure here must not stop the mail
            _does_without("alternatives", booking, error)
            return ()
        return [days for days in free if days.start >= clock.today(self._zone)]

    def page_for(self, booking: Booking, days: DateRange) -> str:
        """The address at which the same vehicle can be booked for `days`."""
        chosen = urlencode({"date_from": days.start.isoformat(), "date_to": days.end.isoformat()})
        return f"{self.site_url}/equipment/{booking.request.vehicle_id}?{chosen}"

    def _addressed(self, mail: Mail, booking: Booking) -> EmailMessage:
        email = EmailMessage(SMTP)
        email["From"] = self._from
        email["To"] = _recipient(booking)
        email["Reply-To"] = self._business().email
        # The same at every attempt, so that a mail that arrives twice is known as one (RFC 5322, 3.6.4).
        own = sha256(f"{booking.token} {mail.id}")[:24]
        email["Message-ID"] = f"<{mail.message}.{mail.id}.{own}@{self._from.domain}>"
        email["Date"] = mail.written_at
        email["Auto-Submitted"] = "auto-generated"  # RFC 3834: absence notes do not answer it
        return email

    def _add_entry(self, email: EmailMessage, booking: Booking) -> None:
        """Beside the text for mail programs that know calendars, and attached for all others."""
        try:
            entry = self._entry(booking, self._business(), self.site_url, self._return_time(booking))
        except Exception as error:  # noqa: BLE001 - a failure here must not stop the mail
            _does_without("calendar entry", booking, error)
            return
        email.add_alternative(entry.text, subtype="calendar", cte="base64", params={"method": entry.method})
        email.add_attachment(entry.text.encode(), maintype="application", subtype="ics", filename="booking.ics")


def _does_without(part: str, booking: Booking, error: Exception) -> None:
    metrics.background_failures.labels(f"mail without {part}").inc()
    log.error("a mail about booking %d goes without its %s: %s", booking.id, part, where(error))


def _mailable(booking: Booking) -> Booking:
    """The booking on single lines, and without what could advertise in a stranger's mailbox: typed links."""
    request = booking.request
    tamed = replace(
        request,
        name="" if _may_link(request.name) else single_line(request.name),
        pickup_location=_place(request.pickup_location),
        return_location=_place(request.return_location),
    )
    reference = single_line(booking.reference) if booking.reference else None
    vehicle_name, reason = single_line(booking.vehicle_name), single_line(booking.reason)
    return replace(booking, request=tamed, vehicle_name=vehicle_name, reference=reference, reason=reason)


def _place(text: str) -> str:
    return SEE_PAGE if _may_link(text) else single_line(text)


def _may_link(text: str) -> bool:
    """Whether a mail program may make a link of part of `text`, which invisible characters do not prevent."""
    visible = "".join(letter for letter in text if unicodedata.category(letter) not in {"Cf", "Cc", "Mn"})
    return any(LINK.search(unicodedata.normalize("NFKC", one)) for one in (text, visible))


def _header(text: str) -> str:
    """`text` on one line, and nothing in it that a header would decode (RFC 2047 begins with =?)."""
    return single_line(" ".join(text.split()).replace("=?", "= ?"), LONGEST_HEADER)


def _display_name(text: str) -> str:
    """`text` as the name before an address; a long one without what has a meaning there (RFC 5322, 3.2.3).

    Quotes around it would do, but Python loses them where it has to fold a name, and `Bcc: x` then names a group.
    """
    name = _header(text)
    return name if len(name) <= FITS_A_LINE else _header(SPECIALS.sub(" ", name))


def _recipient(booking: Booking) -> Address:
    """Raises MailRefused for an address that no header can hold."""
    try:
        # The domain in ASCII, which every server understands; a local part beyond it needs SMTPUTF8 (RFC 6531).
        checked = validate_email(booking.request.email, check_deliverability=False)
        local, _, domain = (checked.ascii_email or checked.normalized).rpartition("@")
        return Address(_display_name(booking.request.name), local, domain)
    except (EmailNotValidError, HeaderParseError, ValueError, IndexError) as error:
        raise MailRefused("the address cannot be written in a mail") from error
