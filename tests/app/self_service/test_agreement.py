"""The rental terms are ticked when booking, kept as they were shown, and printed with the booking."""

import re
from urllib.parse import urlsplit

import pytest
import requests

from lco.blueprints.booking_requests import OTHER_TERMS
from lco.domain.agreement import Agreement
from tests.app.self_service.demo_odoo import dates, form_in


@pytest.fixture
def form(days):
    return {
        "vehicle_id": "1",
        "customer_name": "Ada Lovelace",
        "customer_email": "ada@example.com",
        "customer_phone": "218-555-0142",
        "idempotency_key": "page-key",
        **dates(days),
    }


def box_in(page) -> str:
    return re.search(r'<input id="agree" type="checkbox" name="([^"]+)"', page.text)[1]


def ticked(page) -> dict[str, str]:
    """What a browser sends of the terms once the box is ticked."""
    box = box_in(page)
    return {"terms": box.removeprefix("agree-"), box: "on"}


def test_form_shows_a_box_named_by_the_digest_of_the_terms(client, services, days):
    page = client.get("/equipment/1-professional-snow-blower", query_string=dates(days))
    terms = services.agreement(services.catalogue.details(1))
    assert box_in(page) == f"agree-{terms.digest}"
    assert terms.text in page.text


def test_booking_without_the_tick_is_refused_and_books_nothing(client, odoo, services, form):
    shown = {"terms": services.agreement(services.catalogue.details(1)).digest}
    answer = client.post("/bookings", data=form | shown)
    assert answer.status_code == 422
    assert "Please read the rental terms" in answer.text
    assert odoo.asked.count("POST /api/fleet/booking") == 0


def test_terms_are_kept_as_shown_and_printed_with_the_booking(client, services, form, days):
    tick = ticked(client.get("/equipment/1-professional-snow-blower", query_string=dates(days)))
    shown = services.agreement(services.catalogue.details(1))
    page = client.post("/bookings", data=form | tick).location
    text = client.get(page).text
    assert shown.text in text
    assert shown.digest in text


def test_tick_of_other_terms_is_asked_for_again(client, form):
    old = Agreement("<p>old</p>").digest
    answer = client.post("/bookings", data=form | {"terms": old, f"agree-{old}": "on"})
    assert answer.status_code == 422
    assert "The rental terms have changed" in answer.text


def test_mistake_elsewhere_keeps_the_tick(client, form, days):
    tick = ticked(client.get("/equipment/1-professional-snow-blower", query_string=dates(days)))
    answer = client.post("/bookings", data=form | tick | {"customer_email": "ada"})
    assert answer.status_code == 422
    assert re.search(r'<input id="agree"[^>]* checked', answer.text)


def test_lost_answer_is_answered_again_though_the_terms_are_other_ones_now(client, form, days):
    tick = ticked(client.get("/equipment/1-professional-snow-blower", query_string=dates(days)))
    first = client.post("/bookings", data=form | tick)
    again = client.post("/bookings", data=form | {"terms": "of other days"})
    assert (first.status_code, again.location) == (303, first.location)


def test_form_that_has_shown_no_terms_books_without(client, form):
    page = client.post("/bookings", data=form)
    assert page.status_code == 303
    assert "terms that you agreed to" not in client.get(page.location).text


def test_api_client_that_names_the_terms_agrees_to_them(client, services, form):
    terms = services.terms(1)
    assert client.get("/api/fleet/vehicle/1").json["data"]["agreement"] == {
        "text": terms.text,
        "digest": terms.digest,
    }
    answer = client.post("/api/booking", json=order(form, terms_digest=terms.digest))
    assert answer.status_code == 201
    page = client.get(answer.location)
    assert terms.digest in page.text
    assert 'id="unticked"' not in page.text
    assert in_json(client, answer)["terms_digest"] == terms.digest


@pytest.mark.parametrize("digest", ["", "x", "0" * 64, 7, True, [], {}])
def test_api_client_that_names_other_terms_is_refused_and_books_nothing(client, odoo, form, digest):
    answer = client.post("/api/booking", json=order(form, terms_digest=digest))
    assert answer.status_code == 400
    assert answer.json["fields"] == {"terms_digest": [OTHER_TERMS]}
    assert odoo.asked.count("POST /api/fleet/booking") == 0


@pytest.mark.parametrize("named", [{}, {"terms_digest": None}])
def test_api_client_that_names_no_terms_books_and_the_page_shows_no_agreement(client, form, named):
    answer = client.post("/api/booking", json=order(form, **named))
    assert answer.status_code == 201
    page = client.get(answer.location)
    assert "No rental terms were ticked with this booking." in page.text
    link = re.search(r'id="unticked".*?href="([^"]+)"', page.text)[1]
    assert 'id="terms"' in client.get(link, follow_redirects=True).text
    assert in_json(client, answer)["terms_digest"] is None


def test_same_attempt_is_answered_again_though_the_terms_are_other_ones_now(client, services, form):
    body, key = order(form, terms_digest=services.terms(1).digest), {"Idempotency-Key": "order-1"}
    first = client.post("/api/booking", json=body, headers=key)
    again = client.post("/api/booking", json=body | {"terms_digest": "of other days"}, headers=key)
    assert (first.status_code, again.status_code, again.location) == (201, 201, first.location)


def test_page_without_a_tick_is_shown_while_odoo_is_away(client, odoo, services, form):
    page = client.post("/api/booking", json=order(form)).location
    odoo.fails_with = requests.ConnectTimeout()
    services.catalogue.invalidate(1)
    assert client.get(page).status_code == 200


def test_cancelled_booking_does_not_show_terms(client, services, form):
    page = client.post("/api/booking", json=order(form)).location
    path = urlsplit(page).path
    confirm = client.get(f"{path}/cancel").text
    assert client.post(f"{path}/cancel", data=form_in(confirm)).status_code == 303
    assert "rental terms" not in client.get(page).text


def order(form: dict[str, str], **more: object) -> dict[str, object]:
    """The request of an API client."""
    typed = {name: value for name, value in form.items() if name != "idempotency_key"}
    return typed | {"vehicle_id": 1} | more


def in_json(client, answer) -> dict:
    token = urlsplit(answer.location).path.rpartition("/")[2]
    return client.get(f"/api/booking/{token}").json["data"]


def test_same_text_is_stored_once(services, wanted_twice):
    with services.db.connection() as connection:
        rows = connection.exec_driver_sql("SELECT COUNT(*) FROM agreements").scalar()
    assert rows == 1


@pytest.fixture
def wanted_twice(client, form, days):
    tick = ticked(client.get("/equipment/1-professional-snow-blower", query_string=dates(days)))
    for number in (1, 2):
        other = dates(days.shift((days.end - days.start) * number))
        client.post("/bookings", data=form | other | tick | {"idempotency_key": f"key {number}"})


def test_terms_of_the_shop_come_before_those_of_the_machine(services, odoo):
    services.business.read()
    shop, machine = services.business.known.terms_html, services.catalogue.details(1).terms_html
    assert shop
    assert services.agreement(services.catalogue.details(1)).text == shop + machine
