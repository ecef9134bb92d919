"""Search, filters, facets, order and pages of the catalogue: pure functions over one snapshot."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from operator import attrgetter
from typing import Any

from lco.catalogue.search_text import normalize
from lco.catalogue.snapshot import Snapshot
from lco.domain.date_range import DateRange
from lco.domain.vehicle import Vehicle

PAGE_SIZE = 24
FACETS = ("category", "brand", "fuel_type")
SORTS = {
    "featured": "Featured first",
    "price": "Price, low to high",
    "-price": "Price, high to low",
    "name": "Name",
}
ORDERS: Mapping[str, Callable[[Snapshot], tuple[Vehicle, ...]]] = {
    "featured": lambda snapshot: snapshot.featured_first,
    "price": lambda snapshot: snapshot.cheapest_first,
    "-price": lambda snapshot: snapshot.dearest_first,
    "name": lambda snapshot: snapshot.by_name,
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
    days: DateRange | None = None
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


def search(snapshot: Snapshot, query: Query, free: Collection[int] | None = None) -> Results:
    """The page of vehicles that `query` asks for. `free`: the ids free for its days, None when not asked."""
    offered = _offered(snapshot, query, free)
    chosen = {name: wanted for name in FACETS if (wanted := getattr(query, name))}
    found = _having(offered, chosen)
    pages = max(1, -(-len(found) // PAGE_SIZE))
    page = min(query.page, pages)
    first = (page - 1) * PAGE_SIZE
    return Results(
        vehicles=tuple(found[first : first + PAGE_SIZE]),
        total=len(found),
        page=page,
        pages=pages,
        facets={name: _facet(offered, name, chosen) for name in FACETS},
        price_range=snapshot.price_range,
    )


def categories(vehicles: Sequence[Vehicle]) -> tuple[Facet, ...]:
    """All categories with how many vehicles each has."""
    return _facet(vehicles, "category", {})


def _offered(snapshot: Snapshot, query: Query, free: Collection[int] | None) -> Sequence[Vehicle]:
    """The vehicles that facets count, in the order asked for: those that meet every filter but the facets."""
    offered: Sequence[Vehicle] = ORDERS[query.sort](snapshot)
    if free is not None:
        offered = [v for v in offered if v.id in free]
    if query.min_price is not None or query.max_price is not None:
        priced = snapshot.priced(query.min_price, query.max_price)
        offered = [v for v in offered if v.id in priced]
    for word in normalize(query.q).split():
        offered = [v for v in offered if word in snapshot.texts[v.id]]
    return offered


def _having(vehicles: Sequence[Vehicle], chosen: Mapping[str, str]) -> Sequence[Vehicle]:
    for name, wanted in chosen.items():
        of = attrgetter(name)
        vehicles = [v for v in vehicles if of(v) == wanted]
    return vehicles


def _facet(vehicles: Sequence[Vehicle], name: str, chosen: Mapping[str, str]) -> tuple[Facet, ...]:
    """The values of one facet, counted with every other one applied but not this one."""
    others = {other: wanted for other, wanted in chosen.items() if other != name}
    counts: Counter[Any] = Counter(map(attrgetter(name), _having(vehicles, others)))
    values = sorted((value for value in counts if value), key=normalize)
    return tuple(Facet(value, label(value), counts[value]) for value in values)


def label(value: str) -> str:
    """A value of Odoo's as people read it: `gasoline` becomes `Gasoline`, `plug_in_hybrid` `Plug in hybrid`."""
    text = value.replace("_", " ")
    return text[:1].upper() + text[1:]
