"""Search, filters, facets, order and pages of the catalogue: pure functions over one snapshot."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lco.availability.days import Days
from lco.catalogue.snapshot import Snapshot
from lco.catalogue.vehicle import Status, Vehicle

PAGE_SIZE = 24
FACETS = ("category", "brand", "fuel_type")
SORTS = {
    "featured": "Featured first",
    "price": "Price, low to high",
    "-price": "Price, high to low",
    "name": "Name",
}


@dataclass(frozen=True, slots=True)
class Query:
    """What a visitor asks the list for. Prices are daily rates, both ends included."""

    q: str = ""
    category: str = ""
    brand: str = ""
    fuel_type: str = ""
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    days: Days | None = None
    sort: str = "featured"
    page: int = 1


@dataclass(frozen=True, slots=True)
class Facet:
    """One value that a filter can take, with how many vehicles it would leave."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Results:
    """One page of what was found; `facets` by filter name, `price_range` over the whole catalogue."""

    vehicles: tuple[Vehicle, ...]
    total: int
    page: int
    pages: int
    facets: Mapping[str, tuple[Facet, ...]] = field(default_factory=dict)
    price_range: tuple[Decimal, Decimal] | None = None


Test = Callable[[Vehicle], bool]


def search(snapshot: Snapshot, query: Query, free: Collection[int] | None = None) -> Results:
    """The page of vehicles that `query` asks for. `free`: the ids free for its days, None when not asked."""
    tests = _tests(query, free)
    found = [v for v in snapshot.vehicles if all(test(v) for test in tests.values())]
    pages = max(1, -(-len(found) // PAGE_SIZE))
    page = min(query.page, pages)
    first = (page - 1) * PAGE_SIZE
    return Results(
        vehicles=tuple(ordered(found, query.sort)[first : first + PAGE_SIZE]),
        total=len(found),
        page=page,
        pages=pages,
        facets={name: _facet(snapshot.vehicles, name, tests) for name in FACETS},
        price_range=price_range(snapshot.vehicles),
    )


def categories(vehicles: Iterable[Vehicle]) -> tuple[Facet, ...]:
    """All categories with how many vehicles each has."""
    return _facet(vehicles, "category", {})


def ordered(vehicles: Iterable[Vehicle], sort: str) -> list[Vehicle]:
    """`vehicles` in one of the SORTS; whatever has no price comes last either way."""
    if sort in {"price", "-price"}:
        sign = -1 if sort.startswith("-") else 1
        return sorted(vehicles, key=lambda v: (v.rates.daily is None, sign * _price(v), folded(v.name)))
    by_name = sorted(vehicles, key=lambda v: folded(v.name))
    return by_name if sort == "name" else sorted(by_name, key=lambda v: (v.status is Status.SOLD, not v.featured))


def price_range(vehicles: Iterable[Vehicle]) -> tuple[Decimal, Decimal] | None:
    prices = [v.rates.daily.amount for v in vehicles if v.rates.daily]
    return (min(prices), max(prices)) if prices else None


@lru_cache(maxsize=50_000)
def folded(text: str) -> str:
    """`text` without accents and capitals, for comparing what people type."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def _tests(query: Query, free: Collection[int] | None) -> dict[str, Test]:
    """One test for each filter in use, by the filter's name, the cheapest first."""
    tests: dict[str, Test] = {}
    if free is not None:
        tests["days"] = lambda v: v.id in free
    for name in FACETS:
        if wanted := getattr(query, name):
            tests[name] = _equals(name, wanted)
    if query.min_price is not None or query.max_price is not None:
        low = query.min_price or Decimal(0)
        high = Decimal("Infinity") if query.max_price is None else query.max_price
        tests["price"] = lambda v: v.rates.daily is not None and low <= v.rates.daily.amount <= high
    if words := folded(query.q).split():
        tests["q"] = lambda v: _mentions(v, words)
    return tests


def _equals(name: str, wanted: str) -> Test:
    return lambda v: bool(getattr(v, name) == wanted)


def _mentions(vehicle: Vehicle, words: Sequence[str]) -> bool:
    haystack = _haystack(vehicle.name, vehicle.brand, vehicle.model, vehicle.category, vehicle.summary)
    return all(word in haystack for word in words)


@lru_cache(maxsize=50_000)
def _haystack(*texts: str | None) -> str:
    """All that a search looks through. By texts, not by vehicle: they keep their hash, so the cache is quick."""
    return folded(" ".join(text for text in texts if text))


def _facet(vehicles: Iterable[Vehicle], name: str, tests: Mapping[str, Test]) -> tuple[Facet, ...]:
    """The values of one filter, counted with every other filter applied but not this one."""
    others = [test for key, test in tests.items() if key != name]
    counts: Counter[Any] = Counter(getattr(v, name) for v in vehicles if all(test(v) for test in others))
    values = sorted((value for value in counts if value), key=folded)
    return tuple(Facet(value, label(value), counts[value]) for value in values)


def label(value: str) -> str:
    """A value of Odoo's as people read it: `gasoline` becomes `Gasoline`, `plug_in_hybrid` `Plug in hybrid`."""
    text = value.replace("_", " ")
    return text[:1].upper() + text[1:]


def _price(vehicle: Vehicle) -> Decimal:
    return vehicle.rates.daily.amount if vehicle.rates.daily else Decimal(0)
