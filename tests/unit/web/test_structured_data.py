import json
from dataclasses import replace
from decimal import Decimal

import pytest

from lco.domain.money import Money
from lco.domain.vehicle import Picture, Rates, Status, Vehicle
from lco.settings import Settings
from lco.web.structured_data import product_json

SETTINGS = Settings(site_url="https://rent.example", business_name="Rentals", business_phone="+1 218-555-0142")
SITE = (SETTINGS.site_url, SETTINGS.business())
BARE = Vehicle(7, "Chainsaw", "chainsaw", Status.AVAILABLE, Rates())
FULL = replace(
    BARE,
    rates=Rates(daily=Money(Decimal("99.50"), "CAD")),
    brand="Stihl",
    summary="Cuts wood.",
    picture=Picture("https://odoo.example/web/image/fleet.vehicle/7/image_1920", "Saw", sized=True),
)


def test_the_facts_are_those_of_the_page():
    data = product_json(FULL, *SITE)
    assert data["@type"] == "Product"
    assert data["name"] == "Chainsaw"
    assert data["url"] == "https://rent.example/equipment/7-chainsaw"
    assert data["sku"] == "7"
    assert data["description"] == "Cuts wood."
    assert data["brand"] == {"@type": "Brand", "name": "Stihl"}
    assert data["image"] == "https://rent.example/pictures/960x720/fleet.vehicle/7/image_1920"


def test_the_offer_is_a_lease_at_the_daily_rate():
    offer = product_json(FULL, *SITE)["offers"]
    assert (offer["price"], offer["priceCurrency"]) == ("99.50", "CAD")
    assert offer["businessFunction"].endswith("#LeaseOut")
    assert offer["seller"] == {"@type": "LocalBusiness", "name": "Rentals", "telephone": "+12185550142"}


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (Status.AVAILABLE, "InStock"),
        (Status.SOLD, "SoldOut"),
        (Status.RENTED, "LimitedAvailability"),
        (Status.RESERVED, "LimitedAvailability"),
        (Status.MAINTENANCE, "LimitedAvailability"),
    ],
)
def test_the_status_is_given_in_schema_org_terms(status, word):
    offer = product_json(replace(FULL, status=status), *SITE)["offers"]
    assert offer["availability"] == f"https://schema.org/{word}"


def test_unknown_facts_are_left_out():
    assert not {"offers", "image", "brand", "description"} & product_json(BARE, *SITE).keys()


def test_a_picture_outside_the_site_keeps_its_address():
    outside = replace(FULL, picture=Picture("https://odoo.example/logo.png", "Saw", sized=False))
    assert product_json(outside, *SITE)["image"] == "https://odoo.example/logo.png"


def test_it_is_plain_json():
    assert json.loads(json.dumps(product_json(FULL, *SITE))) == product_json(
        FULL, SETTINGS.site_url, SETTINGS.business()
    )
