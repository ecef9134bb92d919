import html5lib
import pytest

MIXER, WASHER = 12, 13


def test_the_page_is_valid_and_has_its_name(odoo):
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


def test_typed_markup_is_shown_as_text(odoo):
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


def test_staff_change_one_term_at_a_time(odoo, request_for, day):
    ref = odoo.post("/api/fleet/booking", json=request_for(MIXER, 30, 35)).json["booking_ref"]
    odoo.post(f"/demo/bookings/{ref}", data={"total_amount": "99.50"})
    assert booking(odoo, ref)["total_amount"] == 99.5
    odoo.post(f"/demo/bookings/{ref}", json={"date_to": day(36)})
    assert (booking(odoo, ref)["date_from"], booking(odoo, ref)["date_to"]) == (day(30), day(36))
    odoo.post(f"/demo/bookings/{ref}", json={"vehicle_id": WASHER})
    assert booking(odoo, ref)["vehicle_name"] == vehicle(odoo, WASHER)["name"]
    form = {"customer_name": "Grace", "pickup_location": "yard", "return_location": "home"}
    odoo.post(f"/demo/bookings/{ref}", data=form)
    assert form.items() <= booking(odoo, ref).items()
    assert booking(odoo, ref)["version"] == 5


def test_a_location_is_removed_by_a_blank_field(odoo, request_for):
    body = request_for(MIXER, 30, 35, pickup_location="yard")
    ref = odoo.post("/api/fleet/booking", json=body).json["booking_ref"]
    answer = odoo.post(f"/demo/bookings/{ref}", data={"customer_name": "Ada", "pickup_location": ""})
    assert "changed" in answer.location
    assert booking(odoo, ref)["pickup_location"] == ""


def test_the_machine_goes_out_and_comes_back_and_the_booking_is_deleted(odoo, request_for, day):
    form = {"content_type": "application/x-www-form-urlencoded"}
    ref = odoo.post("/api/fleet/booking", json=request_for(MIXER, 2, 5)).json["booking_ref"]
    states = []
    for verb in ("confirm", "pick_up", "return"):
        odoo.post(f"/demo/bookings/{ref}/{verb}", **form)
        states.append((booking(odoo, ref)["state"], vehicle(odoo, MIXER)["availability_status"]))
    assert states == [("confirmed", "available"), ("picked_up", "rented"), ("returned", "available")]
    odoo.post(f"/demo/bookings/{ref}/delete", **form)
    assert ref not in odoo.get("/").text


def test_an_early_pick_up_takes_the_days_from_today_on(odoo, request_for):
    ref = odoo.post("/api/fleet/booking", json=request_for(MIXER, 3, 5)).json["booking_ref"]
    odoo.post(f"/demo/bookings/{ref}/confirm")
    odoo.post(f"/demo/bookings/{ref}/pick_up")
    assert odoo.post("/api/fleet/booking", json=request_for(MIXER, 1, 3)).status_code == 409


def test_a_reason_typed_into_the_form_is_kept(odoo, request_for):
    ref = odoo.post("/api/fleet/booking", json=request_for(MIXER, 30, 35)).json["booking_ref"]
    odoo.post(f"/demo/bookings/{ref}/cancel", data={"reason": "Storm damage"})
    assert booking(odoo, ref)["cancellation_reason"] == "Storm damage"
    assert "Storm damage" in odoo.get("/").text


def test_settings_are_saved_by_the_form(odoo):
    form = {"contract": "1", "currency": "KWD", "api_key": "", "cut_off": "15:00", "lead_days": "1"}
    answer = odoo.post("/demo/settings", data=form)
    assert "Settings saved." in odoo.get(answer.location).text
    settings = odoo.get("/demo/state").json["settings"]
    assert (settings["contract"], settings["currency"], settings["api_key"]) == (1, "KWD", "")


@pytest.mark.parametrize("currency", ["EUR", "KWD", "JPY"])
def test_another_currency_is_that_of_all_machines_and_new_bookings(odoo, request_for, currency):
    odoo.post("/demo/settings", json={"currency": currency})
    odoo.post(f"/demo/vehicles/{MIXER}", json={"rental_price_daily": "12.345", "rental_price_weekly": None})
    assert {found["currency"] for found in odoo.get("/api/fleet/vehicles").json["data"]} == {currency}
    made = odoo.post("/api/fleet/booking", json=request_for(MIXER, 30, 31)).json
    assert (made["estimated_price"], made["currency"]) == (12.345, currency)


def test_a_day_off_and_a_closed_day_are_set_and_taken_back(odoo, day):
    odoo.post("/demo/weekdays/sunday", data={"open": "false"})
    odoo.post("/demo/closed", data={"date": day(9), "reason": ""})
    page = odoo.get("/").text
    assert f"{day(9)}, Closed" in page
    calendar = odoo.get("/api/fleet/calendar").json["data"]
    assert (calendar["weekdays"][6], calendar["closed"]) == (None, [{"date": day(9), "reason": "Closed"}])
    odoo.post("/demo/weekdays/sunday", data={"open": "true"})
    odoo.post(f"/demo/closed/{day(9)}/open", content_type="application/x-www-form-urlencoded")
    calendar = odoo.get("/api/fleet/calendar").json["data"]
    assert calendar["weekdays"][6]
    assert calendar["closed"] == []


def test_the_storefront_is_set_by_its_form(odoo):
    odoo.post("/demo/settings", data={"name": "Other Name", "accent": "#123456", "city": "Elsewhere"})
    data = odoo.get("/api/fleet/storefront").json["data"]
    assert (data["name"], data["accent"], data["city"]) == ("Other Name", "#123456", "Elsewhere")
    refused = odoo.post("/demo/settings", data={"accent": "red"})
    assert "accent" in odoo.get(refused.location).text


def test_a_habit_is_turned_on_by_its_button(odoo):
    odoo.post("/demo/habits/float_noise", data={"on": "true"})
    page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(odoo.get("/").text)
    form = next(form for form in page.iter("form") if form.get("action") == "/demo/habits/float_noise")
    assert form.find("button").get("aria-pressed") == "true"
    odoo.post("/demo/habits/float_noise", data={"on": form.find("button").get("value")})
    assert odoo.get("/demo/state").json["habits"] == {}


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
def test_controls_of_missing_records_are_404(odoo, path):
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
