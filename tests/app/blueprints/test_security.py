"""Headers, foreign forms, and whose address counts."""

import pytest

from lco.web.extensions import client_address

ORDER = {"vehicle_id": "1"}


@pytest.mark.parametrize("path", ["/about", "/nothing-here", "/healthz", "/robots.txt"])
def test_every_answer_has_the_strict_policy(client, path):
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_form_from_elsewhere_is_403(client, odoo, headers):
    assert client.post("/bookings", data=ORDER, headers=headers).status_code == 403


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}, {}])
def test_a_form_of_our_own_is_read(client, odoo, headers):
    assert client.post("/bookings", data=ORDER, headers=headers).status_code == 422


def test_a_webhook_needs_no_origin_but_always_a_signature(client):
    answer = client.post("/api/webhook/inventory", json={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 401


def test_a_body_that_is_too_large_is_413(client, odoo):
    assert client.post("/bookings", data={"message": "x" * 70_000}).status_code == 413


@pytest.mark.parametrize(
    ("proxies", "forwarded", "counted"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 198.51.100.1", "203.0.113.9"),
    ],
)
def test_the_clients_address_is_counted_from_the_right(make_app, proxies, forwarded, counted):
    app = make_app(trusted_proxies=proxies)
    app.add_url_rule("/address", view_func=client_address)
    answer = app.test_client().get("/address", headers={"X-Forwarded-For": forwarded})
    assert answer.text == counted


def test_https_sites_ask_to_stay_https(make_app):
    app = make_app(site_url="https://rent.example")
    assert "max-age" in app.test_client().get("/about").headers["Strict-Transport-Security"]
