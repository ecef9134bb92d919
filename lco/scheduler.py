"""What a serving process does besides answering: the schema, what is left open, looking at Odoo by itself."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from lco import metrics
from lco.mail.worker import Worker
from lco.services import Shop

log = logging.getLogger(__name__)

WHILE_AWAY = timedelta(seconds=5)
ATTEND_EVERY = timedelta(seconds=2)


class Upkeep:
    """Begun once in each serving process: by the server when it starts, or by the first request."""

    def __init__(self, shop: Shop, mail: Worker) -> None:
        self._shop = shop
        self._mail = mail
        self._lock = threading.Lock()
        self._begun = False
        self._stop = threading.Event()

    def begin(self) -> None:
        """Bring a SQLite database up to date, and start looking after everything else from time to time."""
        if self._begun:
            return
        with self._lock:
            if self._begun:
                return
            if self._shop.settings.database_url.startswith("sqlite"):
                _tried("migrate", self._shop.store.migrate)
            self._shop.changes.begin()
            self._mail.begin()
            # Two threads: a slow Odoo that holds up one booking must not keep the catalogue old, nor the reverse.
            for name, look in (("attend", self._attend), ("reconcile", self._reconcile)):
                threading.Thread(target=look, name=f"upkeep-{name}", daemon=True).start()
            self._begun = True

    def stop(self) -> None:
        """Look after nothing more; before `begin`, never."""
        self._stop.set()
        self._mail.stop()

    def _attend(self) -> None:
        """See to it, again and again, that no booking and no delivery stays as it was left."""
        while not self._stop.is_set():
            _tried("bookings", self._shop.bookings.attend)
            _tried("bookings", self._shop.bookings.hear_of_people)
            _tried("webhooks", self._shop.inbox.attend)
            self._stop.wait(ATTEND_EVERY.total_seconds())

    def _reconcile(self) -> None:
        """Read Odoo, again and again, so that pages learn what no webhook told."""
        usually = timedelta(seconds=self._shop.settings.reconcile_seconds)
        while not self._stop.is_set():
            _tried("webhooks", self._shop.inbox.forget_old)
            _tried("bookings", self._shop.bookings.forget_old)
            _tried("catalogue", self._shop.catalogue.refresh)
            pause = min(WHILE_AWAY, usually) if self._shop.catalogue.is_away else usually
            self._stop.wait(pause.total_seconds())


def _tried(what: str, work: Callable[[], object]) -> None:
    """Do `work`; when it fails, say so and go on: it is tried again, and pages need not wait for it."""
    try:
        work()
    except Exception:
        metrics.background_failures.labels(what).inc()
        log.exception("upkeep failed: %s", what)
