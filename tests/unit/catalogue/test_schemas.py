from datetime import date
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lco.catalogue.schemas import PARAMETERS, parse_query
from lco.catalogue.search import SORTS, Query
from lco.domain.date_range import DateRange
from lco.errors import InvalidInput
from lco.web.urls import plain_url


class Rules:
    """On days before 10 December 2026 nothing can be rented."""

    def require_days(self, days: DateRange) -> None:
        if days.start < date(2026, 12, 10):
            raise InvalidInput({"date_from": ["The rental cannot start before today."]})


RULES = Rules()
FIELDS = ("q", "category", "brand", "fuel_type", "min_price", "max_price", "sort", "page", "date_from", "date_to")


def read(**arguments: str) -> tuple[Query, dict[str, list[str]]]:
    return parse_query(arguments, RULES.require_days)


def test_an_empty_address_asks_for_everything():
    assert read() == (Query(), {})
    assert read(**dict.fromkeys(FIELDS, "  ")) == (Query(), {})


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*FIELDS, "utm_source"]), st.text(max_size=4)))
def test_a_plain_address_says_all_that_the_list_understands(arguments):
    plain = dict(parse_qsl(urlsplit(plain_url("/equipment", PARAMETERS, arguments)).query))
    assert parse_query(plain, RULES.require_days) == parse_query(arguments, RULES.require_days)


def test_every_filter_is_read():
    assert read(
        q=" saw ",
        category="Lawn Care",
        brand="Stihl",
        fuel_type="gasoline",
        min_price="10.50",
        max_price="200",
        sort="-price",
        page="3",
        date_from="2026-12-14",
        date_to="2026-12-18",
        unknown="x",
    ) == (
        Query(
            q="saw",
            category="Lawn Care",
            brand="Stihl",
            fuel_type="gasoline",
            min_price=Decimal("10.50"),
            max_price=Decimal(200),
            days=DateRange(date(2026, 12, 14), date(2026, 12, 18)),
            sort="-price",
            page=3,
        ),
        {},
    )


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("q", "x" * 101, "Use at most 100 characters."),
        ("min_price", "cheap", "Enter a number, like 150."),
        ("min_price", "-1", "Prices run from 0 to 10,000,000."),
        ("max_price", "99999999", "Prices run from 0 to 10,000,000."),
        ("sort", "random", "We cannot sort by that."),
        ("page", "0", "There is no such page."),
        ("page", "10001", "There is no such page."),
        ("date_from", "2026-12-01", "The rental cannot start before today."),
        ("date_to", "soon", "Enter a date like 2026-12-01."),
    ],
)
def test_an_unusable_filter_is_named_and_the_others_still_filter(name, text, sentence):
    days = {"date_from": "2026-12-14", "date_to": "2026-12-18"} if name.startswith("date") else {}
    found, errors = read(**{"brand": "Stihl", **days, name: text})
    assert errors == {name: [sentence]}
    assert found == Query(brand="Stihl")


@pytest.mark.parametrize("blank", ["\u200b", "\ufeff \u200e", "\u2800", "\u200d"])
@pytest.mark.parametrize("name", ["q", "category", "brand", "min_price"])
def test_characters_that_cannot_be_seen_ask_for_nothing(name, blank):
    assert read(**{name: blank}) == (Query(), {})


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-inf"])
def test_a_price_is_a_number_one_can_count_with(text):
    found, errors = read(max_price=text)
    assert found.max_price is None
    assert errors.keys() == {"max_price"}


def test_a_page_that_is_no_number_is_reported():
    found, errors = read(page="two")
    assert found.page == 1
    assert errors.keys() == {"page"}


def test_mistakes_in_filters_and_dates_are_reported_together():
    _, errors = read(min_price="x", date_from="2026-12-14")
    assert errors.keys() == {"min_price", "date_to"}


@settings(deadline=None)
@given(arguments=st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=12)))
def test_every_address_gives_a_query(arguments):
    found, errors = read(**arguments)
    assert found.page >= 1
    assert found.sort in SORTS
    assert errors.keys() <= set(FIELDS)
    assert all(errors.values())


@pytest.mark.parametrize(
    ("typed", "price"),
    [
        ("1,000", "1000"),
        ("$100", "100"),
        (" $ 1,250.50 ", "1250.50"),
        ("1,000,000", "1000000"),
        ("\u202a100\u202c", "100"),
    ],
)
def test_prices_are_read_as_people_type_them(typed, price):
    query, errors = read(max_price=typed)
    assert (query.max_price, errors) == (Decimal(price), {})


@pytest.mark.parametrize("typed", ["1,00", "1,0000", "€100", "100-200", "$"])
def test_other_signs_are_no_price(typed):
    query, errors = read(max_price=typed)
    assert (query.max_price, errors) == (None, {"max_price": ["Enter a number, like 150."]})


def test_a_lowest_price_above_the_highest_is_a_mistake():
    query, errors = read(min_price="200", max_price="100")
    assert (query.min_price, query.max_price) == (Decimal(200), None)
    assert errors == {"max_price": ["Enter a highest price that is not below the lowest one."]}
    assert read(min_price="100", max_price="100")[1] == {}
