"""The worker: takes mails out of the outbox, one after the other, and settles each by what came of sending it."""

import logging
import threading
from collections.abc import Callable
from email.message import EmailMessage

from lco import metrics
from lco.db.mails import Mail
from lco.failures import guard
from lco.mail.errors import MailPostponed, MailRefused, MailServerUnavailable, where
from lco.mail.outbox import Outbox
from lco.mail.sender import Sender

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 5.0
MOMENT_SECONDS = 0.1
"""A pause before composing, so that the customer is answered first: composing takes longer than booking."""


class Worker:
    """One thread that sends. Any number may run, in one process or in many: leases keep them apart."""

    def __init__(self, outbox: Outbox, compose: Callable[[Mail], EmailMessage], sender: Sender) -> None:
        self.outbox = outbox
        self._compose = compose
        self._sender = sender
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._handed_over: list[Mail] = []
        """Sent, and not written down yet, since the database was away."""

    def start(self) -> None:
        """Start sending, once, and say in the log where mails go. Before the first call nothing is sent."""
        with self._lock:
            if self._thread or self._stopped.is_set():
                return
            self._sender.log_destination()
            self._thread = threading.Thread(target=self._run, name="mail", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Send nothing more after the mail that is being sent; before `begin`, never begin."""
        self._stopped.set()
        self.outbox.nudge()

    def join(self, seconds: float | None = None) -> None:
        """Returns when sending has ended, at the latest after `seconds`."""
        if self._thread:
            self._thread.join(seconds)

    def send_due(self) -> None:
        """Send what is due, until there is no more or the server is away. Raises DatabaseUnavailable."""
        self._note_handed_over()
        while not self._stopped.is_set():
            mail = self.outbox.claim()
            if mail is None or not self._settled(mail):
                return

    def _run(self) -> None:
        while not self._stopped.is_set():
            with guard("mail worker"):
                self.send_due()
            self.outbox.wait(LOOK_EVERY_SECONDS)
            self._stopped.wait(MOMENT_SECONDS)

    def _settled(self, mail: Mail) -> bool:
        """Send `mail` and write down what came of it; whether the next one may be tried at once."""
        try:
            self._sender.send(self._compose(mail))
        except MailRefused as error:
            self.outbox.give_up(mail, error.message)
            _failed(mail, error.message)
        except MailPostponed as error:
            self._postpone(mail, error.message)
            return not isinstance(error, MailServerUnavailable)
        except Exception as error:  # noqa: BLE001 - one broken mail must not keep the others back
            log.error("mail %d broke with %s", mail.id, where(error))  # noqa: TRY400 - the text may be a person's
            self._postpone(mail, f"an error of ours ({type(error).__name__})")
        else:
            self._handed_over.append(mail)
            metrics.mails.labels("sent").inc()
            log.info("mail %d (%s) was sent", mail.id, mail.message)
            self._note_handed_over()
        return True

    def _note_handed_over(self) -> None:
        """Write down what was sent. While that fails nothing else is sent, and no mail goes a second time."""
        while self._handed_over:
            self.outbox.sent(self._handed_over[0])
            del self._handed_over[0]

    def _postpone(self, mail: Mail, problem: str) -> None:
        if self.outbox.postpone(mail, problem):
            metrics.mails.labels("postponed").inc()
            log.warning("mail %d (%s) is tried again later: %s", mail.id, mail.message, problem)
        else:
            _failed(mail, problem)


def _failed(mail: Mail, problem: str) -> None:
    metrics.mails.labels("failed").inc()
    log.error("mail %d (%s) failed: %s", mail.id, mail.message, problem)
