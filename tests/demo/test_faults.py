import socket
import threading
import time

import pytest
import requests

from lco.demo.faults import CONNECTION_FAULTS
from lco.demo.server import running

LIST = "/api/fleet/vehicles"
MIXER = 12


@pytest.mark.parametrize(
    ("mode", "code", "mimetype"),
    [("errors", 500, "application/json"), ("html", 200, "text/html"), ("down", 503, "text/html")],
)
def test_a_fault_changes_the_answers_of_the_api(odoo, mode, code, mimetype):
    odoo.post("/demo/faults", json={"mode": mode})
    answer = odoo.get(LIST)
    assert (answer.status_code, answer.mimetype) == (code, mimetype)
    assert odoo.get("/").status_code == 200


def test_nonsense_is_announced_as_json_and_is_none(odoo):
    odoo.post("/demo/faults", json={"mode": "nonsense"})
    answer = odoo.get(LIST)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    with pytest.raises(ValueError, match="Unterminated"):
        requests.models.complexjson.loads(answer.text)


def test_images_go_only_when_everything_is_down(odoo):
    codes = {}
    for mode in ("errors", "down"):
        odoo.post("/demo/faults", json={"mode": mode})
        codes[mode] = odoo.get("/web/image/fleet.vehicle/1/image_1920").status_code
    assert codes == {"errors": 200, "down": 503}


def test_switching_a_fault_off_heals_the_api(odoo):
    odoo.post("/demo/faults", json={"mode": "errors"})
    odoo.post("/demo/faults", json={"mode": "off"})
    assert odoo.get(LIST).json["success"] is True


def test_a_fault_may_be_kept_to_one_path(odoo):
    odoo.post("/demo/faults", json={"mode": "errors", "path": "/api/fleet/booking"})
    assert [odoo.get(LIST).status_code, odoo.post("/api/fleet/booking").status_code] == [200, 500]


def test_an_unknown_fault_is_refused(odoo):
    assert odoo.post("/demo/faults", json={"mode": "flood"}).status_code == 400


def test_reset_resets_the_tcp_connection(served):
    requests.post(f"{served}/demo/faults", json={"mode": "reset"}, timeout=3)
    host, port = served.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=3) as connection:
        connection.sendall(f"GET {LIST} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_lost_books_and_loses_the_answer(served, request_for):
    requests.post(f"{served}/demo/faults", json={"mode": "lost"}, timeout=3)
    body = request_for(MIXER, 30, 35)
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{served}/api/fleet/booking", json=body, timeout=3)
    bookings = requests.get(f"{served}/demo/state", timeout=3).json()["bookings"]
    assert bookings[-1]["date_from"] == body["date_from"]
    assert bookings[-1]["customer_name"] == "Ada"


def test_dies_books_and_is_gone_until_it_is_started_again(served, request_for):
    requests.post(f"{served}/demo/faults", json={"mode": "dies"}, timeout=3)
    assert requests.get(served + LIST, timeout=3).status_code == 200
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{served}/api/fleet/booking", json=request_for(MIXER, 30, 35), timeout=3)
    with pytest.raises(requests.ConnectionError):
        requests.get(served + LIST, timeout=3)
    assert requests.get(f"{served}/demo/state", timeout=3).json()["bookings"][-1]["customer_name"] == "Ada"
    requests.post(f"{served}/demo/faults", json={"mode": "off"}, timeout=3)
    assert requests.get(served + LIST, timeout=3).status_code == 200


def test_limited_refuses_only_writing_calls(odoo, request_for, day):
    odoo.post("/demo/faults", json={"mode": "limited"})
    answer = odoo.post("/api/fleet/booking", json=request_for(MIXER, 30, 35))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    asked = {"vehicle_id": MIXER, "date_from": day(30), "date_to": day(35)}
    assert odoo.post("/api/fleet/availability", json=asked).status_code == 200
    assert odoo.get(LIST).status_code == 200


def test_each_fault_has_a_sentence():
    assert all(sentence.endswith(".") for sentence in CONNECTION_FAULTS.values())


def test_slow_answers_after_its_seconds(served):
    requests.post(f"{served}/demo/faults", json={"mode": "slow", "seconds": 0.2}, timeout=3)
    started = time.monotonic()
    assert requests.get(served + LIST, timeout=3).json()["success"] is True
    assert time.monotonic() - started >= 0.2


def test_hang_never_answers_and_holds_up_no_other_call(served, eventually):
    requests.post(f"{served}/demo/faults", json={"mode": "hang"}, timeout=3)
    outcome = []

    def call():
        try:
            outcome.append(requests.get(served + LIST, timeout=3))
        except requests.ConnectionError as error:
            outcome.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    eventually(lambda: requests.get(f"{served}/demo/state", timeout=3).json()["calls"] == {f"GET {LIST}": 1})
    assert requests.get(served, timeout=3).status_code == 200
    assert outcome == []
    requests.post(f"{served}/demo/faults", json={"mode": "off"}, timeout=3)
    caller.join()
    assert isinstance(outcome[0], requests.ConnectionError)


def test_hang_ends_with_its_seconds_and_without_an_answer(served):
    requests.post(f"{served}/demo/faults", json={"mode": "hang", "seconds": 0.05}, timeout=3)
    with pytest.raises(requests.ConnectionError):
        requests.get(served + LIST, timeout=3)


def test_faulty_calls_are_counted_too(odoo):
    odoo.post("/demo/faults", json={"mode": "errors"})
    for path in (LIST, LIST, "/api/fleet/vehicle/7", "/api/fleet/vehicle/8"):
        odoo.get(path)
    assert odoo.get("/demo/state").json["calls"] == {f"GET {LIST}": 2, "GET /api/fleet/vehicle/{id}": 2}


@pytest.fixture
def served(demo_for_all, odoo):
    with running(demo_for_all) as address:
        yield address
