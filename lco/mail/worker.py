"""The worker: a thread that sends what is due in the outbox."""

import threading
from collections.abc import Callable
from email.message import EmailMessage

from lco.db.mails import Mail
from lco.failures import guard
from lco.mail.dispatcher import MailDispatcher
from lco.mail.outbox import Outbox
from lco.mail.sender import Sender

LOOK_EVERY_SECONDS = 5.0
MOMENT_SECONDS = 0.1
"""A pause before composing, so that the customer is answered first: composing takes longer than booking."""


class Worker:
    """One thread that sends. Any number may run, in one process or in many: leases keep them apart."""

    def __init__(self, outbox: Outbox, compose: Callable[[Mail], EmailMessage], sender: Sender) -> None:
        self.outbox = outbox
        self._dispatcher = MailDispatcher(outbox, compose, sender)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start sending, once, and say in the log where mails go. Before the first call nothing is sent."""
        with self._lock:
            if self._thread or self._stopped.is_set():
                return
            self._dispatcher.sender.log_destination()
            self._thread = threading.Thread(target=self._run, name="mail", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Send nothing more after the mail that is being sent; before `start`, never start."""
        self._stopped.set()
        self.outbox.nudge()

    def join(self, seconds: float | None = None) -> None:
        """Wait until sending has ended, at most `seconds`."""
        if self._thread:
            self._thread.join(seconds)

    def send_due(self) -> None:
        """Send what is due, until there is no more or the server is away. Raises DatabaseUnavailable."""
        self._dispatcher.note_handed_over()
        while not self._stopped.is_set():
            mail = self.outbox.claim()
            if mail is None or not self._dispatcher.send(mail):
                return

    def _run(self) -> None:
        while not self._stopped.is_set():
            with guard("mail worker"):
                self.send_due()
            self.outbox.wait(LOOK_EVERY_SECONDS)
            self._stopped.wait(MOMENT_SECONDS)
