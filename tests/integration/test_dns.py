"""A name server that is silent: the customer is answered all the same, pages too, and nothing is booked twice."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import requests

from lco import clock
from tests import serving
from tests.factories import order

HOST = "odoo.test"
# The resolver of the C library is outside the site, and so is this one: it is there before anything is imported,
# and waits as that one does, in a thread that cannot be interrupted.
RESOLVER = """
import _socket, os, time
real = _socket.getaddrinfo

def getaddrinfo(host, *more, **named):
    if host not in ("odoo.test", b"odoo.test"):
        return real(host, *more, **named)
    while os.path.exists({flag!r}):
        time.sleep(0.05)
    return real("127.0.0.1", *more, **named)

_socket.getaddrinfo = getaddrinfo
import socket
socket._socket.getaddrinfo = getaddrinfo
"""


@pytest.fixture
def silence(tmp_path):
    """While this file exists, the name server does not answer."""
    flag = tmp_path / "silence"
    yield flag
    flag.unlink(missing_ok=True)


@pytest.fixture
def site(odoo, tmp_path, silence):
    """A site that knows Odoo by a name."""
    (tmp_path / "sitecustomize.py").write_text(RESOLVER.format(flag=str(silence)))
    address = f"http://{HOST}:{odoo.port}"
    with serving.site(address, tmp_path, PYTHONPATH=str(tmp_path), TRUSTED_PROXIES="1") as server:
        assert "Skid Steer" in requests.get(f"{server.url}/equipment", timeout=60).text
        yield server


def body() -> dict[str, object]:
    start = clock.today(ZoneInfo("America/Chicago")) + timedelta(days=60)
    return order(3, start, start + timedelta(days=4))


def post(site, key: str) -> requests.Response:
    return requests.post(f"{site.url}/api/booking", json=body(), headers={"Idempotency-Key": key}, timeout=30)


def falls_silent(odoo, silence) -> None:
    """From now on every connection to Odoo needs a look-up, and no look-up ends."""
    silence.touch()
    odoo.stop()
    odoo.start()


def visit(site, number: int) -> int:
    """The status of a page with a question that is new, so that only Odoo knows the answer."""
    day = clock.today(ZoneInfo("America/Chicago")) + timedelta(days=30 + number)
    dates = {"date_from": day.isoformat(), "date_to": (day + timedelta(days=2)).isoformat()}
    return requests.get(f"{site.url}/equipment", params=dates, timeout=60).status_code


def test_without_names_every_page_is_served_and_a_booking_is_made_once_they_are_back(site, odoo, silence):
    falls_silent(odoo, silence)
    with ThreadPoolExecutor(50) as threads:
        statuses = set(threads.map(lambda number: visit(site, number), range(100)))
    assert statuses <= {200, 503}, "they say what they know, or that they do not know"
    started = time.monotonic()
    answer = post(site, "k")
    assert time.monotonic() - started < 15
    assert (answer.status_code, answer.json()["state"]) == (202, "requested")
    silence.unlink()
    page = answer.headers["Location"]
    serving.wait_until(lambda: 'data-state="booked"' in requests.get(page, timeout=60).text, "the booking", 40)
    assert odoo.calls("POST /api/fleet/booking") == 1
