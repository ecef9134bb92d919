"""Security headers, forms of other sites, and the client's address behind proxies."""

import email
import email.policy
import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from lco import clock
from lco.web.extensions import client_address
from tests.app.mail.fakes import send_mails
from tests.factories import order

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


@pytest.mark.parametrize("proto", ["http", "https"])
def test_a_request_that_came_over_http_to_a_trusted_proxy_is_redirected_to_https(make_app, odoo, proto):
    client = make_app(site_url="https://rent.example", trusted_proxies=1).test_client()
    answer = client.get("/about?x=1", headers={"X-Forwarded-Proto": proto, "X-Forwarded-For": "203.0.113.9"})
    assert answer.status_code == (308 if proto == "http" else 200)
    assert answer.headers.get("Location") == ("https://rent.example/about?x=1" if proto == "http" else None)


@pytest.mark.parametrize("proto", ["http", "https"])
def test_one_entry_of_the_protocol_counts_for_any_number_of_addresses(make_app, odoo, proto):
    """Fly.io adds two addresses and one protocol, and so does nginx behind Cloudflare."""
    client = make_app(site_url="https://rent.example", trusted_proxies=2).test_client()
    headers = {"X-Forwarded-Proto": proto, "X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
    assert client.get("/about", headers=headers).status_code == (308 if proto == "http" else 200)


def test_health_checks_over_http_are_answered(make_app):
    client = make_app(site_url="https://rent.example", trusted_proxies=1).test_client()
    assert client.get("/healthz", headers={"X-Forwarded-Proto": "http"}).status_code == 200


def test_without_a_trusted_proxy_nothing_is_led_elsewhere(make_app):
    client = make_app(site_url="https://rent.example").test_client()
    assert client.get("/about", headers={"X-Forwarded-Proto": "http"}).status_code == 200


def test_no_redirect_names_the_host_of_the_request(client):
    answer = client.get("/equipment//1", headers={"Host": "evil.example"})
    assert "evil.example" not in answer.headers.get("Location", "")


SAMPLES = {"vehicle_id": "1", "slug": "ariens-deluxe-28-snow-blower", "size": "480x360"}
STREAMS = {"/live", "/api/events"}


def test_no_answer_names_the_host_of_odoo(app, client, odoo, settings):
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in rule.methods and rule.rule not in STREAMS]
    pages = [app.url_map.bind("localhost").build(r.endpoint, _filled(r)) for r in rules]
    for page in [*pages, "/equipment?q=odd", "/equipment/2", "/no-such-page", "/pictures/9x9/none/0/x"]:
        answer = client.get(page, follow_redirects=True)
        assert _host(settings) not in f"{answer.headers}{answer.text}", page


def _filled(rule) -> dict[str, object]:
    return {name: SAMPLES.get(name, "x") for name in rule.arguments}


def test_no_answer_about_a_booking_names_the_host_of_odoo(client, odoo, settings):
    start = clock.today(settings.timezone) + timedelta(days=90)
    booked = client.post("/api/booking", json=order(3, start, start + timedelta(days=2)))
    assert booked.status_code == 201
    page = urlsplit(booked.headers["Location"]).path
    for answer in (booked, client.get(page), client.get(f"{page}.ics")):
        assert _host(settings) not in f"{answer.headers}{answer.text}"


def test_no_mail_names_the_host_of_odoo(app, client, odoo, settings):
    start = clock.today(settings.timezone) + timedelta(days=90)
    assert client.post("/api/booking", json=order(3, start, start + timedelta(days=2))).status_code == 201
    send_mails(app)
    (mail,) = settings.mail_dir.glob("*.eml")
    message = email.message_from_bytes(mail.read_bytes(), policy=email.policy.default)
    parts = [part.get_payload(decode=True).decode() for part in message.walk() if not part.is_multipart()]
    assert len(parts) > 1
    assert _host(settings) not in f"{mail.read_text()}{parts}"


def test_no_message_of_a_stream_names_the_host_of_odoo(open_stream, settings):
    start = clock.today(settings.timezone) + timedelta(days=40)
    days = f"{start}:{start + timedelta(days=2)}"
    regions = [f"card:1:{days}", "card:2", "status:1", "rates:1", f"calendar:1:{start:%Y-%m}", f"quote:1:{days}"]
    stream, seen = open_stream("/live?" + "&".join(f"r={name}" for name in regions)), ""
    while not all(f'data-region="{name}"' in seen for name in regions):
        seen += str(stream.next())
    assert _host(settings) not in f"{stream.response.headers}{seen}"


def _host(settings) -> str:
    host = urlsplit(settings.odoo_url).netloc
    assert host
    return host


def test_static_files_have_the_same_headers(app, client):
    with app.test_request_context():
        url = app.jinja_env.globals["static_url"]("css/site.css")
    with client.get(url) as answer:
        assert answer.status_code == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_metrics_want_their_token_when_one_is_set(make_app):
    client = make_app(metrics_token="a-token-for-prometheus").test_client()
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer a-token-for-prometheus"}).status_code == 200


def test_security_txt_names_a_contact_and_an_end(make_app):
    text = make_app(site_url="https://rent.example").test_client().get("/.well-known/security.txt").text
    assert "Contact: mailto:rentals@lco.example\n" in text
    assert "Canonical: https://rent.example/.well-known/security.txt\n" in text
    assert re.search(r"^Expires: \d{4}-\d\d-\d\dT", text, re.MULTILINE)
