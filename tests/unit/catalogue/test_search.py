from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lco.catalogue.search import FACETS, PAGE_SIZE, SORTS, Facet, Query, categories, label, search
from lco.catalogue.search_text import normalize
from lco.catalogue.snapshot import Snapshot
from lco.domain.money import Money
from lco.domain.vehicle import Rates, Status, Vehicle


def machine(number: int, name: str = "", daily: int | None = None, **more) -> Vehicle:
    rates = Rates(daily=None if daily is None else Money(Decimal(daily), "USD"))
    return Vehicle(number, name or f"Machine {number}", "", Status.AVAILABLE, rates, **more)


SHOP = (
    machine(1, "Professional Chainsaw", 90, category="Power Tools", brand="Stihl", fuel_type="gasoline"),
    machine(2, "Électro-scie", 80, category="Power Tools", brand="Husqvarna", fuel_type="electric"),
    machine(3, "Mini Excavator", 500, category="Heavy", brand="Bobcat", fuel_type="diesel", featured=True),
    machine(4, "Leaf Blower", None, category="Lawn", brand="Stihl", fuel_type="gasoline", model="BR 800 X"),
    machine(5, "Old Blower", 40, category="Lawn", brand="Stihl", summary="Blows LEAVES far"),
)

words = st.sampled_from(["saw", "blower", "mini", "Électro"])
vehicles = st.builds(
    lambda id_, name, daily, facets, status, featured: replace(
        machine(id_, name, daily), **facets, status=status, featured=featured
    ),
    st.integers(1, 10**6),
    words,
    st.none() | st.integers(1, 6).map(lambda n: n * 50),
    st.fixed_dictionaries({name: st.none() | st.sampled_from(["A", "B", "Ä_c"]) for name in FACETS}),
    st.sampled_from(Status),
    st.booleans(),
)
shops = st.lists(vehicles, max_size=60, unique_by=lambda v: v.id).map(tuple)
queries = st.builds(
    Query,
    q=st.just("") | words,
    category=st.sampled_from(["", "A", "B"]),
    brand=st.sampled_from(["", "A", "Ä_c"]),
    fuel_type=st.sampled_from(["", "", "B"]),
    min_price=st.none() | st.sampled_from([Decimal(0), Decimal(100)]),
    max_price=st.none() | st.sampled_from([Decimal(0), Decimal(200)]),
    sort=st.sampled_from(list(SORTS)),
)


def rank(vehicle: Vehicle, sort: str) -> tuple:
    """What decides where `vehicle` stands, before the order in which Odoo has it."""
    price = vehicle.rates.daily.amount if vehicle.rates.daily else Decimal(0)
    first = {
        "featured": (vehicle.status is Status.SOLD, not vehicle.featured),
        "price": (vehicle.rates.daily is None, price),
        "-price": (vehicle.rates.daily is None, -price),
        "name": (),
    }
    return (*first[sort], normalize(vehicle.name))


def found(free=None, **query) -> list[int]:
    return [vehicle.id for vehicle in search(Snapshot(SHOP), Query(sort="name", **query), free).vehicles]


@pytest.mark.parametrize(
    ("q", "ids"),
    [
        ("", [2, 4, 3, 5, 1]),
        ("chainsaw", [1]),
        ("CHAIN", [1]),
        ("electro", [2]),
        ("ÉLECTRO", [2]),
        ("stihl blower", [4, 5]),
        ("blower  br 800", [4]),
        ("leaves", [4, 5]),
        ("power", [2, 1]),
        ("tractor", []),
        ("stihl tractor", []),
        ("%", []),
        (".*", []),
    ],
)
def test_words_are_found_without_accents_and_capitals(q, ids):
    assert found(q=q) == ids


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"category": "Lawn"}, [4, 5]),
        ({"brand": "Stihl", "category": "Power Tools"}, [1]),
        ({"fuel_type": "diesel"}, [3]),
        ({"category": "lawn"}, []),
        ({"min_price": Decimal(80)}, [2, 3, 1]),
        ({"max_price": Decimal(80)}, [2, 5]),
        ({"min_price": Decimal(80), "max_price": Decimal(90)}, [2, 1]),
        ({"min_price": Decimal(100), "max_price": Decimal(50)}, []),
        ({"max_price": Decimal(0)}, []),
        ({"min_price": Decimal(0)}, [2, 3, 5, 1]),
    ],
)
def test_filters_narrow_down_with_both_prices_included(query, ids):
    assert found(**query) == ids


def test_taken_machines_come_after_free_ones():
    assert found(free={1, 3, 99}) == [3, 1, 2, 4, 5]
    assert found(free=()) == found()


def test_only_machines_that_can_be_had_are_counted():
    results = search(Snapshot(SHOP), Query(), {1, 3, 99})
    assert (results.total, results.available) == (5, 2)
    assert results.facets["brand"] == (Facet("Bobcat", "Bobcat", 1), Facet("Stihl", "Stihl", 1))
    assert search(Snapshot(SHOP), Query()).available == 5


def test_a_sold_machine_is_not_shown_for_any_days():
    sold = replace(SHOP[0], status=Status.SOLD)
    assert search(Snapshot((sold, *SHOP[1:])), Query(), {3}).total == 4


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ("featured", [3, 2, 4, 5, 1]),
        ("price", [5, 2, 1, 3, 4]),
        ("-price", [3, 1, 2, 5, 4]),
        ("name", [2, 4, 3, 5, 1]),
    ],
)
def test_there_are_four_orders_and_machines_without_price_come_last(sort, ids):
    assert [vehicle.id for vehicle in search(Snapshot(SHOP), Query(sort=sort)).vehicles] == ids


@pytest.mark.parametrize(("sort", "ids"), [("price", [3, 1, 2]), ("-price", [2, 3, 1])])
def test_among_equal_prices_names_decide_either_way(sort, ids):
    services = (machine(1, "beta", 50), machine(2, "Gamma", 60), machine(3, "Álpha", 50))
    assert [vehicle.id for vehicle in search(Snapshot(services), Query(sort=sort)).vehicles] == ids


def test_sold_machines_come_last_without_an_order():
    sold = replace(SHOP[2], status=Status.SOLD)
    assert search(Snapshot((sold, *SHOP[:2])), Query()).vehicles[-1] is sold


def test_a_facet_counts_its_matches_under_the_other_filters():
    results = search(Snapshot(SHOP), Query(category="Power Tools", brand="Stihl"))
    assert results.facets["category"] == (Facet("Lawn", "Lawn", 2), Facet("Power Tools", "Power Tools", 1))
    assert results.facets["brand"] == (Facet("Husqvarna", "Husqvarna", 1), Facet("Stihl", "Stihl", 1))
    assert results.facets["fuel_type"] == (Facet("gasoline", "Gasoline", 1),)


def test_the_price_range_is_that_of_the_whole_catalogue():
    assert search(Snapshot(SHOP), Query(category="Lawn")).price_range == (Decimal(40), Decimal(500))
    assert search(Snapshot(SHOP[3:4]), Query()).price_range is None


def test_all_categories_are_counted():
    assert [(facet.value, facet.count) for facet in categories(SHOP)] == [
        ("Heavy", 1),
        ("Lawn", 2),
        ("Power Tools", 2),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [("gasoline", "Gasoline"), ("plug_in_hybrid", "Plug in hybrid"), ("LPG", "LPG"), ("", "")],
)
def test_values_are_labelled_as_people_read_them(value, text):
    assert label(value) == text


def test_folding_leaves_letters_that_have_no_plain_form():
    assert normalize("Größe ÅÉ 除雪機") == "grosse ae 除雪機"


def test_a_page_beyond_the_last_is_the_last():
    services = Snapshot(tuple(machine(n) for n in range(1, PAGE_SIZE + 3)))
    results = search(services, Query(page=99))
    assert (results.page, results.pages, len(results.vehicles)) == (2, 2, 2)


def test_nothing_found_is_one_empty_page():
    results = search(Snapshot(), Query())
    assert (results.page, results.pages, results.total, results.vehicles) == (1, 1, 0, ())


@settings(max_examples=40, deadline=None)
@given(services=shops, query=queries)
def test_every_vehicle_found_stands_on_exactly_one_page(services, query):
    first = search(Snapshot(services), query)
    pages = [search(Snapshot(services), replace(query, page=n)).vehicles for n in range(1, first.pages + 1)]
    shown = [vehicle for page in pages for vehicle in page]
    assert len(shown) == len(set(shown)) == first.total
    assert all(len(page) == PAGE_SIZE for page in pages[:-1])
    ranks = [rank(vehicle, query.sort) for vehicle in shown]
    assert ranks == sorted(ranks)
    assert set(shown) <= set(services)


@settings(max_examples=40, deadline=None)
@given(services=shops, query=queries, name=st.sampled_from(FACETS))
def test_a_facets_count_equals_the_result_of_choosing_it(services, query, name):
    for facet in search(Snapshot(services), query).facets[name]:
        chosen = search(Snapshot(services), replace(query, **{name: facet.value}))
        assert chosen.total == facet.count > 0


@settings(max_examples=20, deadline=None)
@given(services=shops, query=queries)
def test_a_shop_of_any_order_gives_the_same_answer_up_to_equal_ranks(services, query):
    one, other = search(Snapshot(services), query), search(Snapshot(services[::-1]), query)
    assert (one.total, one.pages, one.facets, one.price_range) == (
        other.total,
        other.pages,
        other.facets,
        other.price_range,
    )


def test_5000_vehicles_are_searched_as_exactly_as_a_few():
    dice = Random(7)
    services = tuple(
        machine(
            n,
            dice.choice(["Chainsaw", "Excavator", "Mower"]),
            dice.randrange(50, 500),
            category=dice.choice(["A", "B", "C"]),
            brand=dice.choice(["X", "Y"]),
        )
        for n in range(1, 5001)
    )
    expected = [
        v
        for v in services
        if v.category == "A" and v.brand == "X" and v.name == "Mower" and 100 <= v.rates.daily.amount <= 300
    ]
    query = Query(q="mow", category="A", brand="X", min_price=Decimal(100), max_price=Decimal(300), sort="price")
    results = search(Snapshot(services), query)
    assert results.total == len(expected) > PAGE_SIZE
    assert list(results.vehicles) == sorted(expected, key=lambda v: (v.rates.daily.amount, v.id))[:PAGE_SIZE]
