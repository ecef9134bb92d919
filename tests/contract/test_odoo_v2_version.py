"""The version of a server, and its key (docs/odoo-contract.md, sections 4.1 and 4.3)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import requests

from tests.contract.factories import SNOW_BLOWER, ahead
from tests.contract.version_2 import TIMEOUT, booking_body, range_body

FREE = ahead(60, 4)
PRIVATE = ("booking/BK-20240115-A1B2C3D4", "booking?idempotency_key=k", "bookings", "changes")
OPEN = ("version", "calendar", "storefront", "vehicles", "vehicle/1", "filters")


def test_the_version_names_the_module_and_the_time(odoo_2):
    data = odoo_2.data("version")
    assert data["contract"] == 2
    assert all(data[name] for name in ("module", "module_version", "odoo_version"))
    server_time = datetime.fromisoformat(data["time"])
    assert abs(server_time - datetime.now(UTC)) < timedelta(minutes=1)
    assert ZoneInfo(data["timezone"])


@pytest.mark.parametrize(("sent", "state"), [(None, "missing"), ("another", "wrong"), ("right", "accepted")])
def test_the_version_says_how_the_key_was_taken(odoo_2, sent, state):
    key = odoo_2.key if sent == "right" else sent
    assert odoo_2.get("version", key=key).json()["data"]["key"] == state


def test_the_version_says_that_no_key_is_set(odoo_2):
    odoo_2.staff.set_key("")
    assert odoo_2.data("version")["key"] == "none"


@pytest.mark.parametrize("path", OPEN)
def test_reading_the_catalogue_wants_no_key(odoo_2, path):
    answer = odoo_2.get(path, key=None)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", PRIVATE)
@pytest.mark.parametrize("key", [None, "another"])
def test_bookings_are_not_read_without_the_right_key(odoo_2, path, key):
    answer = odoo_2.get(path, key=key)
    assert answer.status_code == 401
    assert answer.json()["success"] is False
    assert "data" not in answer.json()


@pytest.mark.parametrize("path", PRIVATE)
def test_bookings_are_not_read_where_no_key_is_set(odoo_2, path):
    odoo_2.staff.set_key("")
    for key in (None, "any"):
        answer = odoo_2.get(path, key=key)
        assert (answer.status_code, answer.json()["error"]) == (403, "key_required")


@pytest.mark.parametrize("path", PRIVATE)
def test_answers_about_bookings_are_kept_nowhere_and_shown_to_no_page(odoo_2, path):
    answer = odoo_2.get(path)
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_booking_wants_the_key_where_one_is_set(odoo_2):
    body = booking_body(SNOW_BLOWER, FREE)
    codes = [odoo_2.post("booking", body, key=key).status_code for key in (None, "another", odoo_2.key)]
    assert codes == [401, 401, 201]


@pytest.mark.parametrize("call", ["quote", "change", "cancel"])
def test_a_change_wants_the_key_too(odoo_2, call):
    ref = odoo_2.booked(SNOW_BLOWER, FREE)
    body = {**range_body(ahead(70, 2)), "version": 1, "reason": ""}
    assert odoo_2.post(f"booking/{ref}/{call}", body, key=None, attempt="k").status_code == 401
    odoo_2.staff.set_key("")
    answer = odoo_2.post(f"booking/{ref}/{call}", body, key=None, attempt="k")
    assert (answer.status_code, answer.json()["error"]) == (403, "key_required")


def test_without_a_key_a_booking_must_be_json(odoo_2):
    odoo_2.staff.set_key("")
    url = f"{odoo_2.base_url}/api/fleet/booking"
    headers = {"Content-Type": "text/plain"}
    body = booking_body(SNOW_BLOWER, FREE)
    assert requests.post(url, json=body, headers=headers, timeout=TIMEOUT).status_code == 415
    assert requests.post(url, json=body, timeout=TIMEOUT).status_code == 201


def test_without_a_key_bookings_are_limited(odoo_2):
    odoo_2.staff.set_key("")
    odoo_2.staff.limit_writes(2)
    answers = [
        odoo_2.post("booking", booking_body(SNOW_BLOWER, ahead(60 + 5 * number, 4)), key=None)
        for number in range(3)
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_with_the_key_bookings_are_not_limited(odoo_2):
    odoo_2.staff.limit_writes(1)
    for number in range(3):
        odoo_2.booked(SNOW_BLOWER, ahead(60 + 5 * number, 4))
