import html5lib
import pytest

MIXER, WASHER = 12, 13


def test_the_page_is_valid_and_says_what_it_is(odoo):
    page = odoo.get("/")
    document = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page.text)
    assert document.findtext(".//h1") == "Demo Odoo"
    assert "Concrete Mixer" in page.text
    with odoo.get("/static/demo.css") as style:
        assert style.mimetype == "text/css"


def test_a_form_changes_a_vehicle_and_leads_back_to_the_page(odoo):
    answer = odoo.post(f"/demo/vehicles/{MIXER}", data={"availability_status": "rented"})
    assert answer.status_code == 303
    assert "Concrete Mixer changed." in odoo.get(answer.location).text
    assert vehicle(odoo, MIXER)["availability_status"] == "rented"


def test_a_form_that_is_refused_says_why_and_changes_nothing(odoo):
    answer = odoo.post(f"/demo/vehicles/{MIXER}", data={"rental_price_daily": "-1"})
    assert "rental_price_daily" in odoo.get(answer.location).text
    assert vehicle(odoo, MIXER)["rental_price_daily"] == 75.0


def test_a_blank_field_of_a_form_means_none(odoo):
    odoo.post(f"/demo/vehicles/{MIXER}", data={"rental_price_daily": "80", "rental_price_weekly": ""})
    assert vehicle(odoo, MIXER)["rental_price_daily"] == 80.0
    assert "rental_price_weekly" not in vehicle(odoo, MIXER)


def test_what_people_typed_is_shown_as_text(odoo):
    odoo.post(f"/demo/vehicles/{MIXER}", json={"name": "<script>alert(1)</script>"})
    assert "<script>" not in odoo.get("/?refused=<script>alert(1)</script>").text


def test_the_buttons_of_a_booking_work_as_forms(odoo, request_for, day):
    ref = odoo.post("/api/fleet/booking", json=request_for(MIXER, 30, 35)).json["booking_ref"]
    form = {"content_type": "application/x-www-form-urlencoded"}
    assert odoo.post(f"/demo/bookings/{ref}/confirm", **form).status_code == 303
    assert booking(odoo, ref)["state"] == "confirmed"
    odoo.post(f"/demo/bookings/{ref}/move", data={"date_from": day(40), "date_to": day(42)})
    assert booking(odoo, ref)["date_from"] == day(40)
    odoo.post(f"/demo/bookings/{ref}/cancel", **form)
    assert booking(odoo, ref)["state"] == "cancelled"


@pytest.mark.parametrize("verb", ["confirm", "cancel", "move"])
def test_a_cancelled_booking_stays_as_it_is(odoo, request_for, day, verb):
    ref = odoo.post("/api/fleet/booking", json=request_for(MIXER, 30, 35)).json["booking_ref"]
    odoo.post(f"/demo/bookings/{ref}/cancel")
    before = booking(odoo, ref)
    dates = {"date_from": day(40), "date_to": day(42)} if verb == "move" else {}
    assert odoo.post(f"/demo/bookings/{ref}/{verb}", json=dates).status_code == 409
    assert booking(odoo, ref) == before


def test_vehicles_come_and_go(odoo):
    added = odoo.post("/demo/vehicles", json={"name": "Log Splitter", "rental_price_daily": 95})
    assert added.status_code == 201
    new = added.json["vehicle"]["id"]
    assert vehicle(odoo, new)["slug"] == "log-splitter"
    assert odoo.delete(f"/demo/vehicles/{new}").status_code == 200
    assert odoo.get(f"/api/fleet/vehicle/{new}").status_code == 404
    again = odoo.post("/demo/vehicles", json={"name": "Log Splitter", "rental_price_daily": 95})
    assert again.json["vehicle"]["id"] == new + 1


@pytest.mark.parametrize(
    "change",
    [
        {"availability_status": "lost"},
        {"rental_price_daily": None},
        {"rental_price_daily": "NaN"},
        {"maintenance_until": "soon"},
        {"name": ""},
        {"colour": "red"},
    ],
)
def test_a_change_that_cannot_be_is_refused(odoo, change):
    before = odoo.get("/api/fleet/vehicles").json
    answer = odoo.post(f"/demo/vehicles/{MIXER}", json=change)
    assert answer.status_code == 400
    assert next(iter(change)) in answer.json["message"]
    assert odoo.get("/api/fleet/vehicles").json == before


@pytest.mark.parametrize("path", ["vehicles/999", "vehicles/999/remove", "bookings/BK-0/confirm"])
def test_controls_of_what_does_not_exist_are_404(odoo, path):
    assert odoo.post(f"/demo/{path}", json={}).status_code == 404


def test_a_removed_vehicle_keeps_its_bookings_on_record(odoo, request_for):
    ref = odoo.post("/api/fleet/booking", json=request_for(MIXER, 30, 35)).json["booking_ref"]
    odoo.delete(f"/demo/vehicles/{MIXER}")
    assert odoo.post(f"/demo/bookings/{ref}/cancel").status_code == 200
    assert booking(odoo, ref)["state"] == "cancelled"


def test_reset_brings_back_the_start(odoo, request_for):
    start = odoo.get("/api/fleet/vehicles").json
    odoo.post("/api/fleet/booking", json=request_for(MIXER, 0, 5))
    odoo.delete(f"/demo/vehicles/{WASHER}")
    odoo.post("/demo/faults", json={"mode": "down"})
    odoo.post("/demo/reset")
    assert odoo.get("/demo/state").json["calls"] == {}
    assert odoo.get("/api/fleet/vehicles").json == start


def test_reset_of_the_calls_leaves_everything_else(odoo):
    odoo.delete(f"/demo/vehicles/{WASHER}")
    odoo.get("/api/fleet/filters")
    odoo.post("/demo/reset", json={"calls_only": True})
    state = odoo.get("/demo/state").json
    assert (state["calls"], state["vehicles"]) == ({}, 14)


def vehicle(odoo, vehicle_id):
    return odoo.get(f"/api/fleet/vehicle/{vehicle_id}").json["data"]


def booking(odoo, ref):
    return next(booking for booking in odoo.get("/demo/state").json["bookings"] if booking["booking_ref"] == ref)
