"""Booking as JSON: the contract's answers, idempotency keys, limits and origins."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
import requests

from lco import clock
from lco.domain.date_range import DAY

BOOK = "POST /api/fleet/booking"


@pytest.fixture(autouse=True)
def _odoo(odoo):
    return odoo


@pytest.fixture
def body(settings):
    """Four days far from every booking of the demo's."""
    start = clock.today(settings.timezone) + timedelta(days=90)
    return {
        "vehicle_id": 3,
        "customer_name": "Ada Lovelace",
        "customer_email": "ada@example.com",
        "customer_phone": "218-555-0142",
        "date_from": start.isoformat(),
        "date_to": (start + DAY * 4).isoformat(),
    }


EVE = {"customer_name": "Eve Moneypenny", "customer_email": "eve@example.com"}
"""Another customer."""


@pytest.fixture
def post(client, body):
    def send(changes=None, key=None, **options):
        headers = options.pop("headers", {}) | ({"Idempotency-Key": key} if key is not None else {})
        return client.post("/api/booking", json=body | (changes or {}), headers=headers, **options)

    return send


def attempts(odoo) -> int:
    return odoo.asked.count(BOOK)


def test_success_is_odoos_answer_and_names_the_customers_page(post, client):
    answer = post()
    assert answer.status_code == 201
    assert answer.json.keys() == {
        "success",
        "booking_ref",
        "booking_id",
        "message",
        "estimated_price",
        "currency",
    }
    assert answer.json["success"] is True
    assert answer.json["booking_ref"].startswith("BK-")
    assert answer.json["currency"] == "USD"
    assert isinstance(answer.json["estimated_price"], float)
    assert answer.json["booking_ref"] in client.get(answer.headers["Location"]).text


def test_taken_dates_are_409_with_the_nearest_free_ones(post, body):
    post(EVE)
    answer = post()
    assert answer.status_code == 409
    assert (answer.json["success"], answer.json["error"]) == (False, "dates_taken")
    assert answer.json["alternatives"][0] == {
        "date_from": body["date_to"],
        "date_to": _plus(body["date_to"], 4),
    }


def test_repeated_refused_request_gets_the_same_offers_without_asking_odoo(post, odoo):
    post(EVE)
    first = post(key="key-of-ada")
    asked = list(odoo.asked)
    again = post(key="key-of-ada")
    assert (first.status_code, again.status_code) == (409, 409)
    assert again.json["alternatives"] == first.json["alternatives"] != []
    assert odoo.asked == asked


def _plus(day: str, days: int) -> str:
    return (date.fromisoformat(day) + DAY * days).isoformat()


def test_bad_fields_are_400_with_a_sentence_for_each(post, odoo):
    answer = post({"customer_email": "ada", "date_to": "soon"})
    assert answer.status_code == 400
    assert answer.json["error"] == "invalid_input"
    assert answer.json["fields"] == {
        "customer_email": ["Enter an email address like name@example.com."],
        "date_to": ["Enter a date like 2026-12-01."],
    }
    assert attempts(odoo) == 0


def test_a_body_that_is_not_a_json_object_is_refused_in_json(client):
    useless = [b"{", b"", b"[]", b'"text"', b"[" * 60_000, b'{"vehicle_id": ' + b"9" * 6000 + b"}", b"\xff\xfe"]
    for sent in useless:
        answer = client.post("/api/booking", data=sent, content_type="application/json")
        assert (answer.status_code, answer.json["success"]) == (400, False), sent[:20]
        assert answer.json["message"]


def test_a_body_of_more_than_64_kb_is_413(client):
    answer = client.post("/api/booking", data=b'"' + b"x" * 70_000 + b'"', content_type="application/json")
    assert (answer.status_code, answer.json["success"]) == (413, False)


def test_another_content_type_is_415(client, body):
    answer = client.post("/api/booking", data=body)
    assert answer.status_code == 415
    assert answer.json["success"] is False


def test_a_machine_the_shop_does_not_have_is_404(post, odoo):
    assert post({"vehicle_id": 999_999}).status_code == 404
    assert attempts(odoo) == 0


def test_hostile_values_are_400(post):
    for changes in ({"message": "\ud800"}, {"customer_name": "\x00"}, {"vehicle_id": True}, {"date_to": {}}):
        assert post(changes).status_code == 400, changes


def test_while_odoo_is_away_it_is_202_and_the_site_books_when_it_is_back(post, odoo, client, app):
    client.get("/equipment")
    odoo.fails_with = requests.ConnectTimeout()
    answer = post(key="k")
    assert answer.status_code == 202
    assert answer.json.keys() == {"success", "state", "message", "booking_ref", "booking_url"}
    assert (answer.json["success"], answer.json["state"], answer.json["booking_ref"]) == (True, "requested", None)
    assert answer.headers["Location"] == answer.json["booking_url"]
    assert "Request saved" in client.get(answer.json["booking_url"]).text
    odoo.fails_with = None
    with clock.moved(timedelta(seconds=10)):
        app.extensions["lco"].bookings.recovery.process_due()
    made = post(key="k")
    assert (made.status_code, made.headers["Location"]) == (201, answer.headers["Location"])
    assert attempts(odoo) == 2


def test_an_unknown_outcome_is_202_with_a_page_that_will_know(post, odoo, client):
    client.get("/equipment")
    failures = [requests.ReadTimeout(), requests.ConnectionError("reset"), 500, 502]
    for count, failure in enumerate(failures, start=1):
        odoo.fails_with = failure
        customer = {"customer_email": f"ada{count}@example.com"}
        answer = post(customer, key=str(count))
        assert (answer.status_code, answer.json["state"]) == (202, "checking")
        assert "do not book again" in answer.json["message"]
        odoo.fails_with = None
        assert post(customer, key=str(count)).json == answer.json
        assert attempts(odoo) == count, "it is not sent again blindly"
        assert "Checking availability" in client.get(answer.json["booking_url"]).text


def test_the_same_key_and_body_get_the_same_answer(post, odoo):
    first, again = post(key="k"), post(key="k")
    assert (first.json, first.status_code) == (again.json, again.status_code)
    assert first.headers["Location"] == again.headers["Location"]
    assert attempts(odoo) == 1


def test_a_quoted_key_is_the_key_within_the_quotes(post, odoo):
    assert post(key='"k \\"1\\""').status_code == 201
    assert post(EVE, key="k").status_code == 409
    assert post(EVE, key='k "1"').status_code == 400, "it has a space"
    assert post(key='"k \\"1\\""').status_code == 201
    assert attempts(odoo) == 2


def test_the_same_key_with_another_body_is_422(post):
    post(key="k")
    answer = post({"customer_name": "Eve"}, key="k")
    assert (answer.status_code, answer.json["error"]) == (422, "idempotency_key_reused")
    assert "Location" not in answer.headers


def test_an_unusable_key_is_400(post, odoo):
    for key in ("", '""', '"', '"a', "x" * 256, "two words", "ü", "a\tb"):
        answer = post(key=key)
        assert answer.status_code == 400, key
        assert "Idempotency-Key" in answer.json["message"]
    assert attempts(odoo) == 0


def test_keys_of_1_to_255_visible_characters_are_taken(post, odoo):
    keys = ["x" * 255, "!", "8e03978e-40d5-43dd-bc93-6894a57f9324", '"8e03978e"']
    for _ in range(2):
        answers = [post({"customer_email": f"ada{number}@example.com"}, key) for number, key in enumerate(keys)]
        assert [answer.status_code for answer in answers] == [201, 409, 409, 409]
    assert attempts(odoo) == 4


def test_without_a_key_every_customer_has_an_own_request(post):
    assert [post(customer).status_code for customer in ({}, EVE)] == [201, 409]


@pytest.mark.parametrize(
    "spelling",
    [
        {},
        {"customer_name": " ADA  lovelace"},
        {"customer_name": "Ada Lovela\u0302ce"},
        {"customer_email": "Ada@Example.com"},
        {"customer_phone": "+1 (218) 555\u00a00142"},
        {"customer_phone": "218-555-0142 x5"},
    ],
)
def test_same_person_with_another_key_gets_the_first_booking(post, odoo, spelling):
    first, again = post(key="first"), post(spelling, key="second")
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Location"] == first.headers["Location"]
    assert attempts(odoo) == 1


@pytest.mark.parametrize("change", [{"customer_name": "Eve"}, {"customer_phone": "218-555-0199"}])
def test_other_customer_with_same_email_gets_no_link_and_books_nothing(post, odoo, change):
    first, again = post(), post(change)
    assert (again.status_code, again.json["error"]) == (409, "already_requested")
    assert "Location" not in again.headers
    assert first.headers["Location"].rpartition("/")[2] not in again.text
    assert attempts(odoo) == 1


def test_other_kind_for_the_same_days_is_another_booking(post, odoo):
    post()
    assert post({"booking_type": "inquiry"}).json.get("booking_ref") != post().json["booking_ref"]
    assert attempts(odoo) == 2


def test_the_eleventh_attempt_within_an_hour_is_429(post, odoo, client):
    client.get("/equipment")
    odoo.fails_with = requests.ConnectTimeout()
    statuses = [post({"customer_email": f"ada{number}@example.com"}).status_code for number in range(11)]
    assert statuses == [202] * 10 + [429]
    assert attempts(odoo) == 10
    answer = post()
    assert answer.json["error"] == "too_many_requests"
    assert 3500 < int(answer.headers["Retry-After"]) <= 3601


def test_twenty_parallel_attempts_reach_odoo_ten_times(app, odoo, body):
    app.test_client().get("/equipment")
    odoo.fails_with = requests.ConnectTimeout()

    def send(number: int) -> int:
        customer = {"customer_email": f"ada{number}@example.com"}
        return app.test_client().post("/api/booking", json=body | customer).status_code

    with ThreadPoolExecutor(20) as threads:
        statuses = sorted(threads.map(send, range(20)))
    assert statuses == [202] * 10 + [429] * 10
    assert attempts(odoo) == 10


def test_replays_and_refusals_burn_nothing(post):
    post(key="k")
    for _ in range(12):
        assert post(key="k").status_code == 201
        assert post({"customer_email": "x"}).status_code == 400
    assert post().headers["RateLimit"].startswith('"booking";r=8;')


def test_response_headers_report_the_remaining_requests(post):
    answer = post()
    assert answer.headers["RateLimit-Policy"] == '"booking";q=10;w=3600'
    assert answer.headers["RateLimit"].startswith('"booking";r=9;t=')


def test_the_sixty_first_useless_request_within_an_hour_is_429(post, client):
    sent = [post({"customer_email": "x"}).status_code for _ in range(30)]
    sent += [
        client.post("/api/booking", data=b"{", content_type="application/json").status_code for _ in range(31)
    ]
    assert sent == [400] * 60 + [429]
    assert post().status_code == 201, "a good one is still taken"


def test_clients_are_distinguished_by_the_address_the_trusted_proxy_reports(post, client, odoo):
    client.get("/equipment")
    odoo.fails_with = requests.ConnectTimeout()
    for _ in range(11):
        last = post(environ_overrides={"REMOTE_ADDR": "203.0.113.7"})
    assert last.status_code == 429
    odoo.fails_with = None
    assert post(EVE, environ_overrides={"REMOTE_ADDR": "203.0.113.8"}).status_code == 201
    forged = post(environ_overrides={"REMOTE_ADDR": "203.0.113.7"}, headers={"X-Forwarded-For": "198.51.100.1"})
    assert forged.status_code == 429


class TestFromOtherSites:
    @pytest.fixture
    def settings(self, settings):
        return replace(settings, cors_origins=("https://partner.example",))

    def test_an_allowed_page_may_book_and_read_the_answer(self, post):
        answer = post(headers={"Origin": "https://partner.example"})
        assert answer.status_code == 201
        assert answer.headers["Access-Control-Allow-Origin"] == "https://partner.example"
        assert "Location" in answer.headers["Access-Control-Expose-Headers"]
        assert "Origin" in answer.headers["Vary"]

    def test_an_allowed_page_may_ask_first(self, client):
        asked = {"Origin": "https://partner.example", "Access-Control-Request-Method": "POST"}
        answer = client.options("/api/booking", headers=asked)
        assert answer.status_code == 200
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
        assert "Idempotency-Key" in answer.headers["Access-Control-Allow-Headers"]

    def test_an_allowed_page_may_read_why_it_was_refused(self, post):
        answer = post({"customer_email": "x"}, headers={"Origin": "https://partner.example"})
        assert answer.status_code == 400
        assert answer.headers["Access-Control-Allow-Origin"] == "https://partner.example"

    def test_any_other_page_is_refused(self, post, odoo):
        for origin in ("https://evil.example", "null", "http://[", "https://partner.example.evil"):
            answer = post(headers={"Origin": origin})
            assert (answer.status_code, answer.json["error"]) == (403, "forbidden"), origin
            assert "Access-Control-Allow-Origin" not in answer.headers
        assert attempts(odoo) == 0

    def test_own_pages_and_api_clients_need_no_permission(self, post):
        assert post(headers={"Origin": "http://localhost"}).status_code == 201
        assert "Access-Control-Allow-Origin" not in post().headers


def test_no_response_and_no_log_line_has_confidential_data(post, caplog):
    caplog.set_level(0)
    post()
    post({"customer_name": ""})
    for secret in ("Ada", "ada@example.com", "2185550142", "218-555-0142"):
        assert secret not in caplog.text


def test_the_same_key_is_answered_alike_after_midnight_of_the_first_day(post, settings):
    """A booking whose dates can no longer be requested was made nevertheless (F17)."""
    today = clock.today(settings.timezone)
    days = {"vehicle_id": 7, "date_from": today.isoformat(), "date_to": (today + DAY * 2).isoformat()}
    first = post(days, "key-1")
    assert first.status_code == 201
    with clock.moved(timedelta(days=1)):
        again = post(days, "key-1")
        assert (again.status_code, again.json) == (201, first.json)
        assert post(days, "key-2").status_code == 400


def test_list_shows_days_booked_here_as_taken_at_once(post, client, body):
    """The list of free machines is read again (F9)."""
    url = f"/equipment?date_from={body['date_from']}&date_to={body['date_to']}"
    assert 'id="card-3"' in client.get(url).text
    assert "card-taken" not in card(client.get(url).text)
    assert post().status_code == 201
    assert "card-taken" in card(client.get(url).text)


def card(page: str) -> str:
    return page.partition('id="card-3"')[2].partition("</article>")[0]
