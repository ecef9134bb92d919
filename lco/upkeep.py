"""What a serving process does besides answering: the schema, unfinished bookings, looking at Odoo by itself."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from lco import metrics
from lco.shop import Shop

log = logging.getLogger(__name__)

USUALLY = timedelta(seconds=60)
WHILE_AWAY = timedelta(seconds=5)


class Upkeep:
    """Begun once in each serving process: by the server when it starts, or by the first request."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
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
            threading.Thread(target=self._look, name="upkeep", daemon=True).start()
            self._begun = True

    def stop(self) -> None:
        """Look after nothing more; before `begin`, never."""
        self._stop.set()

    def _look(self) -> None:
        """See to it, again and again, that no booking stays open and that pages learn what no webhook told."""
        while not self._stop.is_set():
            for work in (self._shop.bookings.recover, self._shop.bookings.check, self._shop.inbox.forget_old):
                _tried("bookings", work)
            _tried("catalogue", self._shop.catalogue.refresh)
            pause = WHILE_AWAY if self._shop.catalogue.is_away else USUALLY
            self._stop.wait(pause.total_seconds())


def _tried(what: str, work: Callable[[], object]) -> None:
    """Do `work`; when it fails, say so and go on: it is tried again, and pages need not wait for it."""
    try:
        work()
    except Exception:
        metrics.background_failures.labels(what).inc()
        log.exception("upkeep failed: %s", what)
