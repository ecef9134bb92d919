"""Pictures of Odoo's, kept by the site: they load over the page's own connection, and stay when Odoo is away."""

import re
from datetime import timedelta

from lco.caching.swr import CacheQuery, StaleWhileRevalidateCache
from lco.errors import NotFound
from lco.odoo.client import OdooClient
from lco.odoo.errors import VehicleUnknown
from lco.odoo.transport import Response

MAX_AGE = timedelta(hours=1)
SIZES = {"240x180", "480x360", "960x720"}
KINDS = {"image/svg+xml", "image/png", "image/jpeg", "image/webp", "image/avif", "image/gif"}
# Only pictures of vehicles, so that the site is no way into other files of Odoo's.
PATH = re.compile(r"fleet\.vehicle(\.[a-z_.]{1,40})?/[0-9]{1,12}/[a-z0-9_]{1,40}")


class Pictures:
    """The pictures of vehicles, by their path under Odoo's /web/image/."""

    def __init__(self, odoo: OdooClient, cache: StaleWhileRevalidateCache) -> None:
        self._odoo = odoo
        self._cache = cache

    def read(self, path: str, size: str) -> Response:
        """The picture, scaled by Odoo to fit `size` (width x height in pixels). Raises NotFound, OdooError."""
        if size not in SIZES or not PATH.fullmatch(path):
            raise NotFound
        query = CacheQuery(f"picture:{path}/{size}", MAX_AGE, lambda: self._fetch(f"{path}/{size}"), persist=True)
        picture = self._cache.get(query).value
        if picture is None:
            raise NotFound
        return picture

    def _fetch(self, path: str) -> Response | None:
        try:
            reply = self._odoo.image(path)
        except VehicleUnknown:
            return None
        return reply if reply.content_type.partition(";")[0] in KINDS else None
