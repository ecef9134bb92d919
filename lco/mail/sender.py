"""The ways of mails: to a mail server by SMTP, or into a folder while none is set."""

import ipaddress
import logging
import os
import re
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, unquote, urlsplit

from lco.mail.errors import MailPostponed, MailRefused, MailServerUnavailable
from lco.settings import Settings

log = logging.getLogger(__name__)

TIMEOUT = 10.0
SUBMISSION = 587  # RFC 6409
SUBMISSION_TLS = 465  # RFC 8314
PERMANENT = 500
ENHANCED = re.compile(rb"\b[245]\.\d{1,3}\.\d{1,3}\b")
"""An enhanced status code (RFC 3463): the only part of a server's answer that is sure to name no person."""


class Sender(Protocol):
    """One way to send mail."""

    def log_destination(self) -> None:
        """Say in the log where mails go."""

    def send(self, message: EmailMessage) -> None:
        """Send the mail. Returns once the server or the folder has it.

        Raises MailRefused, MailPostponed, MailServerUnavailable.
        """


def create_sender(settings: Settings) -> Sender:
    """The way that `settings` name: SMTP_URL before SENDGRID_API_KEY before RESEND_API_KEY, else MAIL_DIR."""
    if settings.smtp_url:
        return SmtpSender(settings.smtp_url)
    if settings.sendgrid_api_key:
        key = quote(settings.sendgrid_api_key, safe="")
        return SmtpSender(f"smtp://apikey:{key}@smtp.sendgrid.net:{SUBMISSION}")
    if settings.resend_api_key:
        key = quote(settings.resend_api_key, safe="")
        return SmtpSender(f"smtps://resend:{key}@smtp.resend.com:{SUBMISSION_TLS}")
    return FileSender(settings.mail_dir, is_meant=settings.is_demo())


class SmtpSender:
    """The server at `url`, smtp: or smtps:; waits at most `timeout` seconds for each of its answers."""

    def __init__(self, url: str, timeout: float = TIMEOUT) -> None:
        parts = urlsplit(url)
        self._direct_tls = parts.scheme == "smtps"
        self.host = str(parts.hostname)
        self.port = parts.port or (SUBMISSION_TLS if self._direct_tls else SUBMISSION)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._timeout = timeout

    def log_destination(self) -> None:
        """Log where mails go."""
        log.info("mails go out through %s, port %d", self.host, self.port)

    def send(self, message: EmailMessage) -> None:
        """Hand the mail over. Raises MailRefused, MailPostponed, MailServerUnavailable."""
        sender, recipient = (message[name].addresses[0] for name in ("From", "To"))
        connection = self._connected(sender.domain)
        try:
            connection.send_message(message, sender.addr_spec, [recipient.addr_spec])
        except (OSError, smtplib.SMTPException) as error:
            raise _verdict(error) from error
        finally:
            _quit(connection)

    def check(self, own_name: str) -> None:
        """Connect and log in as for a mail, and send none. Raises MailServerUnavailable."""
        _quit(self._connected(own_name))

    def _connected(self, own_name: str) -> smtplib.SMTP:
        """A connection that is ready for a mail. A failure here is a failure for every mail."""
        try:
            connection = self._greeted(own_name)
        except (OSError, smtplib.SMTPException) as error:
            raise MailServerUnavailable(f"the mail server does not answer ({_short(error)})") from error
        try:
            self._introduced(connection)
        except (OSError, smtplib.SMTPException) as error:
            connection.close()
            raise MailServerUnavailable(f"the mail server does not let us in ({_short(error)})") from error
        except MailServerUnavailable:
            connection.close()
            raise
        return connection

    def _greeted(self, own_name: str) -> smtplib.SMTP:
        # Our own name is given, because the library would look it up with a call that has no time-out.
        if self._direct_tls:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, own_name, timeout=self._timeout, context=context)
        return smtplib.SMTP(self.host, self.port, own_name, timeout=self._timeout)

    def _introduced(self, connection: smtplib.SMTP) -> None:
        """STARTTLS when it is offered; a password never leaves this machine in the clear."""
        connection.ehlo_or_helo_if_needed()
        is_here = _is_on_this_machine(connection)
        if not self._direct_tls and connection.has_extn("starttls"):
            connection.starttls(context=_context(is_here=is_here))
            connection.ehlo()
        if self._user:
            if not is_here and not isinstance(connection.sock, ssl.SSLSocket):
                raise MailServerUnavailable("the mail server offers no encryption, so it did not get our password")
            connection.login(self._user, self._password)


class FileSender:
    """A folder in place of a mail server; `is_meant` when no customer expects these mails."""

    def __init__(self, folder: Path, *, is_meant: bool) -> None:
        self._folder = folder
        self._level = logging.INFO if is_meant else logging.WARNING

    def log_destination(self) -> None:
        """Log where mails go."""
        log.log(self._level, "SMTP_URL is not set, so NO MAIL IS SENT: it is written to %s", self._folder)

    def send(self, message: EmailMessage) -> None:
        """Hand the mail over. Raises MailRefused, MailPostponed, MailServerUnavailable."""
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        path = self._folder / f"{name}.eml"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Readable for its owner only: it names a customer.
            with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                file.write(message.as_bytes())
        except OSError as error:
            raise MailServerUnavailable(f"the folder for mails cannot be written ({_short(error)})") from error
        log.log(self._level, "no mail server is set: a mail was written to %s", path)


def _verdict(error: Exception) -> MailPostponed | MailRefused:
    """The outcome for a mail whose sending ended with `error`."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            code, said = next(iter(error.recipients.values()))
            return _by_code("the recipient", code, said)
        case smtplib.SMTPSenderRefused():
            # About our own address, so about the settings, which can be put right in time.
            return MailServerUnavailable(f"the mail server does not take our address ({_answer(error)})")
        case smtplib.SMTPDataError():
            return _by_code("the mail", error.smtp_code, error.smtp_error)
        case smtplib.SMTPNotSupportedError():
            return MailRefused("the mail server cannot write to such an address (no SMTPUTF8)")
    # The connection broke. The server may or may not have taken the mail.
    return MailServerUnavailable(f"the mail server stopped answering ({_short(error)})")


def _by_code(what: str, code: int, said: bytes | str) -> MailPostponed | MailRefused:
    kind = MailRefused if code >= PERMANENT else MailPostponed
    return kind(f"the mail server did not take {what} ({_code(code, said)})")


def _short(error: Exception) -> str:
    return _answer(error) if isinstance(error, smtplib.SMTPResponseException) else type(error).__name__


def _answer(error: smtplib.SMTPResponseException) -> str:
    return _code(error.smtp_code, error.smtp_error)


def _code(code: int, said: bytes | str) -> str:
    enhanced = ENHANCED.search(said if isinstance(said, bytes) else said.encode())
    return f"{code} {enhanced[0].decode()}" if enhanced else str(code)


def _quit(connection: smtplib.SMTP) -> None:
    """Say goodbye. The mail's fate is known by now, so it does not matter how this goes."""
    try:
        connection.quit()
    except (OSError, smtplib.SMTPException) as error:
        log.info("the mail server did not say goodbye (%s)", _short(error))
    finally:
        connection.close()


def _is_on_this_machine(connection: smtplib.SMTP) -> bool:
    sock = connection.sock
    return sock is not None and ipaddress.ip_address(sock.getpeername()[0]).is_loopback


def _context(*, is_here: bool) -> ssl.SSLContext:
    """Demand proof of the server's name, except on this machine, where no third party can stand between."""
    context = ssl.create_default_context()
    if is_here:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
