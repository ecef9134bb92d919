"""The business's calendar: what Odoo says of it, with the settings on top."""

import logging
from collections.abc import Callable
from datetime import timedelta

from lco import background
from lco.caching.memory import CachedValue
from lco.caching.swr import CacheQuery, StaleWhileRevalidateCache
from lco.domain.business_calendar import BusinessCalendar, CalendarSettings
from lco.errors import OdooError
from lco.odoo.client import OdooClient
from lco.odoo.errors import CallUnknown

log = logging.getLogger(__name__)

KEY = "calendar:business"
MAX_AGE = timedelta(minutes=1)


class CalendarSource:
    """The calendar that holds now. Settings win over Odoo; without either, every day is open.

    `on_change` is called when Odoo says something else than before. Safe for many threads.
    """

    def __init__(
        self,
        odoo: OdooClient,
        cache: StaleWhileRevalidateCache,
        settings: CalendarSettings,
        on_change: Callable[[], object] = lambda: None,
    ) -> None:
        self._odoo = odoo
        self._cache = cache
        self._settings = settings
        self._known: BusinessCalendar | None = None
        self._query = CacheQuery(KEY, MAX_AGE, self._load, on_refresh=self._note, on_change=lambda *_: on_change())

    def current(self) -> BusinessCalendar:
        """Return the calendar that holds now. Waits for Odoo only before its first answer."""
        try:
            known = self._cache.get(self._query).value
        except OdooError as error:
            log.warning("the calendar of the business cannot be read: %s", error.code)
            known = self._known
        return self._settings.applied_to(known or BusinessCalendar())

    def known(self) -> BusinessCalendar:
        """Return the calendar as it is known, without asking Odoo."""
        return self._settings.applied_to(self._known or BusinessCalendar())

    def invalidate(self) -> None:
        """Ask Odoo again before the next answer, because it says that the calendar has changed."""
        self._cache.invalidate("calendar:")

    def reload(self) -> None:
        """Read it again in the background, so that open pages follow."""
        self.invalidate()
        background.run("read the calendar of the business", self.current)

    def _load(self) -> BusinessCalendar | None:
        """Odoo's calendar, or the one read before while Odoo cannot be read.

        Returns None when Odoo has no calendar (version 1).
        """
        try:
            return self._odoo.calendar()
        except CallUnknown:
            return None
        except OdooError as error:
            log.warning("odoo does not tell its calendar: %s", error.code)
            return self._known

    def _note(self, cached: CachedValue[BusinessCalendar | None]) -> None:
        self._known = cached.value
