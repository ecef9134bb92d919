"""A vehicle for rent, as the rest of the site sees it: no field of Odoo's, no HTTP."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from lco.domain.money import DEFAULT_CURRENCY, Money


class Status(StrEnum):
    """The status of a vehicle now (docs/odoo-contract.md, section 1, `availability_status`)."""

    AVAILABLE = "available"
    RESERVED = "reserved"
    RENTED = "rented"
    MAINTENANCE = "maintenance"
    SOLD = "sold"
    UNKNOWN = "unknown"
    """Odoo names a status that this version of the site does not know."""


@dataclass(frozen=True, slots=True)
class Rates:
    """The price of a day, a week and a month. None where the business has no such rate."""

    daily: Money | None = None
    weekly: Money | None = None
    monthly: Money | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture at Odoo: `url` is absolute; `sized` says whether Odoo scales it when a size is appended.

    `version` differs once the picture was replaced; it is empty where Odoo names none.
    """

    url: str
    caption: str
    sized: bool
    version: str = ""

    @property
    def path(self) -> str:
        """The path of a sized picture at Odoo, under its /web/image/: `fleet.vehicle/7/image_1920`."""
        return self.url.partition("/web/image/")[2]


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One machine for rent, as lists show it."""

    id: int
    name: str
    slug: str
    status: Status
    rates: Rates
    brand: str | None = None
    model: str | None = None
    year: int | None = None
    category: str | None = None
    fuel_type: str | None = None
    seats: int | None = None
    doors: int | None = None
    sale_price: Money | None = None
    """Set when it may be bought as well as rented."""
    featured: bool = False
    summary: str | None = None
    picture: Picture | None = None
    back_on: date | None = None
    """The day it is expected to be rentable again, when Odoo has said so."""
    minimum_days: int | None = None
    """The shortest rental in days. None while the limits are not known."""
    maximum_days: int | None = None
    """The longest rental in days. None when there is no limit, and while the limits are not known."""
    currency: str = DEFAULT_CURRENCY
    """The currency of its record, also where it has no rate."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing that a machine has, with the group that it belongs to."""

    name: str
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """The parts that only a vehicle's own page shows. The HTML is already cleaned and safe to print as it is."""

    vehicle: Vehicle
    description_html: str = ""
    terms_html: str = ""
    specifications: tuple[tuple[str, str], ...] = ()
    features: tuple[Feature, ...] = ()
    pictures: tuple[Picture, ...] = ()
    video_url: str | None = None
    tour_url: str | None = None
