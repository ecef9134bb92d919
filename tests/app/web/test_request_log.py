import logging
import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from lco import clock
from lco.web import request_log
from tests.factories import order


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO, request_log.__name__)
    return lambda: [record.getMessage() for record in caplog.records if record.name == request_log.__name__]


def test_every_response_has_an_id_of_its_own(client):
    ids = [client.get("/about").headers["X-Request-Id"] for _ in range(3)]
    assert len(set(ids)) == 3
    assert all(re.fullmatch(r"[0-9a-f]{16}", identity) for identity in ids)


def test_a_usable_id_of_the_client_is_given_back(client):
    assert client.get("/about", headers={"X-Request-Id": "router-1234"}).headers["X-Request-Id"] == "router-1234"


@pytest.mark.parametrize("odd", ["short", "x" * 65, "a b c d e f", "naïve-identity"])
def test_an_odd_id_is_replaced(client, odd):
    assert client.get("/about", headers={"X-Request-Id": odd}).headers["X-Request-Id"] != odd


def test_a_secret_address_is_written_as_its_route(client, lines):
    client.get("/bookings/a-secret-token?date_from=2030-01-01")
    (line,) = lines()
    assert "route=/bookings/<token> status=404" in line
    assert "secret" not in line
    assert "2030" not in line


def test_a_refusal_is_written_with_its_reason(client, lines):
    client.post("/api/webhook/booking", data=b"{}")
    (line,) = lines()
    assert "method=POST route=/api/webhook/booking status=401" in line
    assert "error=unauthorized" in line


def test_probes_of_platforms_write_no_line(client, lines):
    client.get("/healthz")
    assert lines() == []


def test_requests_of_a_customer_are_found_by_the_number_of_the_booking(client, odoo, lines, settings):
    start = clock.today(settings.timezone) + timedelta(days=90)
    booked = client.post("/api/booking", json=order(3, start, start + timedelta(days=2)))
    reference = booked.json["booking_ref"]
    page = urlsplit(booked.headers["Location"]).path
    for address in (page, f"{page}.ics"):
        assert client.get(address).status_code == 200
    found = [line for line in lines() if f"booking={reference} " in line]
    assert [line.split(" route=")[1].split()[0] for line in found] == [
        "/api/booking",
        "/bookings/<token>",
        "/bookings/<token>.ics",
    ]
    assert all("booking_id=1" in line and page not in line for line in found)
