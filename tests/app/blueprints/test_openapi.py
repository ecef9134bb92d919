"""The description of the API names every address, and every response to odd input conforms to it."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from lco.blueprints.openapi import description

NOT_FOR_PROGRAMS = {"/api", "/api/webhook/booking", "/api/webhook/inventory"}
DOCUMENT = description()
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["1", "-1", "0", "1e9", "nan", "true", "2027-01-11", "0001-01-01", "9999-12-31"]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


def operations() -> list[tuple[str, str]]:
    return [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]


def operation(path: str, method: str) -> dict:
    return DOCUMENT["paths"][path][method]


def body_schema(path: str) -> dict:
    schema = operation(path, "post")["requestBody"]["content"]["application/json"]["schema"]
    return DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]


def assert_as_described(answer, path: str, method: str) -> None:
    described = operation(path, method)["responses"]
    assert str(answer.status_code) in described, f"{answer.status_code}: {answer.text[:200]}"
    schema = described[str(answer.status_code)]["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(answer.get_json())


@pytest.fixture
def client(make_app, odoo):
    app = make_app()
    app.extensions["lco"].db.migrate()
    return app.test_client()


def test_every_address_for_api_clients_is_described_and_no_other(app):
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api")]
    served = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in rules
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule not in NOT_FOR_PROGRAMS
    }
    assert served == set(operations())


def test_description_is_complete_in_itself():
    text = json.dumps(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1")
    for name in re.findall(r'"#/components/schemas/(\w+)"', text):
        Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])
    for path, method in operations():
        assert operation(path, method)["summary"]


def test_html_page_names_every_address(client):
    page = client.get("/api").text
    assert all(path in page for path, _ in operations())
    assert client.get("/api/openapi.json").get_json() == json.loads(json.dumps(DOCUMENT))


@pytest.mark.parametrize("path", ["/api/fleet/vehicles", "/api/fleet/filters", "/api/fleet/vehicle/1"])
def test_usual_answer_is_as_described(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    assert_as_described(answer, re.sub(r"/1$", "/{vehicle_id}", path), "get")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_odd_query_is_answered_as_described(client, data):
    path = "/api/fleet/vehicles"
    names = [parameter["name"] for parameter in operation(path, "get")["parameters"]]
    query = data.draw(st.dictionaries(st.sampled_from(names), TEXTS, max_size=4))
    assert_as_described(client.get(path, query_string=query), path, "get")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), path=st.sampled_from(["/api/fleet/availability", "/api/booking"]))
def test_odd_body_is_answered_as_described(client, data, path):
    names = sorted(body_schema(path)["properties"])
    usual = st.sampled_from(["2099-01-11", "2099-01-15", 1, 10**9, "ann@example.com", "+12185550142"])
    body = data.draw(st.one_of(VALUES, st.dictionaries(st.sampled_from(names), st.one_of(VALUES, usual))))
    kind = data.draw(st.sampled_from(["application/json", "text/plain"]))
    answer = client.post(path, data=json.dumps(body), content_type=kind)
    assert_as_described(answer, path, "post")


@given(number=st.one_of(st.integers(0, 40), st.integers(0, 2**70)))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_number_of_a_machine_is_answered_as_described(client, number):
    path = "/api/fleet/vehicle/{vehicle_id}"
    assert_as_described(client.get(path.format(vehicle_id=number)), path, "get")
