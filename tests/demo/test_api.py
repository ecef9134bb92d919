import re

import pytest

MIXER, SKID_STEER = 12, 2
SHORT_FORM = {
    *("id", "name", "slug", "brand", "model", "year", "listing_type", "sale_price", "rental_price_daily"),
    *("currency", "fuel_type", "seats", "doors", "availability_status", "featured", "short_description"),
    *("primary_image", "view_count", "category"),
}
LONG_FORM = SHORT_FORM | {
    *("rental_price_weekly", "rental_price_monthly", "full_description", "rental_terms", "specifications"),
    *("features", "images", "video_url", "virtual_tour_url", "minimum_rental_days", "maximum_rental_days"),
    *("inquiry_count", "booking_count"),
}


@pytest.fixture
def contract() -> int:
    return 1


def test_the_list_is_the_short_form_with_pagination(odoo):
    answer = odoo.get("/api/fleet/vehicles?limit=4&offset=12").json
    assert answer["success"] is True
    assert answer["pagination"] == {"total": 15, "limit": 4, "offset": 12, "has_more": False}
    assert [vehicle["id"] for vehicle in answer["data"]] == [13, 14, 15]
    assert all(set(vehicle) == SHORT_FORM for vehicle in answer["data"])


def test_twenty_vehicles_are_listed_by_default(make_demo):
    answer = make_demo(extra_vehicles=10).test_client().get("/api/fleet/vehicles").json
    assert len(answer["data"]) == 20
    assert answer["pagination"] == {"total": 25, "limit": 20, "offset": 0, "has_more": True}


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("fuel_type=diesel", [2, 6, 10]),
        ("min_price=425&max_price=450", [2, 15]),
        ("max_price=45", [4]),
        ("featured=true", [1, 3, 6, 10, 13]),
        ("listing_type=sale", []),
        ("listing_type=rental&fuel_type=diesel", [2, 6, 10]),
    ],
)
def test_filters_narrow_the_list(odoo, query, ids):
    answer = odoo.get(f"/api/fleet/vehicles?{query}").json
    assert [vehicle["id"] for vehicle in answer["data"]] == ids
    assert answer["pagination"]["total"] == len(ids)


def test_a_brand_is_found_by_the_id_the_filters_give(odoo):
    brands = {brand["name"]: brand["id"] for brand in odoo.get("/api/fleet/filters").json["filters"]["brands"]}
    answer = odoo.get(f"/api/fleet/vehicles?brand_id={brands['Stihl']}").json
    assert [vehicle["brand"] for vehicle in answer["data"]] == ["Stihl"] * 3


def test_a_machine_for_rent_and_sale_is_found_under_both(odoo):
    odoo.post(f"/demo/vehicles/{MIXER}", json={"listing_type": "both"})
    for listing_type in ("rental", "sale", "both"):
        found = odoo.get(f"/api/fleet/vehicles?listing_type={listing_type}").json["data"]
        assert MIXER in [vehicle["id"] for vehicle in found]


def test_dates_leave_only_machines_that_are_free_on_all_of_them(odoo, request_for, day):
    odoo.post("/api/fleet/booking", json=request_for(MIXER, 40, 42))

    def found(first, last):
        query = {"available_from": day(first), "available_to": day(last)}
        return [vehicle["id"] for vehicle in odoo.get("/api/fleet/vehicles", query_string=query).json["data"]]

    assert MIXER not in found(38, 41)
    assert MIXER in found(38, 40)
    assert MIXER in found(42, 44)


def test_one_vehicle_is_the_long_form_and_every_call_is_a_view(odoo):
    views = [odoo.get("/api/fleet/vehicle/2").json["data"]["view_count"] for _ in range(3)]
    vehicle = odoo.get("/api/fleet/vehicle/2").json["data"]
    assert views == [1, 2, 3]
    assert set(vehicle) == LONG_FORM
    assert isinstance(vehicle["year"], str)
    assert vehicle["video_url"] is False
    assert vehicle["features"][0] == {"id": 6, "name": "Enclosed cab", "category": "comfort", "icon": "cab"}
    assert [image["is_primary"] for image in vehicle["images"]] == [True, False, False]


def test_rates_that_do_not_exist_are_left_out(odoo):
    odoo.post(f"/demo/vehicles/{MIXER}", json={"rental_price_weekly": None, "rental_price_monthly": None})
    vehicle = odoo.get(f"/api/fleet/vehicle/{MIXER}").json["data"]
    assert LONG_FORM - set(vehicle) == {"rental_price_weekly", "rental_price_monthly"}


def test_an_empty_text_is_false_as_odoo_writes_it(odoo):
    added = odoo.post("/demo/vehicles", json={"name": "Hand Drill", "rental_price_daily": "12.50"}).json
    vehicle = odoo.get(f"/api/fleet/vehicle/{added['vehicle']['id']}").json["data"]
    assert [vehicle[name] for name in ("brand", "short_description", "rental_terms")] == [False] * 3
    assert vehicle["rental_price_daily"] == 12.5


def test_availability_says_whether_and_for_how_much(odoo, day):
    asked = {"vehicle_id": MIXER, "date_from": day(30), "date_to": day(35)}
    expected = {"success": True, "vehicle_id": MIXER, "days": 5, "daily_rate": 75.0, "currency": "USD"}
    assert odoo.post("/api/fleet/availability", json=asked).json == {
        **expected,
        "available": True,
        "estimated_price": 280.0,
    }
    odoo.post(f"/demo/vehicles/{MIXER}", json={"availability_status": "sold"})
    assert odoo.post("/api/fleet/availability", json=asked).json == {
        **expected,
        "available": False,
        "estimated_price": 0,
    }


def test_a_booking_is_answered_with_201_and_its_reference(odoo, request_for):
    answer = odoo.post("/api/fleet/booking", json=request_for(MIXER, 30, 35))
    assert answer.status_code == 201
    assert re.fullmatch(r"BK-[0-9]{8}-[0-9A-F]{8}", answer.json["booking_ref"])
    assert isinstance(answer.json["booking_id"], int)
    assert answer.json["message"]
    assert (answer.json["estimated_price"], answer.json["currency"]) == (280.0, "USD")


def test_a_repeated_booking_is_a_second_attempt_not_the_same_one(odoo, request_for):
    codes = [odoo.post("/api/fleet/booking", json=request_for(MIXER, 30, 35)).status_code for _ in range(2)]
    assert codes == [201, 409]


@pytest.mark.parametrize("field", ["vehicle_id", "customer_name", "customer_email", "customer_phone", "date_to"])
def test_a_booking_with_a_field_missing_is_refused_with_400(odoo, request_for, field):
    body = request_for(MIXER, 30, 35)
    del body[field]
    answer = odoo.post("/api/fleet/booking", json=body)
    assert answer.status_code == 400
    assert field in answer.json["message"]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ((MIXER, 30, 30), "after"),
        ((MIXER, 30, 29), "after"),
        ((MIXER, -1, 3), "past"),
        ((SKID_STEER, 30, 31), "shortest rental of this machine is 2 days"),
        ((SKID_STEER, 30, 91), "longest rental of this machine is 60 days"),
    ],
)
def test_dates_that_cannot_be_are_refused_with_400(odoo, request_for, wanted, words):
    answer = odoo.post("/api/fleet/booking", json=request_for(*wanted))
    assert answer.status_code == 400
    assert words in answer.json["message"]


def test_availability_does_not_mind_how_short_a_rental_is(odoo, day):
    asked = {"vehicle_id": SKID_STEER, "date_from": day(30), "date_to": day(31)}
    assert odoo.post("/api/fleet/availability", json=asked).json["available"] is True


@pytest.mark.parametrize(("first", "last"), [(30, 30), (30, 29), (-1, 3)])
def test_availability_refuses_dates_that_cannot_be_with_400(odoo, day, first, last):
    asked = {"vehicle_id": MIXER, "date_from": day(first), "date_to": day(last)}
    assert odoo.post("/api/fleet/availability", json=asked).status_code == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"{nonsense", b'"text"'])
def test_a_body_that_is_no_json_object_is_refused_with_400(odoo, body):
    answer = odoo.post("/api/fleet/booking", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["success"]) == (400, False)


def test_a_wrong_date_format_gives_500_like_the_real_one(odoo, request_for):
    wrong = "01/02/2030"
    answers = [
        odoo.post("/api/fleet/booking", json=request_for(MIXER, 30, 35, date_from=wrong)),
        odoo.post("/api/fleet/availability", json={"vehicle_id": 1, "date_from": wrong, "date_to": wrong}),
        odoo.get("/api/fleet/vehicles", query_string={"available_from": wrong, "available_to": wrong}),
    ]
    assert [answer.status_code for answer in answers] == [500] * 3
    assert all(answer.json["success"] is False and answer.json["error"] for answer in answers)


def test_an_unknown_vehicle_is_404_everywhere(odoo, request_for, day):
    answers = [
        odoo.get("/api/fleet/vehicle/999"),
        odoo.post("/api/fleet/booking", json=request_for(999, 30, 35)),
        odoo.post("/api/fleet/availability", json={"vehicle_id": 999, "date_from": day(1), "date_to": day(2)}),
    ]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert all(answer.json["success"] is False for answer in answers)


def test_busy_days_are_no_call_of_the_contract(odoo, day):
    answer = odoo.get(f"/api/fleet/vehicle/{MIXER}/busy?from={day(0)}&to={day(30)}")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_a_demo_of_a_newer_module_returns_the_busy_days(make_demo, request_for, day):
    odoo = make_demo(busy=True).test_client()
    odoo.post("/api/fleet/booking", json=request_for(MIXER, 20, 25))
    cancelled = odoo.post("/api/fleet/booking", json=request_for(MIXER, 26, 28)).json["booking_ref"]
    odoo.post(f"/demo/bookings/{cancelled}/cancel")
    odoo.post(f"/demo/vehicles/{MIXER}", json={"in_maintenance": True, "maintenance_until": day(3)})
    path = f"/api/fleet/vehicle/{MIXER}/busy"
    assert odoo.get(f"{path}?from={day(0)}&to={day(22)}").json == {
        "success": True,
        "data": [{"date_from": day(0), "date_to": day(3)}, {"date_from": day(20), "date_to": day(22)}],
    }
    assert odoo.get(f"/api/fleet/vehicle/999/busy?from={day(0)}&to={day(1)}").json["error"] == "vehicle_not_found"
    for query in ("", "?from=x&to=y", f"?from={day(1)}&to={day(1)}"):
        assert odoo.get(path + query).status_code == 400
    assert odoo.get("/demo/state").json["calls"]["GET /api/fleet/vehicle/{id}/busy"] == 5


def test_filters_stand_at_the_top_level(odoo):
    filters = odoo.get("/api/fleet/filters").json["filters"]
    assert {"id", "name"} == set(filters["brands"][0])
    assert filters["fuel_types"] == [
        {"value": "diesel", "label": "Diesel"},
        {"value": "gasoline", "label": "Gasoline"},
    ]
    assert [choice["value"] for choice in filters["listing_types"]] == ["rental", "sale", "both"]
    assert filters["price_range"] == {"min": 45.0, "max": 500.0}


def test_every_origin_may_call(odoo):
    assert odoo.get("/api/fleet/filters").headers["Access-Control-Allow-Origin"] == "*"
    preflight = odoo.options("/api/fleet/booking")
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "Content-Type" in preflight.headers["Access-Control-Allow-Headers"]
    assert odoo.get("/api/fleet/vehicle/999").headers["Access-Control-Allow-Origin"] == "*"
