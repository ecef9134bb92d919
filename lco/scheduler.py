"""The periodic work of a serving process: migrations of SQLite, due bookings and deliveries, reading Odoo."""

import threading
from datetime import timedelta

from lco import clock
from lco.failures import guard
from lco.mail.wish_mails import WishMailer
from lco.mail.worker import Worker
from lco.services import Services

RETRY_EVERY = timedelta(seconds=5)
WATCH_EVERY = timedelta(seconds=1)
PROCESS_EVERY = timedelta(seconds=2)
MAIL_ENDS_WITHIN = timedelta(seconds=8)
CHECKPOINT_EVERY = timedelta(minutes=5)


class Scheduler:
    """Started once in each serving process: by the server, or by the first request."""

    def __init__(self, services: Services, mail: Worker, wish_mails: WishMailer) -> None:
        self._services = services
        self._mail = mail
        self._wish_mails = wish_mails
        self._lock = threading.Lock()
        self._begun = False
        self._is_migrated = False
        self._checkpoint_at = clock.seconds()
        self._stop = threading.Event()

    def start(self) -> None:
        """Migrate a SQLite database, and start the threads of the periodic work."""
        if self._begun:
            return
        with self._lock:
            if self._begun:
                return
            self._migrate()
            self._services.changes.start()
            self._mail.start()
            # One thread each: an Odoo that is slow for one of them must not hold up the others.
            for name, look in (
                ("bookings", self._recover_bookings),
                ("webhooks", self._retry_webhooks),
                ("publish", self._publish_steps),
                ("reconcile", self._reconcile_periodically),
                ("watch", self._watch_time),
                ("wishes", self._tell_of_free_days),
            ):
                threading.Thread(target=look, name=f"scheduler-{name}", daemon=True).start()
            self._begun = True

    def stop(self) -> None:
        """End the periodic work, or never start it."""
        self._stop.set()
        self._mail.stop()

    def close(self) -> None:
        """End the work, wait for the mail that is being sent, and close the database. The process ends next."""
        self.stop()
        self._mail.join(MAIL_ENDS_WITHIN.total_seconds())
        with guard("database"):
            self._services.db.checkpoint()
            self._services.db.close()

    def _migrate(self) -> None:
        """Migrate a SQLite database. PostgreSQL is migrated by a command, before the release starts."""
        if not self._is_migrated and self._services.settings.database_url.startswith("sqlite"):
            with guard("migrate") as migration:
                self._services.db.migrate()
            self._is_migrated = migration.error is None

    def _checkpoint(self) -> None:
        """Have SQLite's file hold everything that is older than CHECKPOINT_EVERY."""
        if clock.seconds() - self._checkpoint_at >= CHECKPOINT_EVERY.total_seconds():
            with guard("database"):
                self._services.db.checkpoint()
            self._checkpoint_at = clock.seconds()

    def _recover_bookings(self) -> None:
        """Recover the bookings that were left open, and the changes without an outcome."""
        while not self._stop.is_set():
            self._migrate()
            with guard("bookings"):
                self._services.bookings.recovery.process_due()
            with guard("change requests"):
                self._services.bookings.change_sender.process_due()
            self._stop.wait(PROCESS_EVERY.total_seconds())

    def _retry_webhooks(self) -> None:
        """Apply the deliveries that were left unapplied."""
        while not self._stop.is_set():
            with guard("webhooks"):
                self._services.inbox.retry_due()
            self._stop.wait(PROCESS_EVERY.total_seconds())

    def _publish_steps(self) -> None:
        """Publish the steps of bookings that their own process has not."""
        while not self._stop.is_set():
            with guard("bookings"):
                self._services.bookings.admin.publish_left()
            self._stop.wait(PROCESS_EVERY.total_seconds())

    def _watch_time(self) -> None:
        """Publish each new business day."""
        while not self._stop.is_set():
            with guard("day"):
                self._services.business_day.check()
            self._stop.wait(WATCH_EVERY.total_seconds())

    def _tell_of_free_days(self) -> None:
        """Offer days that have become free to customers by mail, and send the other mails about their wishes."""
        watcher = self._services.wish_watcher
        with guard("wishes"):
            watcher.look_at_all()
        while not self._stop.is_set():
            with guard("wishes"):
                watcher.follow()
            with guard("mails about wishes"):
                self._wish_mails.send_due(watcher.is_still_free)
            self._stop.wait(PROCESS_EVERY.total_seconds())

    def _reconcile_periodically(self) -> None:
        """Read Odoo, so that pages show changes without a webhook, and delete rows that are too old."""
        usually = timedelta(seconds=self._services.settings.reconcile_seconds)
        while not self._stop.is_set():
            self._checkpoint()
            with guard("webhooks"):
                self._services.inbox.purge_old()
            with guard("bookings"):
                self._services.bookings.recovery.purge_expired()
            with guard("people"):
                self._services.people.forget_ended()
            with guard("storefront"):
                self._services.business.read()
            with guard("calendar"):
                self._services.calendar.current()
            with guard("booking sync"):
                self._services.bookings.sync.read()
            with guard("catalogue"):
                self._services.catalogue.refresh()
            with guard("wishes"):
                self._services.wish_watcher.look_at_all()
            pause = usually if self._services.catalogue.is_available else min(RETRY_EVERY, usually)
            self._stop.wait(pause.total_seconds())
