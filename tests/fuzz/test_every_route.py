"""No input to any route makes the site fail: every status is below 500."""

import json
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lco import clock
from lco.webhooks.signature import sign

GIVEN = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

NASTY = st.sampled_from(
    [
        "",
        "0",
        "-1",
        "1",
        "3",
        "999999999999999999999",
        "NaN",
        "Infinity",
        "1e400",
        "²",
        "\x00",
        "\ud7ff",
        "%00",
        "../..",
        "'",
        "2026-12-01",
        "2026-12-01/2026-12-04",
        "9999-12-31",
        "0001-01-01",
        "2027-02-30",
        "[]",
        "{}",
        "null",
        "a" * 3000,
        "<b>",
        "\uff11",
    ]
)
TEXT = NASTY | st.text(max_size=40)
FIELDS = [
    "q",
    "category",
    "brand",
    "fuel_type",
    "min_price",
    "max_price",
    "date_from",
    "date_to",
    "sort",
    "page",
    "month",
    "r",
    "since",
    "limit",
    "offset",
    "brand_id",
    "featured",
    "listing_type",
    "available_from",
    "available_to",
    "vehicle_id",
    "customer_name",
    "customer_email",
    "customer_phone",
    "message",
    "use_dates",
    "idempotency_key",
    "website",
    "days",
    "vehicle",
    "name",
    "booking_type",
    "pickup_location",
    "return_location",
]
# Each request comes from a new client, or the limits would answer for the site.
VISITORS = st.ip_addresses(v=4).map(lambda address: {"REMOTE_ADDR": str(address)})
PAIRS = st.lists(st.tuples(st.sampled_from(FIELDS), TEXT), max_size=6)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "HX-Request",
            "Last-Event-ID",
            "If-None-Match",
            "Accept-Encoding",
            "Idempotency-Key",
            "X-Forwarded-For",
            "Sec-Fetch-Site",
            "Content-Type",
            "webhook-id",
            "webhook-timestamp",
            "webhook-signature",
            "X-Webhook-Signature",
        ]
    ),
    st.sampled_from(
        [
            "true",
            "1-1",
            "*",
            "br;q=x",
            "cross-site",
            "application/json",
            "text/plain",
            "0",
            "v1,",
            "v1,AAAA",
            "sha256=zz",
            '"',
            "é",
        ]
    ),
    max_size=4,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | TEXT, inner, max_size=5),
    max_leaves=12,
)
PATHS = st.sampled_from(
    [
        "/",
        "/about",
        "/contact",
        "/back",
        "/equipment",
        "/equipment/{}",
        "/equipment/{}-{}",
        "/equipment/{}/calendar",
        "/sitemap.xml",
        "/robots.txt",
        "/pictures/{}/{}",
        "/pictures/480x360/fleet.vehicle/{}/{}",
        "/bookings/{}",
        "/bookings/{}.ics",
        "/bookings/{}/change",
        "/bookings/{}/cancel",
        "/booking/find",
        "/wishes/new",
        "/wishes/{}",
        "/api/booking/{}",
        "/live",
        "/api/events",
        "/api/fleet/vehicles",
        "/api/fleet/vehicle/{}",
        "/api/fleet/filters",
        "/healthz",
        "/readyz",
        "/static/{}",
    ]
)
POSTS = st.sampled_from(
    [
        "/bookings",
        "/bookings/dates",
        "/api/booking",
        "/bookings/{}/change",
        "/bookings/{}/cancel",
        "/booking/find",
        "/wishes",
        "/wishes/{}/confirm",
        "/wishes/{}/stop",
        "/api/booking/{}/quote",
        "/api/booking/{}/change",
        "/api/booking/{}/cancel",
        "/api/fleet/availability",
        "/api/webhook/booking",
        "/api/webhook/inventory",
        "/equipment",
        "/{}",
    ]
)
EVENTS = [
    "booking.created",
    "booking.confirmed",
    "booking.cancelled",
    "booking.modified",
    "vehicle.availability_changed",
    "vehicle.added",
    "vehicle.updated",
    "vehicle.removed",
    "vehicle.maintenance",
    "price.updated",
    "test",
    "unheard.of",
]
EVENT_FIELDS = [
    "booking_ref",
    "vehicle_id",
    "customer_email",
    "date_from",
    "date_to",
    "total_amount",
    "currency",
    "changes",
    "cancellation_reason",
    "availability_status",
    "available_from",
    "available_to",
    "in_maintenance",
    "maintenance_until",
    "rental_price_daily",
    "rental_price_weekly",
    "rental_price_monthly",
    "name",
    "category",
]
PAYLOADS = st.fixed_dictionaries(
    {"event_type": st.sampled_from(EVENTS)},
    optional=dict.fromkeys(EVENT_FIELDS, JSON | st.sampled_from([1, 2, 3, "1", "rented"])),
)


@pytest.fixture(autouse=True)
def _odoo(odoo):
    return odoo


def holds(response) -> None:
    response.close()
    assert response.status_code < 500, response.status_code


@GIVEN
@given(visitor=VISITORS, path=PATHS, parts=st.tuples(TEXT, TEXT), pairs=PAIRS, headers=HEADERS)
def test_every_address_survives_every_query(client, visitor, path, parts, pairs, headers):
    address = path.format(*(quote(part.encode("utf-8", "surrogatepass"), safe="") for part in parts))
    headers.pop("Content-Type", None)
    holds(client.get(address, query_string=pairs, headers=headers, environ_base=visitor))


@GIVEN
@given(visitor=VISITORS, path=POSTS, part=TEXT, pairs=PAIRS, headers=HEADERS)
def test_every_form_survives_everything_typed(client, visitor, path, part, pairs, headers):
    address = path.format(quote(part.encode("utf-8", "surrogatepass"), safe=""))
    headers.pop("Content-Type", None)
    holds(client.post(address, data=dict(pairs), headers=headers, environ_base=visitor))


@GIVEN
@given(visitor=VISITORS, path=POSTS, body=JSON, headers=HEADERS)
def test_every_api_client_may_send_anything(client, visitor, path, body, headers):
    holds(
        client.post(
            path,
            data=json.dumps(body),
            headers={"Content-Type": "application/json", **headers},
            environ_base=visitor,
        )
    )


@GIVEN
@given(visitor=VISITORS, path=POSTS, body=st.binary(max_size=200), headers=HEADERS)
def test_even_bytes_that_are_nothing(client, visitor, path, body, headers):
    holds(client.post(path, data=body, headers=headers, environ_base=visitor))


@GIVEN
@given(
    visitor=VISITORS,
    endpoint=st.sampled_from(["booking", "inventory"]),
    payload=PAYLOADS,
    number=st.integers(0, 10**12),
)
def test_a_signed_webhook_may_hold_anything(client, visitor, endpoint, payload, number):
    body = json.dumps(payload).encode()
    headers = sign("test-secret", f"msg_{number}", clock.now(), body)
    holds(client.post(f"/api/webhook/{endpoint}", data=body, headers=headers, environ_base=visitor))
    holds(client.get("/equipment"))
