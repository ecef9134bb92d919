"""A server that gets a signal to stop ends soon despite idle connections, and a reload loses no request."""

import contextlib
import http.client
import signal
import socket
import threading
import time

import pytest
import requests

from tests import serving

IDLE = 100
STREAMS = 300
STOPPED_WITHIN = 6.0
"""The aim is 3 s (bench/); a busy machine may take longer, but never the 8 s of the graceful time-out."""


@pytest.fixture
def site(odoo, tmp_path):
    with serving.site(odoo.url, tmp_path, TRUSTED_PROXIES="1") as server:
        yield server


def idle_connection(port: int) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/healthz")
    assert connection.getresponse().read()
    return connection


def stream(port: int, visitor: int) -> socket.socket:
    opened = socket.create_connection(("127.0.0.1", port), timeout=30)
    address = f"10.0.{visitor // 250}.{visitor % 250 + 1}"  # one address may open a hundred
    opened.sendall(f"GET /live?r=odoo HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {address}\r\n\r\n".encode())
    assert opened.recv(100).startswith(b"HTTP/1.1 200")
    return opened


def test_stop_waits_for_no_idle_connection(site):
    with contextlib.ExitStack() as opened:
        for _ in range(IDLE):
            opened.enter_context(contextlib.closing(idle_connection(site.port)))
        for _ in range(10):
            opened.enter_context(socket.create_connection(("127.0.0.1", site.port)))
        for number in range(STREAMS):
            opened.enter_context(stream(site.port, number))
        began = time.monotonic()
        site.process.send_signal(signal.SIGTERM)
        site.process.wait(serving.PATIENCE)
        took = time.monotonic() - began
    assert "graceful timeout" not in site.log.read_text()
    assert "Worker exiting" in site.log.read_text()
    assert took < STOPPED_WITHIN


def test_reload_loses_no_request(site):
    """New connections, and old ones that are used again unless the server has closed them."""
    ended = threading.Event()
    problems: list[str] = []
    answered = []

    def visit() -> None:
        while not ended.is_set():
            try:
                answered.append(requests.get(f"{site.url}/about", timeout=30).status_code)
            except requests.RequestException as error:
                problems.append(repr(error))

    visitors = [threading.Thread(target=visit) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    before = site.worker
    site.process.send_signal(signal.SIGHUP)

    def is_replaced() -> bool:
        with contextlib.suppress(ValueError):
            return site.worker != before
        return False

    serving.wait_until(is_replaced, "the new worker to be alone", 40)
    ended.set()
    for visitor in visitors:
        visitor.join(40)
    assert not problems
    assert set(answered) == {200}
