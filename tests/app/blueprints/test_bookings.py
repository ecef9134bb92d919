"""Booking by form, with and without htmx, and the customer's own page."""

import html
import re
from dataclasses import replace
from datetime import date, time, timedelta

import pytest
import requests
from icalendar import Calendar

from lco import clock
from lco.domain.booking import BookingEvent, State
from lco.domain.date_range import DAY

BOOK = "POST /api/fleet/booking"
HTMX = {"HX-Request": "true"}
TYPED = {
    "customer_name": "Ada <Lovelace>",
    "customer_email": "ada@example.com",
    "customer_phone": "218-555-0142",
    "pickup_location": "Dock 3",
    "message": "Ring twice",
}
EVE = {"customer_name": "Eve Moneypenny", "customer_email": "eve@example.com"}
"""Another customer."""


@pytest.fixture(autouse=True)
def _odoo(odoo):
    return odoo


@pytest.fixture
def form(settings):
    """What a browser sends: four days far from every booking of the demo's, and a key of the page's."""
    start = clock.today(settings.timezone) + timedelta(days=90)
    dates = {"date_from": start.isoformat(), "date_to": (start + DAY * 4).isoformat()}
    return {"vehicle_id": "3", "keep_empty": "", "idempotency_key": "page-key", **dates, **TYPED}


@pytest.fixture
def post(app, form):
    """Sends the form from a browser that has no cookie yet."""

    def send(changes=None, **options):
        return app.test_client().post("/bookings", data=form | (changes or {}), **options)

    return send


def attempts(odoo) -> int:
    return odoo.asked.count(BOOK)


def key_in(page) -> str:
    return re.search(r'name="idempotency_key" value="([^"]+)"', page.text)[1]


def values(page) -> dict[str, str]:
    """What a browser would send of the form on the page, by name."""
    fields = {}
    for tag in re.findall(r"<input[^>]*>", page.text):
        attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if "name" in attributes:
            fields[attributes["name"]] = html.unescape(attributes.get("value", ""))
    return fields


def everything_typed_is_in(page) -> bool:
    return all(text.replace("<", "&lt;").replace(">", "&gt;") in page.text for text in TYPED.values())


def test_booking_leads_to_the_customers_own_page(post, client):
    answer = post()
    assert answer.status_code == 303
    page = client.get(answer.location)
    assert page.status_code == 200
    assert re.search(r"BK-\d{8}-\w{8}", page.text)
    assert "Commercial Zero-Turn Mower" in page.text


def test_htmx_request_gets_a_redirect_header(post):
    answer = post(headers=HTMX)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"].startswith("/bookings/")
    assert "HX-Request" in answer.headers["Vary"]


def test_the_customers_page_is_for_the_customer_alone(post, client):
    page = client.get(post().location)
    assert page.headers["Cache-Control"] == "private, no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert 'content="noindex"' in page.text


def test_same_person_with_another_key_is_led_to_the_first_booking(post, odoo):
    first = post()
    assert post({"idempotency_key": "after Back"}).location == first.location
    assert attempts(odoo) == 1


def test_other_customer_with_same_email_sees_message_that_the_link_is_emailed(post, odoo):
    first = post()
    page = post(EVE | {"customer_email": "ada@example.com", "idempotency_key": "another"}, headers=HTMX)
    assert page.status_code == 409
    assert "we have emailed the link" in page.text
    assert first.location.rpartition("/")[2] not in page.text
    assert attempts(odoo) == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"in_maintenance": True}, "This machine is in maintenance."),
        ({"availability_status": "sold"}, "This machine is sold."),
    ],
)
def test_refusal_before_the_webhook_names_the_machines_new_status(post, client, odoo, form, change, sentence):
    days = {name: form[name] for name in ("date_from", "date_to")}
    page = client.get("/equipment/3-commercial-zero-turn-mower", query_string=days)
    assert "Commercial Zero-Turn Mower" in page.text
    odoo.change(3, **change)
    refused = post(headers=HTMX)
    assert refused.status_code == 409
    assert sentence in refused.text
    assert "days are taken" not in refused.text


def test_sending_the_form_twice_books_once(post, odoo):
    assert post().location == post().location
    assert attempts(odoo) == 1


def test_a_form_without_a_key_gets_one(post, odoo):
    assert post({"idempotency_key": ""}).status_code == 303
    assert post(EVE | {"idempotency_key": " "}, headers=HTMX).status_code == 409
    assert attempts(odoo) == 2


def test_mistakes_are_named_on_the_form_and_everything_typed_is_kept(post, odoo):
    for headers, is_page in (({}, True), (HTMX, False)):
        page = post({"customer_email": "ada"}, headers=headers)
        assert page.status_code == 422
        assert "Enter an email address like name@example.com." in page.text
        assert 'value="Ada &lt;Lovelace&gt;"' in page.text
        assert "Ring twice" in page.text
        assert ("<html" in page.text) == is_page
        assert "no-store" in page.headers["Cache-Control"]
    assert attempts(odoo) == 0


def test_taken_dates_are_shown_with_alternative_dates_and_a_new_key(post):
    post(EVE | {"idempotency_key": "another"})
    page = post(headers=HTMX)
    assert page.status_code == 409
    assert "These dates have just been taken" in page.text
    assert 'name="use_dates"' in page.text
    assert everything_typed_is_in(page)
    assert key_in(page) != "page-key"


def test_choosing_other_dates_keeps_everything_typed(post, client, form):
    post(EVE | {"idempotency_key": "another"})
    offered = re.search(r'name="use_dates" value="([^"]+)"', post(headers=HTMX).text)[1]
    page = client.post("/bookings/dates", data=form | {"use_dates": offered}, headers=HTMX)
    assert page.status_code == 200
    assert everything_typed_is_in(page)
    assert "There is a problem" not in page.text
    first, last = offered.split("/")
    assert values(page)["date_from"] == first
    booked = post({"date_from": first, "date_to": last, "idempotency_key": key_in(page)})
    assert booked.status_code == 303


def test_dates_that_make_no_sense_are_422(client, form):
    senseless = ["soon", "2020-01-01/2020-01-05", "2026-12-05/2026-12-01", "2099-01-01/2099-01-05", ""]
    for days in senseless:
        assert client.post("/bookings/dates", data=form | {"use_dates": days}).status_code == 422, days


def test_other_dates_need_a_machine(client, form):
    days = f"{form['date_from']}/{form['date_to']}"
    assert client.post("/bookings/dates", data={"use_dates": days}).status_code == 422
    assert client.post("/bookings/dates", data={"use_dates": days, "vehicle_id": "999999"}).status_code == 404


def test_a_key_used_for_another_booking_shows_a_message_and_is_replaced(post, odoo):
    post()
    page = post({"customer_name": "Eve"}, headers=HTMX)
    assert page.status_code == 422
    assert "already used for another booking" in page.text
    assert "Eve" in page.text
    assert key_in(page) != "page-key"
    assert attempts(odoo) == 1


def test_while_odoo_is_away_the_form_leads_to_a_page_with_the_kept_request(post, client, odoo, app):
    client.get("/equipment")
    odoo.fails_with = requests.ConnectTimeout()
    answer = post()
    assert answer.status_code == 303
    page = client.get(answer.location)
    assert "Request saved" in page.text
    assert "Please do not send it again" in page.text
    assert post().location == answer.location
    odoo.fails_with = None
    with clock.moved(timedelta(seconds=10)):
        app.extensions["lco"].bookings.recovery.process_due()
    assert re.search(r"BK-\d{8}-\w{8}", client.get(answer.location).text)
    assert attempts(odoo) == 2


def test_a_request_kept_too_long_shows_that_nothing_is_booked(post, client, odoo, app):
    client.get("/equipment")
    odoo.fails_with = requests.ConnectTimeout()
    location = post().location
    with clock.moved(timedelta(days=91)):
        app.extensions["lco"].bookings.recovery.process_due()
    page = client.get(location)
    assert "Not booked" in page.text
    assert "Please call us" in page.text


def test_an_unknown_outcome_leads_to_a_page_that_shows_it(post, client, odoo):
    client.get("/equipment")
    odoo.fails_with = 500
    answer = post()
    assert answer.status_code == 303
    odoo.fails_with = None
    assert "Checking availability" in client.get(answer.location).text
    assert post().location == answer.location
    assert attempts(odoo) == 1


def test_robots_are_refused_with_a_message(post, odoo):
    page = post({"keep_empty": "http://spam.example"}, headers=HTMX)
    assert page.status_code == 422
    assert "A hidden field was filled in" in page.text
    assert "spam.example" not in page.text
    assert everything_typed_is_in(page)
    assert attempts(odoo) == 0


def test_form_and_json_share_ten_attempts_an_hour(post, client, form, odoo):
    client.get(f"/equipment/3?date_from={form['date_from']}&date_to={form['date_to']}", follow_redirects=True)
    odoo.fails_with = requests.ConnectTimeout()
    for number in range(5):
        by_form = {"idempotency_key": str(number), "customer_email": f"ada{number}@example.com"}
        assert post(by_form, headers=HTMX).status_code == 204
        by_json = form | {"customer_email": f"eve{number}@example.com"}
        assert client.post("/api/booking", json=by_json).status_code == 202
    odoo.fails_with = None
    page = post({"idempotency_key": "the eleventh"}, headers=HTMX)
    assert page.status_code == 429
    assert "Too many attempts. Try again in" in page.text
    assert everything_typed_is_in(page)
    assert 3500 < int(page.headers["Retry-After"]) <= 3601
    assert page.headers["RateLimit"].startswith('"booking";r=0;t=')
    assert attempts(odoo) == 10


def test_a_page_left_open_overnight_asks_for_other_dates(post, settings):
    yesterday = clock.today(settings.timezone) - DAY
    page = post({"date_from": yesterday.isoformat(), "date_to": (yesterday + DAY * 3).isoformat()}, headers=HTMX)
    assert page.status_code == 422
    assert "cannot start before today" in page.text


def test_dates_that_cannot_be_shown_are_reported_above_the_form(post):
    for dates in ({"date_from": "x"}, {"date_to": "2099-01-01"}, {"date_from": "", "date_to": ""}):
        page = post(dates, headers=HTMX)
        assert page.status_code == 422
        assert "There is a problem" in page.text


def test_a_machine_that_makes_no_sense_is_a_client_error(post):
    for vehicle_id in ("", "x", "0", "-3", "9" * 30):
        assert post({"vehicle_id": vehicle_id}).status_code in {404, 422}, vehicle_id


def test_a_machine_the_shop_does_not_have_is_404(post):
    assert post({"vehicle_id": "999999"}).status_code == 404


def test_forms_of_other_sites_are_refused(post, odoo):
    assert post(headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert attempts(odoo) == 0


def test_the_calendar_entry_can_be_kept(post, client):
    location = post().location
    answer = client.get(location + ".ics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="BK-[\w-]+\.ics"', answer.headers["Content-Disposition"])
    assert answer.headers["Cache-Control"] == "private, no-store"
    (event,) = Calendar.from_ical(answer.data).walk("VEVENT")
    assert event["URL"] == f"http://localhost{location}"


class TestReturnTime:
    @pytest.fixture
    def settings(self, settings):
        return replace(settings, return_time=time(7))

    def test_page_and_calendar_entry_show_it_until_the_booking_is_over(self, post, client, app):
        location = post().location
        assert "7 am on " in client.get(location).text
        (event,) = Calendar.from_ical(client.get(location + ".ics").data).walk("VEVENT")
        assert "\nReturn by: 7 am on " in event["DESCRIPTION"]
        reference = re.search(r"BK-\d{8}-\w{8}", client.get(location).text)[0]
        app.extensions["lco"].bookings.events.on_changed(BookingEvent(reference, State.CANCELLED))
        assert "7 am on " not in client.get(location).text
        assert "Return by" not in client.get(location + ".ics").text


def test_an_unknown_booking_is_404(client):
    for path in ("/bookings/unknown", "/bookings/unknown.ics", "/bookings/%00", "/bookings/%ff"):
        assert client.get(path).status_code == 404, path


def test_the_page_follows_the_booking(post, client, app):
    location = post().location
    reference = re.search(r"BK-\d{8}-\w{8}", client.get(location).text)[0]
    app.extensions["lco"].bookings.events.on_changed(
        BookingEvent(reference, State.CANCELLED, "The yard is flooded.")
    )
    page = client.get(location)
    assert "The yard is flooded." in page.text
    assert "STATUS:CANCELLED" in client.get(location + ".ics").text


def test_booking_that_staff_made_an_inquiry_shows_that_no_days_are_held(post, client, app):
    location = post().location
    reference = re.search(r"BK-\d{8}-\w{8}", client.get(location).text)[0]
    assert "Your dates are on hold" in client.get(location).text
    app.extensions["lco"].bookings.events.on_changed(BookingEvent(reference, kind="inquiry"))
    assert "They are not held for you" in client.get(location).text
    app.extensions["lco"].bookings.events.on_changed(BookingEvent(reference, kind="reservation"))
    assert "Your dates are on hold" in client.get(location).text


def test_no_log_line_names_the_customer(post, caplog):
    caplog.set_level(0)
    post()
    post({"customer_email": "not-ada@", "idempotency_key": "2"}, headers=HTMX)
    for secret in ("Ada", "ada@", "555-0142", "5550142", "Dock 3", "Ring twice"):
        assert secret not in caplog.text


def quoted_form(client, form):
    """The form that the page of the chosen days shows, filled in."""
    page = client.get(
        f"/equipment/3?date_from={form['date_from']}&date_to={form['date_to']}", follow_redirects=True
    )
    return values(page) | TYPED


@pytest.mark.parametrize("moved", ["date_from", "date_to", "both"])
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_other_dates_than_those_with_a_price_are_answered_with_their_price(client, form, odoo, moved, headers):
    sent = quoted_form(client, form)
    shift = {"date_from": DAY, "date_to": -DAY}
    for name in ("date_from", "date_to") if moved == "both" else (moved,):
        by = DAY * 30 if moved == "both" else shift[name]
        sent[name] = (date.fromisoformat(sent[name]) + by).isoformat()
    page = client.post("/bookings", data=sent, headers=headers)
    assert page.status_code == 409
    assert attempts(odoo) == 0
    assert "nothing is booked yet" in page.text
    assert everything_typed_is_in(page)
    again = values(page)
    assert (again["date_from"], again["date_to"]) == (sent["date_from"], sent["date_to"])
    assert client.post("/bookings", data=again | TYPED).status_code == 303
    assert attempts(odoo) == 1


def test_the_button_names_the_days_and_the_price(client, form):
    page = client.get(
        f"/equipment/3?date_from={form['date_from']}&date_to={form['date_to']}", follow_redirects=True
    )
    button = re.search(r'<button id="send".*?</button>', page.text, re.DOTALL)[0]
    assert re.search(r"Book [A-Z][a-z]{2} \d+ – [A-Z][a-z]{2} \d+ for \$[\d,]+", button)


@pytest.mark.parametrize(
    "ends", [("2020-01-01", "2020-01-05"), ("soon", ""), ("", ""), ("2026-12-05", "0020-12-08")]
)
@pytest.mark.parametrize("path", ["/bookings", "/bookings/dates"])
def test_refused_dates_keep_everything_typed(client, form, odoo, path, ends):
    sent = quoted_form(client, form) | {"date_from": ends[0], "date_to": ends[1]}
    page = client.post(path, data=sent)
    assert page.status_code == 422 or (path == "/bookings/dates" and ends == ("", ""))
    assert everything_typed_is_in(page)
    assert attempts(odoo) == 0


def test_dates_that_are_put_right_can_be_booked_after_their_price(client, form, odoo):
    refused = client.post("/bookings", data=quoted_form(client, form) | {"date_from": "2020-01-01"})
    right = values(refused) | TYPED | {"date_from": form["date_from"], "date_to": form["date_to"]}
    priced = client.post("/bookings", data=right)
    assert (priced.status_code, attempts(odoo)) == (409, 0)
    assert client.post("/bookings", data=values(priced) | TYPED).status_code == 303


def test_typed_dates_are_answered_with_their_price_and_address(client, form):
    sent = quoted_form(client, form)
    sent["date_to"] = (date.fromisoformat(sent["date_to"]) + DAY).isoformat()
    page = client.post("/bookings/dates", data=sent, headers=HTMX)
    assert page.status_code == 200
    assert f"date_to={sent['date_to']}" in page.headers["HX-Push-Url"]
    assert values(page)["quoted"] == f"{sent['date_from']}/{sent['date_to']}"
    assert everything_typed_is_in(page)


def test_days_of_the_same_browser_are_its_own(client, form):
    booked = client.post("/bookings", data=form)
    page = client.get(
        f"/equipment/3?date_from={form['date_from']}&date_to={form['date_to']}", follow_redirects=True
    )
    assert "These days are yours" in page.text
    assert booked.location in page.text
    assert "booking-form" not in page.text


def test_days_of_another_browser_are_not(client, post, form):
    post()
    page = client.get(
        f"/equipment/3?date_from={form['date_from']}&date_to={form['date_to']}", follow_redirects=True
    )
    assert "These days are yours" not in page.text


def test_a_cancelled_booking_claims_no_days(client, form, app):
    token = client.post("/bookings", data=form).location.rpartition("/")[2]
    services = app.extensions["lco"]
    reference = services.bookings.service.by_token(token).reference
    services.bookings.events.on_changed(BookingEvent(reference, State.CANCELLED))
    page = client.get(
        f"/equipment/3?date_from={form['date_from']}&date_to={form['date_to']}", follow_redirects=True
    )
    assert "These days are yours" not in page.text


def test_the_cookie_is_for_the_server_alone(client, form):
    cookie = client.post("/bookings", data=form).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_a_script_is_led_by_a_body_that_cannot_be_cut_short_unnoticed(client, form):
    answer = client.post("/bookings", data=form, headers={**HTMX, "Accept": "application/json, text/html;q=0.5"})
    assert answer.status_code == 201
    assert answer.json["page"].startswith("/bookings/")
