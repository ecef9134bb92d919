"""The client against a real server: what it reads (docs/odoo-contract.md, section 1)."""

from dataclasses import replace

import pytest

from lco.domain.date_range import DAY, DateRange
from lco.domain.vehicle import Rates, Status
from lco.odoo import client as module
from lco.odoo.errors import VehicleUnknown
from tests.contract.factories import CHAINSAW, FREE, SNOW_BLOWER, booking, dollars


def test_all_vehicles_are_listed_in_their_short_form(client):
    vehicles = client.vehicles()
    assert [vehicle.id for vehicle in vehicles] == list(range(1, 16))
    blower = vehicles[0]
    assert (blower.name, blower.category) == ("Professional Snow Blower", "Snow Removal")
    assert (blower.brand, blower.model, blower.year) == ("Honda", "HS1336i", 2024)
    assert blower.fuel_type == "gasoline"
    assert blower.rates == Rates(daily=dollars(150))
    assert blower.picture.sized
    assert all(vehicle.summary and vehicle.slug and vehicle.rates.daily for vehicle in vehicles)
    assert {vehicle.status for vehicle in vehicles} >= {Status.AVAILABLE, Status.RENTED, Status.MAINTENANCE}
    assert any(vehicle.featured for vehicle in vehicles)


def test_a_list_in_many_pages_is_the_same_list(client, monkeypatch):
    whole = client.vehicles()
    monkeypatch.setattr(module, "PAGE", 4)
    assert client.vehicles() == whole


def test_a_vehicle_in_its_long_form_has_everything_its_page_shows(client):
    details = client.vehicle(SNOW_BLOWER)
    assert details.vehicle.rates == Rates(dollars(150), dollars(600), dollars(1800))
    assert ("Engine", "389cc Honda GX390") in details.specifications
    assert "Electric start" in [feature.name for feature in details.features]
    assert all(feature.category for feature in details.features)
    assert details.description_html.startswith("<p>")
    assert "<li>" in details.terms_html
    assert len(details.pictures) >= 2
    assert details.pictures[0].caption == details.vehicle.name
    assert details.vehicle.minimum_days >= 1
    assert details.vehicle.maximum_days > details.vehicle.minimum_days
    assert (details.video_url, details.tour_url) == (None, None)


def test_the_two_forms_agree(client):
    short = client.vehicles()[CHAINSAW - 1]
    long = client.vehicle(CHAINSAW).vehicle
    limits = {"minimum_days": short.minimum_days, "maximum_days": short.maximum_days}  # unknown in version 1
    assert replace(long, rates=Rates(long.rates.daily), **limits) == short


def test_unknown_and_retired_vehicles_are_unknown(client, odoo):
    with pytest.raises(VehicleUnknown):
        client.vehicle(999)
    odoo.retire(CHAINSAW)
    with pytest.raises(VehicleUnknown):
        client.vehicle(CHAINSAW)
    assert CHAINSAW not in [vehicle.id for vehicle in client.vehicles()]


@pytest.mark.parametrize(
    ("length", "price"), [(1, 150), (4, 600), (7, 600), (8, 1200), (21, 1800), (30, 1800), (31, 3000)]
)
def test_a_quote_is_odoos_own_price_for_whole_days(client, length, price):
    days = DateRange(FREE.start, FREE.start + DAY * length)
    quote = client.quote(SNOW_BLOWER, days)
    assert (quote.vehicle_id, quote.days, quote.available, quote.total) == (
        SNOW_BLOWER,
        days,
        True,
        dollars(price),
    )


def test_the_list_of_free_machines_omits_those_taken_on_any_of_the_days(client):
    client.book(booking())
    around = DateRange(FREE.start - DAY, FREE.end + DAY)
    everything = client.free(around.shift(DAY * 30))
    assert everything == set(range(1, 16))
    assert client.free(around) == everything - {SNOW_BLOWER}
    after = DateRange(FREE.end, FREE.end + DAY)
    assert SNOW_BLOWER in client.free(after)


def test_brands_have_ids_and_names(client):
    brands = client.brands()
    assert {"Honda", "Stihl", "Bobcat"} <= set(brands.values())
    assert len(set(brands.values())) == len(brands)


@pytest.mark.parametrize("size", ["240x180", "480x360", "960x720"])
def test_pictures_come_in_the_size_asked_for(client, size):
    vehicle = client.vehicle(SNOW_BLOWER)
    for picture in (vehicle.vehicle.picture, *vehicle.pictures):
        path = picture.url.partition("/web/image/")[2]
        reply = client.image(f"{path}/{size}")
        assert reply.content_type.startswith("image/")
        assert reply.content


def test_a_picture_that_is_not_there_is_unknown_or_nothing_but_a_placeholder(client, odoo):
    nowhere, elsewhere = (f"fleet.vehicle/{vehicle_id}/image_1920/480x360" for vehicle_id in (998, 999))
    if odoo.shows_a_placeholder:
        assert client.image(nowhere).content == client.image(elsewhere).content
    else:
        with pytest.raises(VehicleUnknown):
            client.image(nowhere)
