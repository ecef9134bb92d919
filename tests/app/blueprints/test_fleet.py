"""The JSON mirror answers as Odoo does (docs/odoo-contract.md, section 1)."""

from datetime import timedelta

import pytest

from lco import clock


@pytest.fixture(autouse=True)
def _odoo(odoo):
    return odoo


def get(client, path):
    answer = client.get(f"/api/fleet/{path}")
    return answer.status_code, answer.json


def test_the_list_has_the_envelope_and_pages(client):
    status, body = get(client, "vehicles?limit=4&offset=12")
    assert status == 200
    assert body["success"] is True
    assert body["pagination"] == {"total": 15, "limit": 4, "offset": 12, "has_more": False}
    assert len(body["data"]) == 3


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("fuel_type=diesel", 3),
        ("min_price=400&max_price=460", 2),
        ("listing_type=sale", 0),
        ("listing_type=rental", 15),
    ],
)
def test_the_list_can_be_filtered(client, query, expected):
    assert get(client, f"vehicles?{query}")[1]["pagination"]["total"] == expected


def test_a_brand_is_named_by_odoos_id(client):
    brands = {brand["name"]: brand["id"] for brand in get(client, "filters")[1]["filters"]["brands"]}
    assert get(client, f"vehicles?brand_id={brands['Stihl']}")[1]["pagination"]["total"] == 3
    assert get(client, "vehicles?brand_id=99999")[0] == 404


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "min_price=NaN", "available_from=2026-13-01&available_to=x"]
)
def test_unreadable_input_is_400(client, query):
    status, body = get(client, f"vehicles?{query}")
    assert status == 400
    assert body["success"] is False
    assert body["message"]


def test_one_vehicle_in_its_long_form(client):
    vehicle = get(client, "vehicle/1")[1]["data"]
    assert vehicle["name"] == "Professional Snow Blower"
    assert (vehicle["rental_price_daily"], vehicle["rental_price_weekly"]) == (150.0, 600.0)
    assert {"full_description", "specifications", "features", "images", "minimum_rental_days"} <= vehicle.keys()
    assert get(client, "vehicle/999")[0] == 404


def test_availability_is_odoos_answer(client, settings):
    start = clock.today(settings.timezone) + timedelta(days=90)
    asked = {"vehicle_id": 1, "date_from": str(start), "date_to": str(start + timedelta(days=5))}
    body = client.post("/api/fleet/availability", json=asked).json
    assert (body["available"], body["days"], body["estimated_price"], body["currency"]) == (True, 5, 600.0, "USD")
    assert body["daily_rate"] == 150.0


@pytest.mark.parametrize(
    "asked", [{}, {"vehicle_id": "one"}, [], {"vehicle_id": 1, "date_from": "x", "date_to": "y"}]
)
def test_availability_without_required_parameters_is_400(client, asked):
    assert client.post("/api/fleet/availability", json=asked).status_code == 400


def test_an_answer_that_odoo_cannot_give_is_503_in_json(client, odoo):
    odoo.fails_with = 500
    status, body = get(client, "vehicles")
    assert status == 503
    assert body["error"]


@pytest.mark.parametrize(
    ("first", "last"), [("9999-12-31", "2027-01-01"), ("9999-11-01", "9999-12-31"), ("0001-01-01", "0001-01-02")]
)
def test_days_beyond_every_calendar_are_no_error_of_the_site(client, odoo, first, last):
    asked = {"vehicle_id": 1, "date_from": first, "date_to": last}
    assert client.post("/api/fleet/availability", json=asked).status_code in {200, 400}
    query = {"available_from": first, "available_to": last}
    assert client.get("/api/fleet/vehicles", query_string=query).status_code in {200, 400}
    chosen = {"date_from": first, "date_to": last}
    for path in ("/equipment", "/equipment/dates", "/equipment/1", "/equipment/1/calendar"):
        assert client.get(path, query_string=chosen, follow_redirects=True).status_code in {200, 422}
