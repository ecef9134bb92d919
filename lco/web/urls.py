"""The site's own addresses that need more than a route's name: short, readable and always the same."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from urllib.parse import urlencode

from lco.catalogue.search import Query
from lco.domain.date_range import DateRange
from lco.domain.vehicle import Picture, Vehicle

DEFAULTS = {"sort": "featured", "page": "1"}


def slugify(vehicle: Vehicle) -> str:
    """The readable part of a vehicle's address: Odoo's slug where it is one, else made from the name."""
    plain = unicodedata.normalize("NFKD", vehicle.slug or vehicle.name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-") or "equipment"


def vehicle_url(vehicle: Vehicle, days: DateRange | None = None, /, **more: str) -> str:
    """`/equipment/7-chainsaw`, with the chosen days (and `more`) as a query."""
    chosen = {"date_from": days.start.isoformat(), "date_to": days.end.isoformat()} if days else {}
    return with_query(f"/equipment/{vehicle.id}-{slugify(vehicle)}", {**chosen, **more})


def wish_url(vehicle: Vehicle, days: DateRange) -> str:
    """The address of the form for a mail when `vehicle` becomes free on `days`."""
    chosen = {"date_from": days.start.isoformat(), "date_to": days.end.isoformat()}
    return with_query("/wishes/new", {"vehicle_id": str(vehicle.id), **chosen})


def list_url(**filters: object) -> str:
    """`/equipment` with the filters that say something; what is empty or usual is left out."""
    texts = {name: _text(value) for name, value in filters.items()}
    return with_query("/equipment", {k: v for k, v in texts.items() if v and DEFAULTS.get(k) != v})


def plain_url(path: str, names: Iterable[str], arguments: Mapping[str, str]) -> str:
    """`path` with those `arguments` that are among `names` and say something, in the order of `names`."""
    texts = ((name, arguments.get(name)) for name in names)
    return with_query(path, {name: text for name, text in texts if text and DEFAULTS.get(name) != text})


def query_url(query: Query, **changes: object) -> str:
    """The list's address for `query` with some filters changed; any change but of the page starts at page 1."""
    days = query.days
    filters: dict[str, object] = {
        "q": query.q,
        "category": query.category,
        "brand": query.brand,
        "fuel_type": query.fuel_type,
        "min_price": query.min_price,
        "max_price": query.max_price,
        "date_from": days.start if days else None,
        "date_to": days.end if days else None,
        "sort": query.sort,
    }
    return list_url(**{**filters, **changes})


def picture_url(picture: Picture, size: str, vehicle: Vehicle | None = None) -> str:
    """Return where the site serves a picture of Odoo, scaled to fit `size`, like `480x360`.

    `vehicle` is needed for a picture of its gallery. The address contains the version of the picture, so what it
    leads to never changes.
    """
    if not picture.sized:
        return picture.url
    is_main = vehicle is None or (vehicle.picture and vehicle.picture.path == picture.path)
    parameters = {"vehicle": "" if vehicle is None or is_main else str(vehicle.id), "v": picture.version}
    return with_query(f"/pictures/{size}/{picture.path}", {k: v for k, v in parameters.items() if v})


def full_url(site_url: str, url: str) -> str:
    """`url` with the site's name in front, unless it names a site itself."""
    return site_url + url if url.startswith("/") else url


def with_query(path: str, parameters: Mapping[str, str]) -> str:
    """`path` with `parameters` as its query, without a question mark when there are none."""
    return f"{path}?{urlencode(parameters)}" if parameters else path


def _text(value: object) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)
