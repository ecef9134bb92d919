"""Search, filters, facets, order and pages of the catalogue: pure functions over one snapshot."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from operator import attrgetter
from typing import Any

from lco.catalogue.search_terms import Synonyms, answers, corrected, parse_terms, synonyms
from lco.catalogue.search_text import normalize
from lco.catalogue.snapshot import Snapshot
from lco.domain.date_range import DateRange
from lco.domain.vehicle import Status, Vehicle

PAGE_SIZE = 24
DEFAULT_SORT = "featured"
FACETS = ("category", "brand", "fuel_type")
SORTS = {
    "featured": "Best match",
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
    """A visitor's query to the list. Prices are daily rates, both ends included."""

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
    """One page of what was found; `facets` by filter name, `price_range` over the whole catalogue.

    `available`: how many of `total` can be had on the days asked for; all of them when no days are asked for.
    `corrected`: the words that were looked for instead of what was typed, empty when they are the same.
    """

    vehicles: tuple[Vehicle, ...]
    total: int
    page: int
    pages: int
    facets: Mapping[str, tuple[Facet, ...]] = field(default_factory=dict)
    price_range: tuple[Decimal, Decimal] | None = None
    available: int = 0
    corrected: str = ""


def search(
    snapshot: Snapshot, query: Query, free: Collection[int] | None = None, known: Synonyms | None = None
) -> Results:
    """Return the page of vehicles that `query` asks for.

    `free`: the ids that can be had on its days, None when not asked for; what cannot be had comes after them.
    `known`: the synonyms, by default those that are shipped.
    """
    points, typed = _points(snapshot, query.q, synonyms() if known is None else known)
    matching = _matching(snapshot, query, points)
    offered = matching if free is None else [v for v in matching if v.id in free]
    chosen = {name: wanted for name in FACETS if (wanted := getattr(query, name))}
    available = _having(offered, chosen)
    found = available if free is None else [*available, *_taken(_having(matching, chosen), free)]
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
        available=len(available),
        corrected=typed,
    )


def categories(vehicles: Sequence[Vehicle]) -> tuple[Facet, ...]:
    """All categories with how many vehicles each has."""
    return _facet(vehicles, "category", {})


def _points(snapshot: Snapshot, text: str, known: Synonyms) -> tuple[Mapping[int, int] | None, str]:
    """The points of each vehicle for `text`, by id, and `text` with its mistakes corrected.

    The points are None when `text` has no words.
    """
    terms = list(parse_terms(text, known, snapshot.vocabulary)) if text else []
    points: dict[int, int] | None = {} if text and not terms else None
    is_corrected = False
    for number, term in enumerate(terms):
        found = answers(snapshot.documents, term)
        if not found and (other := corrected(term, known, snapshot.vocabulary)):
            terms[number], is_corrected = other, True
            found = answers(snapshot.documents, other)
        points = found if points is None else {n: p + found[n] for n, p in points.items() if n in found}
    return points, " ".join(term.typed for term in terms) if is_corrected else ""


def _matching(snapshot: Snapshot, query: Query, points: Mapping[int, int] | None) -> Sequence[Vehicle]:
    """The vehicles that meet every filter but the facets; the best answers first, unless ordered otherwise."""
    matching: Sequence[Vehicle] = ORDERS[query.sort](snapshot)
    if query.min_price is not None or query.max_price is not None:
        priced = snapshot.priced(query.min_price, query.max_price)
        matching = [v for v in matching if v.id in priced]
    if points is None:
        return matching
    matching = [v for v in matching if v.id in points]
    return sorted(matching, key=lambda v: -points[v.id]) if query.sort == DEFAULT_SORT else matching


def _taken(vehicles: Sequence[Vehicle], free: Collection[int]) -> list[Vehicle]:
    """Those that can be had on other days only. What is sold can be had on none."""
    return [v for v in vehicles if v.id not in free and v.status is not Status.SOLD]


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
