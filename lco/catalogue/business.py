"""The business that pages name: what the settings say, and Odoo's storefront where they say nothing."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from lco import background
from lco.caching.memory import CachedValue
from lco.caching.swr import CacheQuery, Codec, StaleWhileRevalidateCache
from lco.changes.log import ChangeLog
from lco.changes.topics import STOREFRONT, EventType
from lco.domain.storefront import Storefront
from lco.domain.vehicle import Picture
from lco.odoo.client import OdooClient
from lco.odoo.errors import CallUnknown
from lco.settings import Business

log = logging.getLogger(__name__)

KEY = "storefront:business"
MAX_AGE = timedelta(minutes=1)


class BusinessSource:
    """The business as it is known now, for every page and mail: reading it never waits. Safe for many threads.

    `compose` puts the settings on top of a storefront. When Odoo's words differ from those before, an entry
    goes to the change log, so that no page made before is served any more.
    """

    def __init__(
        self,
        odoo: OdooClient,
        cache: StaleWhileRevalidateCache,
        compose: Callable[[Storefront], Business],
        changes: ChangeLog,
    ) -> None:
        self._odoo = odoo
        self._cache = cache
        self._compose = compose
        self._changes = changes
        self.known = compose(Storefront())
        """The business as pages show it."""
        self._query = CacheQuery(KEY, MAX_AGE, self._load, persist=CODEC, on_refresh=self._note)

    def read(self) -> None:
        """Read what Odoo says, if that is not fresh; at start, what it said before that. Raises OdooError."""
        self._note(self._cache.get(self._query))

    def reload(self) -> None:
        """Read it again in the background, because Odoo says that it has changed."""
        self._cache.invalidate("storefront:")
        background.run("read the storefront", self.read)

    def _load(self) -> Storefront:
        """Odoo's words about the business. They are empty in version 1, which has no such call."""
        try:
            return self._odoo.storefront()
        except CallUnknown:
            return Storefront()

    def _note(self, cached: CachedValue[Storefront]) -> None:
        before, self.known = self.known, self._compose(cached.value)
        if self.known != before:
            log.info("the storefront has changed")
            self._changes.append(STOREFRONT, EventType.STOREFRONT_CHANGED)


def _dumps(storefront: Storefront) -> Mapping[str, Any]:
    logo = storefront.logo
    return {**storefront._asdict(), "logo": logo and [logo.url, logo.caption, logo.sized, logo.version]}


def _loads(written: Mapping[str, Any]) -> Storefront:
    known = {name: written[name] for name in Storefront._fields if name in written}
    return Storefront(**{**known, "logo": Picture(*written["logo"]) if written.get("logo") else None})


CODEC = Codec(_dumps, _loads)
