"""What a serving process does besides answering: the schema, unfinished bookings, looking at Odoo by itself."""

import logging
import threading
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
        """Bring a SQLite database up to date, settle what a crash left behind, and start looking at Odoo."""
        if self._begun:
            return
        with self._lock:
            if self._begun:
                return
            if self._shop.settings.database_url.startswith("sqlite"):
                self._shop.store.migrate()
            self._shop.bookings.recover()
            threading.Thread(target=self._look, name="upkeep", daemon=True).start()
            self._begun = True

    def stop(self) -> None:
        """Look at Odoo no more; before `begin`, never."""
        self._stop.set()

    def _look(self) -> None:
        """Read the catalogue again and again, so that open pages learn what no webhook told, and of a return."""
        while not self._stop.is_set():
            try:
                self._shop.catalogue.refresh()
                self._shop.inbox.forget_old()
            except Exception:
                metrics.background_failures.labels("upkeep").inc()
                log.exception("looking at odoo failed")
            pause = WHILE_AWAY if self._shop.catalogue.is_away else USUALLY
            self._stop.wait(pause.total_seconds())
