import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lco.domain.booking import BookingEvent
from lco.errors import BadRequest
from lco.webhooks import schemas


def read(endpoint="inventory", **fields):
    return schemas.parse_event(endpoint, json.dumps(fields).encode())


def refusal(endpoint="inventory", **fields):
    with pytest.raises(BadRequest) as refused:
        read(endpoint, **fields)
    return refused.value.message


def test_an_event_keeps_its_text_as_it_came():
    body = '{"event_type": "vehicle.added", "vehicle_id": 3, "name": "Säge"}'
    event = schemas.parse_event("inventory", body.encode())
    assert (event.endpoint, event.type, event.text) == ("inventory", "vehicle.added", body)
    assert event.payload == {"vehicle_id": 3}


def test_a_type_that_the_endpoint_does_not_know_is_no_error():
    assert read(event_type="vehicle.painted", vehicle_id="any").payload is None
    assert read("booking", event_type="vehicle.added", vehicle_id=3).payload is None
    assert read(event_type="test").payload is None


@pytest.mark.parametrize("event_type", [None, 5, "", "x" * 101, "a\nb", "\ud800", ["test"], {"a": 1}])
def test_an_event_without_a_usable_type_is_refused(event_type):
    assert refusal(event_type=event_type).startswith("event_type")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"test"',
        b"{",
        b"\xff\xfe{\x00}\x00",
        b'{"event_type": "test", "price": NaN}',
        b"[" * 60_000,
        b'{"event_type": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_body_that_is_not_a_json_object_is_refused(body):
    with pytest.raises(BadRequest):
        schemas.parse_event("inventory", body)


@pytest.mark.parametrize("wrong", ["abc", "3", 3.5, 0, -1, 2**31, True, [3], {"id": 3}])
def test_a_vehicle_id_of_the_wrong_type_is_refused_with_a_message(wrong):
    assert refusal(event_type="vehicle.added", vehicle_id=wrong).startswith("vehicle_id:")


@pytest.mark.parametrize("missing", [None, False, ""])
def test_the_identifying_field_is_required(missing):
    assert "vehicle_id" in refusal(event_type="vehicle.added", vehicle_id=missing)
    assert "booking_ref" in refusal("booking", event_type="booking.confirmed", booking_ref=missing)


@pytest.mark.parametrize("empty", [{}, {"false": True}, {"none": True}])
def test_everything_else_may_be_missing_or_empty(empty):
    value = False if "false" in empty else None
    names = ["availability_status", "available_from", "available_to", "maintenance_until", "rental_price_daily"]
    fields = dict.fromkeys(names, value) if empty else {}
    for event_type in schemas.SCHEMAS["inventory"].keys() - {"calendar.updated", "storefront.updated"}:
        assert read(event_type=event_type, vehicle_id=1, **fields).payload["vehicle_id"] == 1
    for event_type in schemas.SCHEMAS["booking"]:
        assert read("booking", event_type=event_type, booking_ref="BK-1").payload["booking_ref"] == "BK-1"


@pytest.mark.parametrize("event_type", ["calendar.updated", "storefront.updated"])
def test_event_about_the_business_names_no_record(event_type):
    event = read(event_type=event_type, version=3, at="2026-11-26T10:00:00Z")
    assert (event.payload, event.subject) == ({}, event_type)


def test_false_is_empty_except_where_it_is_the_answer():
    payload = read(event_type="vehicle.maintenance", vehicle_id=1, in_maintenance=False, maintenance_until=False)
    assert payload.payload == {"vehicle_id": 1, "in_maintenance": False, "maintenance_until": None}


@pytest.mark.parametrize(
    ("event_type", "field", "wrong"),
    [
        ("price.updated", "rental_price_daily", "cheap"),
        ("price.updated", "rental_price_daily", -1),
        ("price.updated", "rental_price_daily", 1e300),
        ("price.updated", "rental_price_weekly", True),
        ("price.updated", "currency", "dollars"),
        ("vehicle.availability_changed", "available_from", "soon"),
        ("vehicle.availability_changed", "availability_status", 7),
        ("vehicle.maintenance", "in_maintenance", "perhaps"),
    ],
)
def test_other_fields_of_the_wrong_type_are_refused_by_name(event_type, field, wrong):
    assert refusal(event_type=event_type, vehicle_id=1, **{field: wrong}).startswith(f"{field}:")


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("version", "abc"), ("version", 7.5), ("at", "soon"), ("state", 5), ("cancellation_reason", ["x"])],
)
def test_a_booking_is_read_without_other_fields_of_the_wrong_type(field, wrong):
    fields = {"event_type": "booking.cancelled", "booking_ref": "BK-1"}
    assert read("booking", **fields, **{field: wrong}).booking == read("booking", **fields).booking


@pytest.mark.parametrize("empty", ["", False])
def test_a_location_that_was_emptied_is_read_as_empty(empty):
    event = read("booking", event_type="booking.modified", booking_ref="BK-1", changes={"return_location": empty})
    assert (event.booking.return_location, event.booking.pickup_location) == ("", None)


def test_an_amount_is_read_with_its_currency_or_not_at_all():
    def modified(currency):
        changes = {"total_amount": 300, "currency": currency}
        return read("booking", event_type="booking.modified", booking_ref="BK-1", changes=changes).booking

    assert (modified("eur").amount, modified("eur").currency) == (Decimal(300), "EUR")
    assert (modified("euros").amount, modified("euros").currency) == (None, None)


def test_prices_are_exact():
    payload = read(event_type="price.updated", vehicle_id=1, rental_price_daily=99.5).payload
    assert payload["rental_price_daily"] == Decimal("99.5")
    assert payload["currency"] is None


def test_of_free_form_changes_each_term_that_can_be_read_is_used():
    def event(changes):
        return read("booking", event_type="booking.modified", booking_ref="BK-1", changes=changes).booking

    changes = {"date_from": "2026-12-01", "date_to": {"old": 1, "new": 2}, "total_amount": 200}
    assert event(changes) == BookingEvent("BK-1", start=date(2026, 12, 1), amount=Decimal(200))
    for unclear in (None, "moved", ["date_from"], {"date_from": 5}, {}):
        assert event(unclear) == BookingEvent("BK-1")


def event_or_message(endpoint, body):
    try:
        return schemas.parse_event(endpoint, body)
    except BadRequest as refused:
        return refused.message


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_read_or_refused_with_a_message(body):
    assert event_or_message("booking", body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
SCHEMAS = [
    (endpoint, name, schema) for endpoint, types in schemas.SCHEMAS.items() for name, schema in types.items()
]
FIELDS = sorted({name for _, _, schema in SCHEMAS for name in schema.fields})


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # how fast the machine is decides nothing
@given(st.sampled_from(SCHEMAS), st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_values_of_any_kind_are_read_or_refused_with_a_message(known, fields):
    endpoint, event_type, schema = known
    answer = event_or_message(endpoint, json.dumps(fields | {"event_type": event_type}).encode())
    assert answer
    assert isinstance(answer, str) or answer.payload.keys() <= schema.fields.keys()
