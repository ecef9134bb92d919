"""What a serving process does besides answering: the schema, what is left open, looking at Odoo by itself."""

import threading
from datetime import timedelta

from lco.failures import guard
from lco.mail.worker import Worker
from lco.services import Services

RETRY_EVERY = timedelta(seconds=5)
WATCH_EVERY = timedelta(seconds=1)
PROCESS_EVERY = timedelta(seconds=2)


class Scheduler:
    """Begun once in each serving process: by the server when it starts, or by the first request."""

    def __init__(self, services: Services, mail: Worker) -> None:
        self._services = services
        self._mail = mail
        self._lock = threading.Lock()
        self._begun = False
        self._stop = threading.Event()

    def start(self) -> None:
        """Bring a SQLite database up to date, and start looking after everything else from time to time."""
        if self._begun:
            return
        with self._lock:
            if self._begun:
                return
            if self._services.settings.database_url.startswith("sqlite"):
                with guard("migrate"):
                    self._services.db.migrate()
            self._services.changes.start()
            self._mail.start()
            # One thread each: an Odoo that is slow for one of them must not hold up the others.
            for name, look in (
                ("attend", self._process_due),
                ("reconcile", self._reconcile_periodically),
                ("watch", self._watch_time),
            ):
                threading.Thread(target=look, name=f"upkeep-{name}", daemon=True).start()
            self._begun = True

    def stop(self) -> None:
        """Look after nothing more; before `begin`, never."""
        self._stop.set()
        self._mail.stop()

    def _process_due(self) -> None:
        """See to it, again and again, that no booking and no delivery stays as it was left."""
        while not self._stop.is_set():
            with guard("bookings"):
                self._services.bookings.recovery.process_due()
            with guard("bookings"):
                self._services.bookings.admin.publish_left()
            with guard("webhooks"):
                self._services.inbox.retry_due()
            self._stop.wait(PROCESS_EVERY.total_seconds())

    def _watch_time(self) -> None:
        """Publish each new business day."""
        while not self._stop.is_set():
            with guard("day"):
                self._services.business_day.check()
            self._stop.wait(WATCH_EVERY.total_seconds())

    def _reconcile_periodically(self) -> None:
        """Read Odoo, again and again, so that pages learn what no webhook told."""
        usually = timedelta(seconds=self._services.settings.reconcile_seconds)
        while not self._stop.is_set():
            with guard("webhooks"):
                self._services.inbox.purge_old()
            with guard("bookings"):
                self._services.bookings.recovery.purge_expired()
            with guard("people"):
                self._services.people.forget_ended()
            with guard("catalogue"):
                self._services.catalogue.refresh()
            pause = usually if self._services.catalogue.is_available else min(RETRY_EVERY, usually)
            self._stop.wait(pause.total_seconds())
