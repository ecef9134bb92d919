"""The call for busy days, which not every Odoo has: a missing call is distinguished from a failing one."""

from datetime import date

import pytest
import requests

from lco import metrics
from lco.domain.date_range import DateRange
from lco.errors import OdooError, OdooUnavailable
from lco.odoo.errors import BookingInvalid, CallUnknown, VehicleUnknown

BUSY = "http://odoo.test/api/fleet/vehicle/7/busy"
DAYS = DateRange(date(2026, 12, 1), date(2027, 1, 1))
NO_SUCH_CALL = {
    "404 of werkzeug": {"status_code": 404, "text": "<!doctype html><title>404 Not Found</title>"},
    "404 of a gateway": {"status_code": 404, "json": {"message": "no Route matched"}},
    "404 without a body": {"status_code": 404},
}
ANOTHER_CALL = {
    "no ranges": {"success": True},
    "an object": {"success": True, "data": {"2026-12-01": "busy"}},
    "days": {"success": True, "data": ["2026-12-01"]},
    "half a range": {"success": True, "data": [{"date_from": "2026-12-01"}]},
    "no dates": {"success": True, "data": [{"date_from": "soon", "date_to": "advance_clock"}]},
    "an end before the start": {"success": True, "data": [{"date_from": "2026-12-05", "date_to": "2026-12-05"}]},
}
FAILURES = {
    "500 of odoo": ({"status_code": 500, "json": {"success": False}}, OdooError),
    "503 of a proxy": ({"status_code": 503, "text": "<h1>503</h1>"}, OdooError),
    "no answer in time": ({"exc": requests.ReadTimeout}, OdooError),
    "half an object": ({"text": '{"success": tr'}, OdooError),
    "no connection": ({"exc": requests.ConnectTimeout}, OdooUnavailable),
    "an unknown vehicle": ({"status_code": 404, "json": {"success": False, "error": "x"}}, VehicleUnknown),
    "a wrong date": ({"status_code": 400, "json": {"success": False, "error": "x"}}, BookingInvalid),
}


def test_busy_days_are_asked_for_in_one_call_and_come_as_half_open_ranges(client, requests_mock):
    ranges = [("2026-11-28", "2026-12-03"), ("2026-12-20", "2026-12-21")]
    answer = [{"date_from": first, "date_to": last, "why": "more than asked"} for first, last in ranges]
    requests_mock.get(BUSY, json={"success": True, "data": answer})
    assert client.busy(7, DAYS) == (
        DateRange(date(2026, 11, 28), date(2026, 12, 3)),
        DateRange(date(2026, 12, 20), date(2026, 12, 21)),
    )
    assert requests_mock.last_request.qs == {"from": ["2026-12-01"], "to": ["2027-01-01"]}


def test_a_vehicle_that_is_never_busy_has_no_ranges(client, requests_mock):
    requests_mock.get(BUSY, json={"success": True, "data": []})
    assert client.busy(7, DAYS) == ()


@pytest.mark.parametrize("page", NO_SUCH_CALL)
def test_a_call_that_is_not_there_is_asked_for_once_and_is_no_failure(client, requests_mock, caplog, page):
    requests_mock.register_uri("GET", BUSY, **NO_SUCH_CALL[page])
    counted = metrics.odoo_calls.labels("busy", "no such call")
    before = counted._value.get()
    for _ in range(4):
        with pytest.raises(CallUnknown):
            client.busy(7, DAYS)
    assert requests_mock.call_count == 4
    assert counted._value.get() == before + 4
    assert not client.transport.breaker.is_open
    assert caplog.text == ""


def test_a_call_that_is_not_there_does_not_show_that_odoo_is_well(client, requests_mock):
    """A proxy may have said so in its place."""
    requests_mock.get(BUSY, [{"status_code": status} for status in (500, 500, 404, 500)])
    with pytest.raises(CallUnknown):
        client.busy(7, DAYS)
    with pytest.raises(OdooError):
        client.busy(7, DAYS)
    assert client.transport.breaker.is_open
    assert client.transport.last_success is None


@pytest.mark.parametrize("answer", ANOTHER_CALL)
def test_an_answer_of_another_kind_is_another_call_and_not_asked_for_again(client, requests_mock, answer):
    requests_mock.get(BUSY, json=ANOTHER_CALL[answer])
    with pytest.raises(CallUnknown):
        client.busy(7, DAYS)
    assert requests_mock.call_count == 1
    assert not client.transport.breaker.is_open


@pytest.mark.parametrize("failure", FAILURES)
def test_other_failures_are_those_of_any_call(client, requests_mock, failure):
    answer, error = FAILURES[failure]
    requests_mock.register_uri("GET", BUSY, **answer)
    with pytest.raises(OdooError) as raised:
        client.busy(7, DAYS)
    assert raised.type is error


def test_another_call_that_is_not_there_still_is_a_failure(client, requests_mock):
    requests_mock.get("http://odoo.test/api/fleet/filters", **NO_SUCH_CALL["404 of werkzeug"])
    with pytest.raises(OdooError) as raised:
        client.brands()
    assert raised.type is OdooError
    assert requests_mock.call_count == 3
    assert client.transport.breaker.is_open
