from datetime import date
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from lco.catalogue.search import Query
from lco.domain.date_range import DateRange
from lco.domain.vehicle import Picture, Rates, Status, Vehicle
from lco.web.urls import list_url, picture_url, plain_url, query_url, slugify, vehicle_url

DAYS = DateRange(date(2026, 12, 1), date(2026, 12, 5))


def vehicle(name: str = "Chainsaw", its_slug: str = "") -> Vehicle:
    return Vehicle(7, name, its_slug, Status.AVAILABLE, Rates())


@pytest.mark.parametrize(
    ("name", "its_slug", "text"),
    [
        ("Chainsaw", "pro-chainsaw", "pro-chainsaw"),
        ("CAT 299D3 Skid Steer", "", "cat-299d3-skid-steer"),
        ("Häcksler Größe 2", "", "hacksler-groe-2"),
        ("Chainsaw", "../../Admin?x=1", "admin-x-1"),
        ("除雪機", "", "equipment"),
        ("--", "--", "equipment"),
    ],
)
def test_a_slug_is_always_plain_and_never_empty(name, its_slug, text):
    assert slugify(vehicle(name, its_slug)) == text


def test_a_vehicle_has_one_address_to_which_days_and_more_can_be_added():
    assert vehicle_url(vehicle()) == "/equipment/7-chainsaw"
    assert vehicle_url(vehicle(), DAYS) == "/equipment/7-chainsaw?date_from=2026-12-01&date_to=2026-12-05"
    assert vehicle_url(vehicle(), month="2026-12") == "/equipment/7-chainsaw?month=2026-12"


def test_the_list_address_omits_empty_and_default_parameters():
    assert list_url() == "/equipment"
    assert list_url(q="", brand=None, sort="featured", page=1) == "/equipment"
    assert list_url(q="saw & more", page=2) == "/equipment?q=saw+%26+more&page=2"


def test_a_plain_address_has_known_nonempty_parameters_in_one_order():
    arguments = {"utm_source": "mail", "page": "2", "q": "saw & more", "sort": "featured", "brand": ""}
    names = ("q", "brand", "sort", "page", "category")
    assert plain_url("/equipment", names, arguments) == "/equipment?q=saw+%26+more&page=2"
    assert plain_url("/equipment", names, {"utm_source": "mail"}) == "/equipment"


def test_a_query_is_written_so_that_it_can_be_read_back():
    query = Query(
        q="saw",
        category="Lawn Care",
        brand="Stihl",
        fuel_type="gasoline",
        min_price=Decimal("10.50"),
        max_price=Decimal(200),
        days=DAYS,
        sort="-price",
        page=3,
    )
    assert parse_qs(urlsplit(query_url(query)).query) == {
        "q": ["saw"],
        "category": ["Lawn Care"],
        "brand": ["Stihl"],
        "fuel_type": ["gasoline"],
        "min_price": ["10.50"],
        "max_price": ["200"],
        "date_from": ["2026-12-01"],
        "date_to": ["2026-12-05"],
        "sort": ["-price"],
    }


def test_a_changed_filter_starts_at_the_first_page():
    query = Query(q="saw", brand="Stihl", page=4)
    assert query_url(query, brand="") == "/equipment?q=saw"
    assert query_url(query, page=5) == "/equipment?q=saw&brand=Stihl&page=5"


def test_pictures_of_odoo_are_served_by_the_site_in_the_size_asked_for():
    sized = Picture("https://odoo.example/web/image/fleet.vehicle/7/image_1920", "Saw", sized=True)
    assert picture_url(sized, "480x360") == "/pictures/480x360/fleet.vehicle/7/image_1920"
    assert picture_url(Picture("https://odoo.example/logo.png", "", sized=False), "480x360").endswith("/logo.png")
