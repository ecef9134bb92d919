"""The site sends to API clients the same data about a vehicle as it reads from Odoo."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from lco.domain.date_range import DateRange
from lco.domain.money import Money
from lco.domain.quote import Quote
from lco.domain.rental import Reason, ReasonCode
from lco.domain.vehicle import Details, Feature, Picture, Rates, Status, Vehicle
from lco.web import serializers

URL = "http://odoo.test"
DAYS = DateRange(date(2026, 12, 1), date(2026, 12, 5))


def money(amount: str, currency: str = "CAD") -> Money:
    return Money(Decimal(amount), currency)


VEHICLE = Vehicle(
    id=7,
    name="Chainsaw",
    slug="chainsaw",
    status=Status.MAINTENANCE,
    rates=Rates(money("90.5"), money("350"), money("1050")),
    brand="Stihl",
    model="MS 462",
    year=2024,
    category="Power Tools",
    fuel_type="gasoline",
    seats=1,
    sale_price=money("1200"),
    featured=True,
    summary="Cuts wood.",
    picture=Picture(f"{URL}/web/image/fleet.vehicle/7/image_1920", "Chainsaw", sized=True),
    minimum_days=2,
    maximum_days=90,
    currency="CAD",
)
DETAILS = Details(
    vehicle=VEHICLE,
    description_html="<p>Cuts.</p>",
    terms_html="<p>Bring it back.</p>",
    specifications=(("Weight", "13 lb"),),
    features=(Feature("M-Tronic", "Engine"),),
    pictures=(Picture(f"{URL}/web/image/fleet.vehicle.image/71/image", "Whole", sized=True),),
    video_url="https://video.example/1",
    tour_url="https://tour.example/1",
)
BARE = Vehicle(8, "Bare", "", Status.AVAILABLE, Rates())


@pytest.mark.parametrize("details", [DETAILS, Details(replace(BARE, id=7))])
def test_the_long_form_is_read_back_without_pictures_as_the_site_serves_them(client, requests_mock, details):
    sent = json.dumps({"success": True, "data": serializers.vehicle_detail(details, None)})
    requests_mock.get(f"{URL}/api/fleet/vehicle/7", text=sent)
    assert client.vehicle(7) == replace(details, vehicle=replace(details.vehicle, picture=None), pictures=())


def test_the_short_form_is_read_back_without_the_longer_rates(client, requests_mock):
    sent = json.dumps(
        {"success": True, "data": [serializers.vehicle_summary(VEHICLE), serializers.vehicle_summary(BARE)]}
    )
    requests_mock.get(f"{URL}/api/fleet/vehicles", text=sent)
    assert client.vehicles() == [replace(VEHICLE, rates=Rates(daily=money("90.5")), picture=None), BARE]


def test_pictures_are_given_with_the_addresses_on_the_site():
    sent = serializers.vehicle_detail(DETAILS, None)
    assert sent["primary_image"] == "/pictures/960x720/fleet.vehicle/7/image_1920"
    assert [one["url"] for one in sent["images"]] == ["/pictures/960x720/fleet.vehicle.image/71/image?vehicle=7"]


def test_a_free_range_is_given_with_odoos_price_and_the_daily_rate():
    assert serializers.availability(Quote(7, DAYS, available=True, total=money("350")), VEHICLE) == {
        "available": True,
        "vehicle_id": 7,
        "days": 4,
        "estimated_price": 350,
        "daily_rate": 90.5,
        "currency": "CAD",
        "bookable": True,
        "reasons": [],
        "next_free": None,
    }


def test_each_reason_is_given_with_its_number_of_days():
    reasons = (Reason(ReasonCode.TOO_SHORT, "Too short.", 2), Reason(ReasonCode.TAKEN, "Taken."))
    sent = serializers.availability(Quote(7, DAYS, available=False), VEHICLE, reasons, DAYS)
    assert sent["bookable"] is False
    assert sent["reasons"] == [
        {"code": "too_short", "message": "Too short.", "limit": 2},
        {"code": "taken", "message": "Taken."},
    ]
    assert sent["next_free"] == {"date_from": "2026-12-01", "date_to": "2026-12-05"}


def test_a_taken_range_costs_nothing_in_the_currency_of_the_vehicle():
    sent = serializers.availability(Quote(7, DAYS, available=False), VEHICLE)
    assert (sent["available"], sent["estimated_price"], sent["currency"]) == (False, 0, "CAD")


def test_a_vehicle_without_a_rate_has_the_currency_of_its_record():
    unpriced = replace(BARE, currency="EUR")
    assert serializers.vehicle_summary(unpriced)["currency"] == "EUR"
    assert serializers.availability(Quote(7, DAYS, available=True), unpriced)["currency"] == "EUR"
