"""How Odoo's fields are read: its `false`, its numbers as text, its HTML and its pictures."""

from dataclasses import replace
from decimal import Decimal

import pytest

from lco.domain.money import Money
from lco.domain.vehicle import Details, Feature, Picture, Rates, Status, Vehicle
from lco.odoo.client import OdooClient
from lco.odoo.transport import Transport

URL = "http://odoo.test"
IMAGE = "/web/image/fleet.vehicle/7/image_1920"
SHORT = {"id": 7, "name": "Chainsaw"}
FULL = {
    **SHORT,
    "slug": "chainsaw",
    "brand": "Stihl",
    "model": "MS 462",
    "year": "2024",
    "category": "Power Tools",
    "listing_type": "both",
    "sale_price": 1200,
    "rental_price_daily": 90,
    "currency": "USD",
    "fuel_type": "gasoline",
    "seats": 1,
    "doors": 0,
    "availability_status": "rented",
    "featured": True,
    "short_description": "Cuts wood.",
    "primary_image": IMAGE,
    "view_count": 12,
}
EMPTY_IN_ODOO = dict.fromkeys(FULL.keys() - SHORT.keys(), False)


def dollars(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def test_every_field_of_the_short_form_is_read(listed):
    assert listed(**FULL) == Vehicle(
        id=7,
        name="Chainsaw",
        slug="chainsaw",
        status=Status.RENTED,
        rates=Rates(daily=dollars("90")),
        brand="Stihl",
        model="MS 462",
        year=2024,
        category="Power Tools",
        fuel_type="gasoline",
        seats=1,
        sale_price=dollars("1200"),
        featured=True,
        summary="Cuts wood.",
        picture=Picture(URL + IMAGE, "Chainsaw", sized=True),
    )


@pytest.mark.parametrize("empty", [False, None, ""])
def test_empty_values_of_odoo_are_missing(listed, empty):
    vehicle = listed(**{**SHORT, **dict.fromkeys(EMPTY_IN_ODOO, empty)})
    assert vehicle == Vehicle(7, "Chainsaw", "", Status.AVAILABLE, Rates())


def test_missing_fields_are_none(listed):
    assert listed(**SHORT) == Vehicle(7, "Chainsaw", "", Status.AVAILABLE, Rates())


def test_unknown_fields_are_ignored(listed):
    assert listed(**SHORT, colour="green", x_studio_height={"cm": 3}) == listed(**SHORT)


@pytest.mark.parametrize(
    ("year", "read"), [(2024, 2024), ("2024", 2024), ("last", None), ("2023-24", None), ([], None), (False, None)]
)
def test_a_year_may_be_a_number_or_text_and_anything_else_is_omitted(listed, year, read):
    assert listed(**SHORT, year=year).year == read


@pytest.mark.parametrize(
    ("price", "daily"),
    [
        (150, dollars("150")),
        (99.5, dollars("99.5")),
        (0.1, dollars("0.1")),
        ("150.00", dollars("150")),
        (0, None),
        ("0.00", None),
        (False, None),
        (None, None),
    ],
)
def test_a_price_may_be_a_number_or_text_and_nothing_is_no_price(listed, price, daily):
    assert listed(**SHORT, rental_price_daily=price).rates.daily == daily


@pytest.mark.parametrize("price", [-1, "NaN", "Infinity", "much", [], {}, 10**10])
def test_a_price_that_cannot_be_read_is_no_price(listed, price):
    assert listed(**SHORT, rental_price_daily=price) == listed(**SHORT)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seats", "N/A"),
        ("seats", -3),
        ("seats", 10**30),
        ("rental_price_daily", 0.004),
        ("doors", []),
        ("rental_price_daily", "1,250.00"),
        ("featured", "maybe"),
        ("category", 7),
        ("brand", {}),
        ("short_description", ["a"]),
        ("primary_image", 5),
        ("listing_type", 3),
        ("listing_type", "lease"),
        ("slug", 1.5),
    ],
)
def test_an_optional_field_that_cannot_be_read_is_empty(listed, field, value):

    assert listed(**FULL | {field: value}) == listed(**FULL | {field: False})


@pytest.mark.parametrize("status", ["inspection", "", 7, [], {}])
def test_a_status_that_is_not_known_is_not_an_error(listed, status):
    expected = Status.AVAILABLE if status == "" else Status.UNKNOWN
    assert listed(**SHORT, availability_status=status).status is expected


@pytest.mark.parametrize("currency", [5, "dollars", "$"])
def test_prices_in_a_currency_that_cannot_be_read_are_no_prices(listed, currency):
    vehicle = listed(**FULL | {"currency": currency})
    assert (vehicle.rates, vehicle.sale_price) == (Rates(), None)


@pytest.mark.parametrize("name", ["", "   ", None, 7, False, "\u200b", "\u2800"])
def test_a_record_without_a_name_cannot_be_read(client, requests_mock, name):
    data = [{"id": 7, "name": name}, {"id": 8, "name": " Saw "}, {"name": "No id"}, "no record"]
    requests_mock.get(f"{URL}/api/fleet/vehicles", json={"success": True, "data": data})
    listing = client.listing()
    assert [(vehicle.id, vehicle.name) for vehicle in listing.vehicles] == [(8, "Saw")]
    assert listing.unreadable == {7}


@pytest.mark.parametrize("number", [7, "7", "0007"])
def test_an_id_may_be_a_number_or_text(listed, number):
    assert listed(id=number, name="Saw").id == 7


@pytest.mark.parametrize("number", [True, 7.5, "7.5", "", "x", None, "9" * 11])
def test_an_id_that_is_no_whole_number_cannot_be_read(listed, number):
    assert listed(id=number, name="Saw") is None


@pytest.mark.parametrize("name", ["Snow\x00Blower", "Snow\nBlower", "\u200bSnow\u2028Blower\x01"])
def test_a_name_is_one_line_that_every_reader_takes(listed, name):
    assert listed(id=7, name=name).name == "Snow Blower"


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, (None, None)),
        ({"minimum_rental_days": 2, "maximum_rental_days": 60}, (2, 60)),
        ({"minimum_rental_days": False, "maximum_rental_days": False}, (1, None)),
        ({"minimum_rental_days": 0, "maximum_rental_days": 0}, (1, None)),
        ({"maximum_rental_days": 9}, (1, 9)),
    ],
)
def test_limits_missing_from_the_answer_are_unknown(listed, limits, expected):
    vehicle = listed(**SHORT, **limits)
    assert (vehicle.minimum_days, vehicle.maximum_days) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "Yes"),
        (0, "0"),
        (2.5, "2.5"),
        (0.1 + 0.2, "0.3"),
        (1250.0, "1250"),
        (["a", "b", False, ["c", True]], "a, b, c, Yes"),
        ({"min": 1, "max": 2, "unit": False}, "Min: 1, Max: 2"),
        ("  20 in ", "20 in"),
    ],
)
def test_a_specification_reads_well(detailed, value, text):
    assert detailed(**SHORT, specifications={"a_value": value}).specifications == (("A value", text),)


@pytest.mark.parametrize("value", [False, None, "", "  ", "\u200b", float("nan"), [], {}, [False], {"unit": ""}])
def test_an_empty_specification_is_left_out(detailed, value):
    assert detailed(**SHORT, specifications={"a_value": value}).specifications == ()


def test_one_broken_entry_does_not_take_the_others_away(detailed):
    pictures = [{"url": "/web/image/fleet.vehicle/7/one"}, {"url": 5}, "none"]
    details = detailed(**SHORT, images=pictures, features=[{"name": "Sharp"}, {}], specifications="heavy")
    assert [picture.url for picture in details.pictures] == [f"{URL}/web/image/fleet.vehicle/7/one"]
    assert details.features == (Feature("Sharp"),)
    assert details.specifications == ()


def test_json_that_is_not_a_number_is_no_price(client, requests_mock):
    text = '{"success": true, "data": [{"id": 1, "name": "x", "rental_price_daily": NaN}, {"id": 2, "name": "y"}]}'
    requests_mock.get(f"{URL}/api/fleet/vehicles", text=text)
    assert [(vehicle.id, vehicle.rates.daily) for vehicle in client.vehicles()] == [(1, None), (2, None)]


def test_prices_are_in_the_currency_of_the_vehicle(listed):
    vehicle = listed(**FULL | {"currency": "CAD"})
    assert vehicle.rates.daily == Money(Decimal(90), "CAD")
    assert vehicle.sale_price == Money(Decimal(1200), "CAD")


def test_only_machines_for_sale_have_a_sale_price(listed):
    assert listed(**FULL | {"listing_type": "rental"}).sale_price is None
    assert listed(**FULL | {"sale_price": 0}).sale_price is None


def test_seats_and_doors_of_a_machine_without_any_are_missing(listed):
    vehicle = listed(**SHORT, seats=0, doors=0)
    assert (vehicle.seats, vehicle.doors) == (None, None)


@pytest.mark.parametrize(
    ("url", "picture"),
    [
        (IMAGE, Picture(URL + IMAGE, "Chainsaw", sized=True)),
        (f"{URL}{IMAGE}", Picture(URL + IMAGE, "Chainsaw", sized=True)),
        (f"https://odoo.internal:8069{IMAGE}?unique=1", Picture(URL + IMAGE, "Chainsaw", sized=True, version="1")),
        ("/logo.png", None),
        ("https://elsewhere.test/saw.png", None),
        ("//elsewhere.test/saw.png", None),
        ("http://odoo.test.elsewhere.test/saw.png", None),
        ("/web/image/../../etc/passwd", None),
        ("javascript:alert(1)", None),
        ("data:image/svg+xml,<svg/>", None),
        ("http://[not-an-address", None),
    ],
)
def test_pictures_are_odoos_own_or_none(listed, url, picture):
    assert listed(**SHORT, primary_image=url).picture == picture


def test_every_change_of_a_pictures_address_is_another_version(listed):
    written = ("", "?unique=1", "?unique=%3Cb%3E", "?unique=2026-12-01 10:00:00", "?v=1", "?v=2")
    versions = [listed(**SHORT, primary_image=f"{IMAGE}{query}").picture.version for query in written]
    assert len(set(versions)) == len(versions)
    assert all(version.isalnum() for version in versions[1:])


def test_an_odoo_below_a_path_serves_its_pictures_there(requests_mock):
    requests_mock.get(
        "https://host.test/odoo/api/fleet/vehicles",
        json={"success": True, "data": [{**SHORT, "primary_image": IMAGE}]},
    )
    (vehicle,) = OdooClient(Transport("https://host.test/odoo")).vehicles()
    assert vehicle.picture.url == f"https://host.test/odoo{IMAGE}"


def test_every_field_of_the_long_form_is_read(detailed):
    details = detailed(
        **FULL,
        rental_price_weekly="350",
        rental_price_monthly=1050.0,
        full_description="<p>Cuts <b>wood</b>.</p>",
        rental_terms="<ul><li>Bring it back</li></ul>",
        specifications={"bar_length": "20 in", "weight": 13.2, "helmet": True},
        features=[{"id": 1, "name": "M-Tronic", "category": "Engine", "icon": "fa-cog"}, {"name": "HD2 filter"}],
        images=[
            {"id": 72, "name": False, "url": "/web/image/fleet.vehicle.image/72/image", "is_primary": False},
            {"id": 71, "name": "Whole", "url": "/web/image/fleet.vehicle.image/71/image", "is_primary": True},
        ],
        video_url="https://video.example/1",
        virtual_tour_url="http://tour.example/1",
        minimum_rental_days=1,
        maximum_rental_days=90,
        inquiry_count=3,
    )
    assert details.vehicle.rates == Rates(dollars("90"), dollars("350"), dollars("1050"))
    assert (details.vehicle.minimum_days, details.vehicle.maximum_days) == (1, 90)
    assert details == Details(
        vehicle=details.vehicle,
        description_html="<p>Cuts <b>wood</b>.</p>",
        terms_html="<ul><li>Bring it back</li></ul>",
        specifications=(("Bar length", "20 in"), ("Weight", "13.2"), ("Helmet", "Yes")),
        features=(Feature("M-Tronic", "Engine"), Feature("HD2 filter")),
        pictures=(
            Picture(f"{URL}/web/image/fleet.vehicle.image/71/image", "Whole", sized=True),
            Picture(f"{URL}/web/image/fleet.vehicle.image/72/image", "Chainsaw", sized=True),
        ),
        video_url="https://video.example/1",
        tour_url="http://tour.example/1",
    )


LONG_ONLY = (
    *("rental_price_weekly", "rental_price_monthly", "full_description", "rental_terms", "specifications"),
    *("features", "images", "video_url", "virtual_tour_url", "minimum_rental_days", "maximum_rental_days"),
)


@pytest.mark.parametrize("empty", [False, None, ""])
def test_a_long_form_may_be_empty(detailed, empty):
    assert detailed(**SHORT) == Details(detailed.vehicle)
    without_limits = replace(detailed.vehicle, minimum_days=1)
    assert detailed(**SHORT, **dict.fromkeys(LONG_ONLY, empty)) == Details(without_limits)


def test_rates_that_do_not_exist_are_missing(detailed):
    details = detailed(**FULL, rental_price_weekly=0, rental_price_monthly=False)
    assert details.vehicle.rates == Rates(daily=dollars("90"))


def test_without_a_gallery_the_main_picture_is_the_gallery(detailed):
    assert detailed(**FULL, images=[]).pictures == (Picture(URL + IMAGE, "Chainsaw", sized=True),)
    foreign = [{"url": "https://elsewhere.test/1.png"}]
    assert detailed(**FULL, images=foreign).pictures == (Picture(URL + IMAGE, "Chainsaw", sized=True),)


@pytest.mark.parametrize(
    ("html", "cleaned"),
    [
        ("<p>Good</p><script>alert(1)</script>", "<p>Good</p>"),
        ('<p onclick="alert(1)" style="color:red" class="x">Good</p>', "<p>Good</p>"),
        ('<a href="javascript:alert(1)">Go</a>', '<a rel="noopener noreferrer">Go</a>'),
        ('<a href="JaVa\tscript:alert(1)">Go</a>', '<a rel="noopener noreferrer">Go</a>'),
        ('<a href="tel:+1218">Call</a>', '<a href="tel:+1218" rel="noopener noreferrer">Call</a>'),
        ('<iframe src="https://elsewhere.test"></iframe>Good', "Good"),
        ('<img src=x onerror="alert(1)">Good', "Good"),
        ("<style>*{display:none}</style>Good", "Good"),
        ("<svg><script>alert(1)</script></svg>Good", "Good"),
        ("<form action=/bookings><input name=q></form>Good", "<div></div>Good"),
        ("<h1>Loud</h1><h2 class=x>Less</h2><h6>Quiet</h6>", "<h3>Loud</h3><h3>Less</h3><h4>Quiet</h4>"),
        (
            "<div>Weight 300 kg</div><div>Width 2 m</div><h2>Safety</h2>",
            "<div>Weight 300 kg</div><div>Width 2 m</div><h3>Safety</h3>",
        ),
        ("<hgroup>One</hgroup><dialog>Two</dialog>", "<div>One</div><div>Two</div>"),
        ("<section>One</section><ARTICLE>Two</ARTICLE>", "<div>One</div><div>Two</div>"),
        ("<blockquote>Said</blockquote><pre>a  b</pre>", "<blockquote>Said</blockquote><pre>a  b</pre>"),
        ("<header>One</header><formula>Two</formula>", "<div>One</div>Two"),
        ("<p>Never closed", "<p>Never closed</p>"),
        ("<p>a\x00b&#1;c&#xFFFF;d\ud800e</p>\n", "<p>abcde</p>\n"),
        ("1 < 2 & 3", "1 &lt; 2 &amp; 3"),
    ],
)
def test_html_from_odoos_editor_keeps_only_plain_structure(detailed, html, cleaned):
    details = detailed(**SHORT, full_description=html, rental_terms=html)
    assert (details.description_html, details.terms_html) == (cleaned, cleaned)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "/tour", "ftp://x.example"])
def test_links_to_film_and_tour_are_web_addresses_or_none(detailed, url):
    details = detailed(**SHORT, video_url=url, virtual_tour_url=url)
    assert (details.video_url, details.tour_url) == (None, None)


@pytest.fixture
def listed(client, requests_mock):
    """The vehicle that one entry of the list becomes; None when it is left out."""

    def read(**fields: object) -> Vehicle | None:
        requests_mock.get(f"{URL}/api/fleet/vehicles", json={"success": True, "data": [fields]})
        return next(iter(client.vehicles()), None)

    return read


@pytest.fixture
def detailed(client, requests_mock):
    """What one long form becomes; `.vehicle` is the plainest vehicle there is."""

    def read(**fields: object) -> Details:
        requests_mock.get(f"{URL}/api/fleet/vehicle/7", json={"success": True, "data": fields})
        return client.vehicle(7)

    read.vehicle = Vehicle(7, "Chainsaw", "", Status.AVAILABLE, Rates())
    return read
