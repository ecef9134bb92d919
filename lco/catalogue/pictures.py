"""The pictures of vehicles, served by the site: over the page's own connection, and also while Odoo is away.

Only pictures that the shop shows are fetched, each in a few sizes, so a client can cause no work with made-up
addresses.
"""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Protocol

from lco import clock
from lco.catalogue.picture_store import PictureStore, StoredPicture
from lco.catalogue.snapshot import Snapshot
from lco.domain.vehicle import Details, Picture
from lco.errors import NotFound, OdooError
from lco.locks import KeyedLock
from lco.odoo.client import OdooClient
from lco.odoo.errors import VehicleUnknown

MAX_AGE = timedelta(hours=1)
"""The time for which a picture is fresh that Odoo names without a version. One with a version never changes."""
SIZES = {"240x180", "480x360", "960x720"}
CONTENT_TYPES = {"image/svg+xml", "image/png", "image/jpeg", "image/webp", "image/avif", "image/gif"}
PATH = re.compile(r"fleet\.(vehicle|rental)(\.[a-z_.]{1,40})?/[1-9][0-9]{0,9}/[a-z0-9_]{1,40}", re.ASCII)
"""Only pictures of vehicles and of the storefront, so that the site gives no access to other files of Odoo."""


class Catalogue(Protocol):
    """Names the pictures that the shop shows: see `lco.catalogue.service.Catalogue`."""

    def vehicles(self) -> Snapshot:
        """Return what is for rent."""

    def details(self, vehicle_id: int) -> Details:
        """Return everything about one vehicle. Raises Gone, NotFound."""


class Pictures:
    """The pictures that `catalogue` names, fetched from Odoo once and kept in `store`."""

    def __init__(
        self,
        odoo: OdooClient,
        catalogue: Catalogue,
        store: PictureStore,
        logo: Callable[[], Picture | None] = lambda: None,
    ) -> None:
        self._odoo = odoo
        self._catalogue = catalogue
        self._store = store
        self._logo = logo
        self._fetching = KeyedLock()

    def find(self, path: str, size: str, vehicle_id: int | None = None) -> Picture:
        """Return the picture at `path` under Odoo's /web/image/, if the shop shows it in this size now.

        The main pictures of all vehicles are found without `vehicle_id`, those of a gallery only with it. Raises
        NotFound, OdooError.
        """
        if size not in SIZES or not PATH.fullmatch(path):
            raise NotFound
        picture = self._shown(vehicle_id).get(path)
        if picture is None:
            raise NotFound
        return picture

    def read(self, picture: Picture, size: str) -> StoredPicture:
        """Return the picture, scaled by Odoo to fit `size` (width x height in pixels). Raises NotFound, OdooError.

        While Odoo is away, the newest one there is.
        """
        key = f"{size}/{picture.path}?{picture.version}"
        stored = self._store.get(key)
        if stored and _is_fresh(picture, stored):
            return stored
        with self._fetching.hold(key):
            stored = self._store.get(key)
            if stored and _is_fresh(picture, stored):
                return stored
            try:
                return self._fetch(key, f"{picture.path}/{size}")
            except OdooError:
                if stored is None:
                    raise
                return stored

    def _shown(self, vehicle_id: int | None) -> Mapping[str, Picture]:
        if vehicle_id is None:
            logo = self._logo()
            return {**({logo.path: logo} if logo else {}), **self._catalogue.vehicles().pictures}
        return {picture.path: picture for picture in self._catalogue.details(vehicle_id).pictures if picture.sized}

    def _fetch(self, key: str, path: str) -> StoredPicture:
        began = clock.now()
        try:
            response = self._odoo.image(path)
        except VehicleUnknown as error:
            raise NotFound from error
        if response.content_type.partition(";")[0] not in CONTENT_TYPES:
            raise NotFound
        picture = StoredPicture(response.content, response.content_type, began)
        self._store.put(key, picture)
        return picture


def _is_fresh(picture: Picture, stored: StoredPicture) -> bool:
    return bool(picture.version) or timedelta() <= clock.now() - stored.fetched_at <= MAX_AGE
