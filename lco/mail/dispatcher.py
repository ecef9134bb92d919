"""Send mails that are leased from an outbox, and settle each by what came of sending it."""

import logging
from collections.abc import Callable
from email.message import EmailMessage
from typing import Generic, Protocol, TypeVar

from lco import metrics
from lco.mail.errors import MailPostponed, MailRefused, MailServerUnavailable, where
from lco.mail.sender import Sender

log = logging.getLogger(__name__)


class Leased(Protocol):
    """A mail that is leased to its sender."""

    @property
    def title(self) -> str:
        """Which mail it is, for the log, without anything personal: `7 (received)`."""


M = TypeVar("M", bound=Leased)
M_contra = TypeVar("M_contra", bound=Leased, contravariant=True)


class Settlement(Protocol[M_contra]):
    """The outcomes of a leased mail that an outbox stores. Every method may raise DatabaseUnavailable."""

    def sent(self, mail: M_contra, /) -> None:
        """Mark the mail as sent, also after its lease has ended."""

    def postpone(self, mail: M_contra, problem: str, /) -> bool:
        """Try again later, after ever longer pauses. Returns False when that was the last try."""

    def give_up(self, mail: M_contra, problem: str, /) -> None:
        """Mark the mail as one that cannot be sent."""


class MailDispatcher(Generic[M]):
    """Sends one leased mail after the other. Not safe for threads: each sending thread has its own."""

    def __init__(self, outbox: Settlement[M], compose: Callable[[M], EmailMessage], sender: Sender) -> None:
        self.sender = sender
        self._outbox = outbox
        self._compose = compose
        self._handed_over: list[M] = []
        """Sent, and not written down yet, since the database was away."""

    def send(self, mail: M) -> bool:
        """Send `mail` and write down what came of it. Returns whether the next one may be tried at once."""
        try:
            self.sender.send(self._compose(mail))
        except MailRefused as error:
            self._outbox.give_up(mail, error.message)
            _failed(mail, error.message)
        except MailPostponed as error:
            self._postpone(mail, error.message)
            return not isinstance(error, MailServerUnavailable)
        except Exception as error:  # noqa: BLE001 - one broken mail must not keep the others back
            log.error("mail %s broke with %s", mail.title, where(error))  # noqa: TRY400 - the text may be a person's
            self._postpone(mail, f"an error of ours ({type(error).__name__})")
        else:
            self._handed_over.append(mail)
            metrics.mails.labels("sent").inc()
            log.info("mail %s was sent", mail.title)
            self.note_handed_over()
        return True

    def note_handed_over(self) -> None:
        """Write down what was sent. While that fails nothing else is sent, and no mail goes a second time."""
        while self._handed_over:
            self._outbox.sent(self._handed_over[0])
            del self._handed_over[0]

    def _postpone(self, mail: M, problem: str) -> None:
        if self._outbox.postpone(mail, problem):
            metrics.mails.labels("postponed").inc()
            log.warning("mail %s is tried again later: %s", mail.title, problem)
        else:
            _failed(mail, problem)


def _failed(mail: Leased, problem: str) -> None:
    metrics.mails.labels("failed").inc()
    log.error("mail %s failed: %s", mail.title, problem)
