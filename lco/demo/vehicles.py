"""One piece of rental equipment as Odoo keeps it (fleet.vehicle), and the fleet a demo starts with."""

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from lco.demo.pricing import Rates

CATALOGUE = Path(__file__).with_name("catalogue.json")
STATUSES = ("available", "reserved", "rented", "maintenance", "sold")
LISTING_TYPES = ("rental", "sale", "both")
STARTS_IN_MAINTENANCE = 11
MAINTENANCE_DAYS = 6
PICTURES = tuple(sorted(path.stem for path in Path(__file__).with_name("pictures").glob("*.svg")))
VIEWS = ("whole", "close", "work")
CATALOGUE_ONLY = ("daily", "weekly", "monthly", "features", "terms")


@dataclass(frozen=True)
class Feature:
    """One line of the feature list, with the icon Odoo names for it."""

    id: int
    name: str
    category: str
    icon: str


@dataclass
class Vehicle:
    """The stored record; `availability_status` is the one set by staff, without the bookings."""

    id: int
    name: str
    rental_price_daily: Decimal
    rental_price_weekly: Decimal | None = None
    rental_price_monthly: Decimal | None = None
    sale_price: Decimal = Decimal(0)
    currency: str = "USD"
    brand: str = ""
    model: str = ""
    year: str = ""
    category: str = ""
    fuel_type: str = "gasoline"
    listing_type: str = "rental"
    seats: int = 0
    doors: int = 0
    featured: bool = False
    picture: str = "new-arrival"
    picture_version: int = 0
    short_description: str = ""
    full_description: str = ""
    rental_terms: str = ""
    specifications: dict[str, str] = field(default_factory=dict)
    features: tuple[Feature, ...] = ()
    minimum_rental_days: int = 1
    maximum_rental_days: int = 90
    buffer_days: int = 0
    availability_status: str = "available"
    maintenance_until: date | None = None
    published: bool = True
    version: int = 1
    view_count: int = 0
    inquiry_count: int = 0
    booking_count: int = 0

    @property
    def slug(self) -> str:
        """The name as an address writes it."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")

    @property
    def rates(self) -> Rates:
        """The prices of a day, a week and a month."""
        return Rates(self.rental_price_daily, self.rental_price_weekly, self.rental_price_monthly)

    @property
    def in_maintenance(self) -> bool:
        """Whether the machine is in maintenance now."""
        return self.availability_status == "maintenance"

    def out_of_service(self, day: date) -> bool:
        """True when it is sold, or still in maintenance on that day (a maintenance without an end never ends)."""
        if self.in_maintenance:
            return self.maintenance_until is None or day < self.maintenance_until
        return self.availability_status == "sold"

    def changed(self, *, in_maintenance: bool | None = None, **fields: Any) -> "Vehicle":
        """A copy with these fields set; `in_maintenance` is the short way to say it in terms of the status."""
        if in_maintenance:
            fields["availability_status"] = "maintenance"
        elif in_maintenance is False and self.in_maintenance:
            fields.setdefault("availability_status", "available")
        if fields.get("picture", self.picture) != self.picture:
            fields["picture_version"] = self.picture_version + 1
        copy = replace(self, **fields)
        if not copy.in_maintenance:
            copy.maintenance_until = None
        return copy


def starting_fleet(today: date, extra: int = 0) -> list[Vehicle]:
    """The catalogue with ids from 1, then `extra` generated vehicles; one starts in maintenance."""
    fleet = list(_catalogue())
    workshop = fleet[STARTS_IN_MAINTENANCE - 1]
    workshop.availability_status = "maintenance"
    workshop.maintenance_until = today + timedelta(days=MAINTENANCE_DAYS)
    return fleet + list(itertools.islice(_generated(list(_catalogue())), extra))


def _catalogue() -> Iterator[Vehicle]:
    catalogue = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    feature_ids: dict[str, int] = {}
    for number, facts in enumerate(catalogue["vehicles"], start=1):
        yield _from_catalogue(number, facts, catalogue["shared_terms"], feature_ids)


def _from_catalogue(
    number: int, facts: dict[str, Any], shared_terms: list[str], feature_ids: dict[str, int]
) -> Vehicle:
    stored = {name: value for name, value in facts.items() if name not in CATALOGUE_ONLY}
    return Vehicle(
        id=number,
        rental_price_daily=Decimal(facts["daily"]),
        rental_price_weekly=Decimal(facts["weekly"]),
        rental_price_monthly=Decimal(facts["monthly"]),
        features=tuple(
            Feature(id=feature_ids.setdefault(feature["name"], len(feature_ids) + 1), **feature)
            for feature in facts["features"]
        ),
        rental_terms=_terms(facts["terms"] + shared_terms),
        **stored,
    )


def _terms(sentences: list[str]) -> str:
    items = "".join(f"<li>{sentence}</li>" for sentence in sentences)
    return f"<p>What we agree on when you rent this machine:</p><ul>{items}</ul>"


def _generated(models: list[Vehicle]) -> Iterator[Vehicle]:
    """Endless variations of the catalogue, the same ones at every start; every fifth has a daily rate only."""
    dice = Random(7)
    for number in itertools.count(len(models) + 1):
        model = models[number % len(models)]
        daily = Decimal(dice.randrange(35, 600, 5))
        only_daily = number % 5 == 0
        yield replace(
            model,
            id=number,
            name=f"{model.name} No. {number}",
            year=str(dice.randrange(2017, 2026)),
            rental_price_daily=daily,
            rental_price_weekly=None if only_daily else daily * 4,
            rental_price_monthly=None if only_daily else daily * 12,
            featured=False,
        )
