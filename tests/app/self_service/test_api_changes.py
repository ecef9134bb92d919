"""A booking read, quoted, changed and cancelled by an API client; every response conforms to the description."""

import pytest
from jsonschema import Draft202012Validator

from lco.blueprints.openapi import description
from lco.domain.date_range import DAY
from tests.app.self_service.demo_odoo import dates, in_odoo, reference

DOCUMENT = description()
PATH = "/api/booking/{token}"


@pytest.fixture
def ask(client, page):
    """Sends a call about the booking, checks its answer against the description, and gives both."""

    def send(call="", body=None, key=None):
        address = page.replace("/bookings/", "/api/booking/") + call
        headers = {"Idempotency-Key": key} if key else {}
        answer = client.get(address) if body is None else client.post(address, json=body, headers=headers)
        operation = DOCUMENT["paths"][PATH + call]["get" if body is None else "post"]
        schema = operation["responses"][str(answer.status_code)]["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(answer.json)
        return answer

    return send


def test_booking_is_read_without_anything_about_its_customer(ask, odoo):
    answer = ask()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.json["data"]["booking_ref"] == reference(odoo)
    assert answer.json["data"]["changeable"] is True
    assert not any(word in answer.text for word in ("Ada", "ada@", "218-555", "5550142"))


def test_quote_then_change_then_cancel(ask, odoo, days):
    later = days.shift(DAY * 10)
    quoted = ask("/quote", dates(later))
    assert quoted.status_code == 200
    assert (quoted.json["bookable"], quoted.json["difference"]) == (True, 0)
    body = {**dates(later), "version": quoted.json["version"]}
    changed = [ask("/change", body, "one") for _ in range(2)]
    assert [answer.status_code for answer in changed] == [200, 200]
    assert changed[0].json == changed[1].json
    assert odoo.asked.count(f"POST /api/fleet/booking/{reference(odoo)}/change") == 1
    version = changed[0].json["data"]["version"]
    cancelled = ask("/cancel", {"version": version, "reason": "Rain"}, "two")
    assert cancelled.json["data"]["state"] == "cancelled"
    assert in_odoo(odoo, reference(odoo))["state"] == "cancelled"


def test_refusals_have_the_codes_of_the_contract(ask, odoo, book, days):
    ref, later = reference(odoo), days.shift(DAY * 10)
    version = ask("/quote", dates(later)).json["version"]
    book(at=later, email="ben@example.com")
    taken = ask("/change", {**dates(later), "version": version}, "one")
    assert (taken.status_code, taken.json["error"]) == (409, "taken")
    odoo.control(f"bookings/{ref}/confirm")
    old = ask("/cancel", {"version": version}, "two")
    assert (old.status_code, old.json["error"]) == (409, "version")
    odoo.control("settings", change_hours=24 * 90)
    late = ask("/cancel", {"version": version + 1}, "three")
    assert (late.status_code, late.json["error"]) == (403, "too_late")
    assert late.json["until"]


def test_outcome_that_is_not_known_is_202(ask, odoo):
    version = ask("/quote", {"date_from": "2099-01-01", "date_to": "2099-01-02"}).json["version"]
    odoo.loses_answers = True
    kept = ask("/cancel", {"version": version}, "one")
    assert (kept.status_code, kept.json["state"]) == (202, "sending")
    assert ask().json["data"]["change_under_way"] is True


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("/quote", {}),
        ("/quote", {"date_from": 7, "date_to": []}),
        ("/change", {"date_from": "2099-01-01", "date_to": "2099-01-05"}),
        ("/change", {"date_from": "2099-01-01", "date_to": "2099-01-05", "version": "x"}),
        ("/cancel", {"version": 0}),
        ("/cancel", {"version": 1, "reason": "x" * 501}),
    ],
)
def test_odd_body_is_400(ask, call, body):
    assert ask(call, body, "one").status_code == 400


def test_unknown_secret_is_404(client):
    assert client.get("/api/booking/unknown").status_code == 404
    for call in ("quote", "change", "cancel"):
        body = {"date_from": "2099-01-01", "date_to": "2099-01-05", "version": 1}
        assert client.post(f"/api/booking/unknown/{call}", json=body).status_code == 404
