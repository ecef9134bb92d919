"""Every way in which a call to Odoo can end, and whether it may have taken effect."""

import socket
import ssl
from datetime import timedelta
from decimal import Decimal

import pytest
import requests
from urllib3.exceptions import MaxRetryError, NameResolutionError
from urllib3.exceptions import SSLError as TlsError

from lco import clock, metrics
from lco.errors import OdooError, OdooUnavailable
from lco.odoo import transport as module
from lco.odoo.circuit_breaker import OPEN_SECONDS
from lco.odoo.errors import BookingInvalid, DatesRefused, OutcomeUnknown, VehicleUnknown
from lco.odoo.transport import Transport

URL = "http://odoo.test"
READ, WRITE = f"{URL}/read", f"{URL}/write"
LATER = timedelta(seconds=OPEN_SECONDS + 0.01)


def tls(error: ssl.SSLError) -> requests.exceptions.SSLError:
    """As requests raises it, wrapped twice by urllib3."""
    return requests.exceptions.SSLError(MaxRetryError(None, "/", TlsError(error)))


NEVER_SENT = {
    "no such host": {
        "exc": requests.ConnectionError(
            MaxRetryError(None, "/", NameResolutionError("odoo.test", None, socket.gaierror()))
        )
    },
    "no connection in time": {"exc": requests.ConnectTimeout()},
    "a certificate that cannot be trusted": {"exc": tls(ssl.SSLCertVerificationError(1, "self-signed"))},
    "an address that is none": {"exc": requests.exceptions.InvalidURL()},
}
PERHAPS_SENT = {
    "no answer in time": {"exc": requests.ReadTimeout()},
    "a reset": {"exc": requests.ConnectionError(ConnectionResetError(104, "reset"))},
    "an answer that breaks off": {"exc": requests.exceptions.ChunkedEncodingError()},
    "TLS that breaks off": {"exc": tls(ssl.SSLEOFError(8, "unexpected EOF"))},
    "500 of odoo": {"status_code": 500, "json": {"success": False, "error": "Internal Server Error"}},
    "502 of a proxy": {"status_code": 502, "text": "<html>Bad Gateway</html>"},
    "503": {"status_code": 503, "text": ""},
    "429 of a proxy": {"status_code": 429, "text": "slow down"},
    "401 of a proxy": {"status_code": 401, "json": {"message": "no"}},
    "HTML with 200": {"text": "<!DOCTYPE html><h1>Database selector</h1>"},
    "nothing with 200": {"text": ""},
    "half an object": {"text": '{"success": true, "data": [{"id": 1'},
    "a list": {"json": [{"success": True}]},
    "null": {"text": "null"},
    "a number no decimal can hold": {"text": '{"success": true, "price": 1e99999999999999999999}'},
    "braces without end": {"text": '{"a":' * 100_000},
    "success that is false": {"json": {"success": False, "error": "no"}},
    "success that is a word": {"json": {"success": "true"}},
    "no envelope": {"json": {"data": []}},
    "a redirect": {"status_code": 302, "headers": {"Location": "http://elsewhere.test/"}},
    "404 of a proxy": {"status_code": 404, "text": "<html>Not Found</html>"},
    "404 of a gateway": {"status_code": 404, "json": {"message": "no Route matched"}},
    "409 without an envelope": {"status_code": 409, "json": {"success": True}},
    "400 without an envelope": {"status_code": 400, "text": "Bad Request"},
}
CERTAIN_NO = {400: BookingInvalid, 404: VehicleUnknown, 409: DatesRefused}


@pytest.mark.parametrize("fault", NEVER_SENT)
def test_an_unsent_request_is_odoo_unavailable(transport, requests_mock, fault, one_try):
    requests_mock.register_uri("GET", READ, **NEVER_SENT[fault])
    requests_mock.register_uri("POST", WRITE, **NEVER_SENT[fault])
    assert raised(lambda: read(transport)) is OdooUnavailable
    assert raised(lambda: write(transport)) is OdooUnavailable


@pytest.mark.parametrize("fault", PERHAPS_SENT)
def test_a_read_without_a_usable_answer_is_an_error_of_odoos(transport, requests_mock, fault, one_try):
    requests_mock.register_uri("GET", READ, **PERHAPS_SENT[fault])
    assert raised(lambda: read(transport)) is OdooError
    assert [request.url for request in requests_mock.request_history] == [READ]


@pytest.mark.parametrize("fault", ["no answer in time", "500 of odoo", "half an object"])
def test_a_read_without_a_usable_answer_is_tried_three_times(transport, requests_mock, fault):
    requests_mock.register_uri("GET", READ, **PERHAPS_SENT[fault])
    assert raised(lambda: read(transport)) is OdooError
    assert [request.url for request in requests_mock.request_history] == [READ] * 3


@pytest.mark.parametrize("fault", PERHAPS_SENT)
def test_a_write_without_a_usable_answer_is_never_repeated(transport, requests_mock, fault):
    requests_mock.register_uri("POST", WRITE, **PERHAPS_SENT[fault])
    assert raised(lambda: write(transport)) is OutcomeUnknown
    assert [request.url for request in requests_mock.request_history] == [WRITE]


@pytest.mark.parametrize("status", [401, 429])
def test_a_refusal_that_may_end_is_odoo_unavailable_after_one_try(transport, requests_mock, status):
    body = {"success": False, "error": "x", "message": "Not now."}
    requests_mock.get(READ, status_code=status, json=body)
    requests_mock.post(WRITE, status_code=status, json=body)
    for call in (read, write):
        with pytest.raises(OdooUnavailable):
            call(transport)
    assert requests_mock.call_count == 2


@pytest.mark.parametrize("status", CERTAIN_NO)
def test_a_refusal_in_our_envelope_is_final_and_carries_odoos_sentence(transport, requests_mock, status):
    body = {"success": False, "error": "x", "message": "The shortest rental is 3 days."}
    requests_mock.get(READ, status_code=status, json=body)
    requests_mock.post(WRITE, status_code=status, json=body)
    for call in (read, write):
        with pytest.raises(CERTAIN_NO[status], match="The shortest rental is 3 days") as error:
            call(transport)
        assert error.value.upstream_status == status
    assert requests_mock.call_count == 2
    assert not transport.breaker.is_open


@pytest.mark.parametrize("message", [None, "", 7, ["x"]])
def test_a_refusal_without_a_sentence_gets_one_of_ours(transport, requests_mock, message):
    requests_mock.post(WRITE, status_code=409, json={"success": False, "message": message})
    with pytest.raises(DatesRefused) as error:
        write(transport)
    assert error.value.message == DatesRefused.message


@pytest.mark.parametrize("status", [200, 201])
def test_the_answer_of_a_success_comes_back_with_exact_numbers(transport, requests_mock, status):
    requests_mock.get(READ, status_code=status, text='{"success": true, "price": 0.1}')
    assert read(transport) == {"success": True, "price": Decimal("0.1")}


def test_a_read_that_succeeds_at_the_third_try_is_a_success(transport, requests_mock):
    requests_mock.get(READ, [{"status_code": 500}, {"exc": requests.ReadTimeout}, {"json": {"success": True}}])
    assert read(transport) == {"success": True}
    assert requests_mock.call_count == 3
    assert not transport.breaker.is_open


def test_an_open_breaker_answers_for_reads_at_once(transport, requests_mock):
    requests_mock.get(READ, status_code=500)
    raised(lambda: read(transport))
    assert transport.breaker.is_open
    assert raised(lambda: read(transport)) is OdooUnavailable
    assert raised(lambda: transport.fetch("/picture")) is OdooUnavailable
    assert requests_mock.call_count == 3


def test_a_probe_is_one_try_and_its_success_closes_the_breaker(transport, requests_mock):
    requests_mock.get(READ, [{"status_code": 500}] * 4 + [{"json": {"success": True}}])
    raised(lambda: read(transport))
    with clock.moved(LATER):
        assert raised(lambda: read(transport)) is OdooError
        assert requests_mock.call_count == 4
    with clock.moved(2 * LATER):
        read(transport)
        read(transport)
    assert requests_mock.call_count == 6


def test_a_booking_is_sent_even_while_the_breaker_is_open_and_closes_it(transport, requests_mock):
    requests_mock.get(READ, status_code=500)
    requests_mock.post(WRITE, status_code=409, json={"success": False})
    raised(lambda: read(transport))
    assert raised(lambda: write(transport)) is DatesRefused
    assert not transport.breaker.is_open


def test_a_refusal_shows_that_odoo_is_there(transport, requests_mock):
    requests_mock.get(READ, [{"status_code": 500}, {"status_code": 404, "json": {"success": False}}] * 4)
    for _ in range(4):
        assert raised(lambda: read(transport)) is VehicleUnknown
    assert transport.last_success is not None


def test_the_last_success_is_remembered(transport, requests_mock):
    requests_mock.get(READ, [{"json": {"success": True}}, {"status_code": 500}])
    assert transport.last_success is None
    before = clock.now()
    read(transport)
    at = transport.last_success
    assert before <= at <= clock.now()
    raised(lambda: read(transport))
    assert transport.last_success == at


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"json": {"success": True}}, "ok"),
        ({"status_code": 404, "json": {"success": False}}, "refused 404"),
        ({"status_code": 500}, "upstream_error"),
        ({"exc": requests.ConnectTimeout}, "upstream_unreachable"),
    ],
)
def test_every_answer_is_counted_by_call_and_outcome(transport, requests_mock, answer, outcome):
    counted = metrics.odoo_calls.labels("write", outcome)
    before = counted._value.get()
    requests_mock.register_uri("POST", WRITE, **answer)
    raised(lambda: write(transport))
    assert counted._value.get() == before + 1


def test_the_api_key_goes_to_the_api_and_not_to_pictures(transport, requests_mock):
    requests_mock.get(READ, json={"success": True})
    requests_mock.post(WRITE, json={"success": True})
    requests_mock.get(f"{URL}/picture", content=b"x")
    read(transport)
    write(transport)
    transport.fetch("/picture")
    keys = [request.headers.get("X-API-Key") for request in requests_mock.request_history]
    assert keys == ["key-1", "key-1", None]


def test_without_a_key_no_header_is_sent(requests_mock):
    requests_mock.get(READ, json={"success": True})
    read(Transport(URL))
    assert "X-API-Key" not in requests_mock.last_request.headers


def test_a_picture_comes_with_its_type(transport, requests_mock):
    requests_mock.get(f"{URL}/picture", content=b"<svg/>", headers={"Content-Type": "image/svg+xml"})
    reply = transport.fetch("/picture")
    assert (reply.status, reply.content_type, reply.content) == (200, "image/svg+xml", b"<svg/>")


def test_a_picture_that_is_not_there_is_not_odoos_fault(transport, requests_mock):
    requests_mock.get(f"{URL}/picture", status_code=404, text="<html>Not Found</html>")
    assert raised(lambda: transport.fetch("/picture")) is VehicleUnknown
    assert not transport.breaker.is_open


@pytest.mark.parametrize("answer", [{"status_code": 500}, {"status_code": 302}, {"exc": requests.ReadTimeout}])
def test_a_picture_is_asked_for_once(transport, requests_mock, answer):
    requests_mock.register_uri("GET", f"{URL}/picture", **answer)
    assert raised(lambda: transport.fetch("/picture")) is OdooError
    assert requests_mock.call_count == 1


def test_an_answer_that_is_far_too_large_is_not_read_to_its_end(transport, requests_mock, monkeypatch):
    monkeypatch.setattr(module, "LARGEST_ANSWER", 1000)
    requests_mock.post(WRITE, text='{"success": true, "data": "' + "x" * 1000 + '"}')
    assert raised(lambda: write(transport)) is OutcomeUnknown


def read(transport: Transport):
    return transport.read("read", "GET", "/read")


def write(transport: Transport):
    return transport.write("write", "/write", {"vehicle_id": 1})


def raised(call) -> type[Exception] | None:
    """Exactly which error `call` raises."""
    try:
        call()
    except OdooError as error:
        return type(error)
    return None


@pytest.fixture
def one_try(monkeypatch):
    """All the time there is may go to one try, so no second begins that could not end in time."""
    monkeypatch.setattr(module, "READ_TOTAL_SECONDS", module.CONNECT_SECONDS + module.READ_SECONDS)
