"""Streams whose connections the site has taken over from gunicorn: crowds, laggards, leavers, and the end."""

import os
import re
import select
import signal
import socket
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests

from lco import clock
from lco.live.connection_limit import MAX_PER_ADDRESS
from tests import serving, streams

LAGGARDS = 200
LEAVERS = 2000
CROWD = 1000
WINDOW = 4096


@contextmanager
def called(site, address="127.0.0.1", path="/live?r=rates:1", more=""):
    """A bare connection that has asked for a stream, with `more` headers, and reads nothing."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
        connection.settimeout(serving.PATIENCE)
        connection.bind((address, 0))
        connection.connect(("127.0.0.1", site.port))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: site\r\n{more}\r\n".encode())
        yield connection


def addresses(count):
    """As many loopback addresses as `count` streams need."""
    return [f"127.0.0.{2 + number // (MAX_PER_ADDRESS // 2)}" for number in range(count)]


def open_streams(site):
    text = requests.get(f"{site.url}/metrics", timeout=60).text
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith("lco_streams{"))


def sockets(site):
    """How many sockets the process that serves holds, besides those that are connected to Odoo.

    A connection that its client has broken off is in no list any more, and yet held until it is closed.
    """
    held = set()
    for file in Path(f"/proc/{site.worker}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            held.add(str(file.readlink()))
    # proc(5): the second field is the local address, the tenth the inode.
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    to_odoo = {f"socket:[{row[9]}]" for row in rows if int(row[1].rpartition(":")[2], 16) != site.port}
    return sum(name.startswith("socket:") for name in held - to_odoo)


@pytest.fixture(autouse=True)
def _no_client_is_left(site):
    yield
    if site.process.poll() is None:
        serving.wait_until(lambda: open_streams(site) == 0, "the end of all streams")


def test_clients_that_never_read_delay_no_other_and_are_disconnected(site, odoo):
    with ExitStack() as stack:
        for address in addresses(LAGGARDS):
            stack.enter_context(called(site, address, "/live?" + "&".join(f"r=card:{n}" for n in range(1, 16))))
        reader = stack.enter_context(streams.opened(f"{site.url}/live?r=rates:1"))
        serving.wait_until(lambda: open_streams(site) == LAGGARDS + 1, "all streams")
        price = 100
        while open_streams(site) > 1:
            price += 1
            for vehicle_id in range(1, 16):
                odoo.control(f"vehicles/{vehicle_id}", rental_price_daily=price)
            reader.next(lambda message, price=price: f"${price}" in message.get("data", ""))
            assert price < 1000, "those who never read are never let go"


def test_a_client_that_leaves_is_noticed_at_once(site):
    with called(site) as connection:
        connection.recv(WINDOW)
        serving.wait_until(lambda: open_streams(site) == 1, "the stream")
    serving.wait_until(lambda: open_streams(site) == 0, "the end of the stream", patience=5)


def test_nothing_is_left_of_many_closed_connections(site):
    before = sockets(site)
    for address in addresses(LEAVERS):
        with called(site, address):
            pass
    serving.wait_until(lambda: open_streams(site) == 0, "the end of all streams")
    serving.wait_until(lambda: sockets(site) <= before, "sockets to be closed")


def test_visitor_behind_a_crowd_is_answered_before_most_of_its_streams(site):
    with called(site) as first:
        first.recv(1)  # the head of streams is known from now on
    with ExitStack() as stack:
        os.kill(site.worker, signal.SIGSTOP)  # so that all wait in the order in which they have come
        try:
            crowd = [stack.enter_context(called(site, address)) for address in addresses(CROWD)]
            visitor = stack.enter_context(called(site, path="/about"))
        finally:
            os.kill(site.worker, signal.SIGCONT)
        assert visitor.recv(WINDOW).startswith(b"HTTP/1.1 200 OK\r\n")
        before = greeted(crowd, patience=0)
        assert before < CROWD // 2, "the visitor came last"
        serving.wait_until(lambda: greeted(crowd, patience=1) == CROWD, "all streams")


def greeted(crowd, patience: float) -> int:
    """How many of these connections have received anything."""
    watch = select.poll()
    for connection in crowd:
        watch.register(connection, select.POLLIN)
    return len(watch.poll(patience * 1000))


def test_an_address_with_too_many_streams_gets_503_with_retry_after(site):
    with ExitStack() as stack:
        for _ in range(MAX_PER_ADDRESS):
            stack.enter_context(called(site)).recv(1)
        answer = requests.get(f"{site.url}/live?r=rates:1", timeout=60)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        with called(site, "127.0.0.9") as other:
            assert other.recv(WINDOW).startswith(b"HTTP/1.1 200 OK\r\n")
    serving.wait_until(lambda: open_streams(site) == 0, "the end of all streams")
    with called(site) as connection:
        assert connection.recv(WINDOW).startswith(b"HTTP/1.1 200 OK\r\n")


def test_the_head_is_that_of_every_other_answer(site):
    with called(site) as connection:
        head = connection.recv(WINDOW).partition(b"\r\n\r\n")[0].decode()
    fields = dict(row.lower().split(": ", 1) for row in head.split("\r\n")[1:])
    assert fields["content-type"].startswith("text/event-stream")
    assert fields["connection"] == "close"
    assert fields["date"].endswith("gmt")
    assert fields["x-content-type-options"] == "nosniff"
    assert not {"content-length", "transfer-encoding"} & fields.keys()


def test_streams_behind_a_proxy_are_counted_for_the_client_that_it_names(odoo, tmp_path):
    with serving.site(odoo.url, tmp_path, TRUSTED_PROXIES="1") as site, ExitStack() as stack:
        requests.get(f"{site.url}/equipment", timeout=60)

        def answer(client: str) -> bytes:
            connection = stack.enter_context(called(site, more=f"X-Forwarded-For: 192.0.2.9, {client}\r\n"))
            return connection.recv(WINDOW).partition(b"\r\n")[0]

        answers = [answer("198.51.100.1") for _ in range(MAX_PER_ADDRESS)]
        assert set(answers) == {b"HTTP/1.1 200 OK"}
        assert answer("198.51.100.1") == b"HTTP/1.1 503 SERVICE UNAVAILABLE"
        assert answer("198.51.100.2") == b"HTTP/1.1 200 OK"


def test_a_request_that_comes_in_pieces_opens_a_stream(site):
    with called(site) as first:
        first.recv(1)  # the head of streams is known from now on
    with socket.create_connection(("127.0.0.1", site.port), timeout=serving.PATIENCE) as connection:
        connection.sendall(b"GET /live?r=rates:1 HTTP/1.1\r\nHos")
        time.sleep(0.2)
        connection.sendall(b"t: site\r\n\r\n")
        assert connection.recv(WINDOW).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_stop_ends_streams_at_different_times_and_finishes_requests(odoo, tmp_path):
    with serving.site(odoo.url, tmp_path) as site, ExitStack() as stack:
        requests.get(f"{site.url}/equipment", timeout=60)
        clients = [stack.enter_context(called(site)) for _ in range(20)]
        idle = requests.Session()
        idle.get(f"{site.url}/healthz", timeout=60)
        odoo.control("faults", mode="slow", seconds=2)
        answers = []
        start = clock.today(ZoneInfo("America/Chicago")) + timedelta(days=40)
        body = {"vehicle_id": 3, "date_from": f"{start}", "date_to": f"{start + timedelta(days=3)}"}
        asking = threading.Thread(
            target=lambda: answers.append(
                requests.post(f"{site.url}/api/fleet/availability", json=body, timeout=20)
            )
        )
        asking.start()
        serving.wait_until(lambda: odoo.calls("POST /api/fleet/availability"), "the question to Odoo")
        started = time.monotonic()
        site.process.terminate()
        pauses = {re.search(rb"event: closing\nretry: (\d+)\n", all_of(client))[1] for client in clients}
        assert len(pauses) > 1
        assert site.process.wait(serving.PATIENCE) == 0
        assert time.monotonic() - started < 10
        asking.join(serving.PATIENCE)
        assert [answer.status_code for answer in answers] == [200]


def all_of(connection):
    """What comes until the other side ends it."""
    return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def test_second_stream_has_the_head_of_the_first_and_the_same_errors(site):
    """The first goes through Flask, later ones go past it."""

    def head(path: str, address: str = "127.0.0.1") -> dict[str, str]:
        with called(site, address, path) as connection:
            rows = connection.recv(WINDOW).partition(b"\r\n\r\n")[0].decode().split("\r\n")
        fields = dict(row.lower().split(": ", 1) for row in rows[1:])
        return {"status": rows[0], **fields, "date": ""}

    first = head("/live?r=rates:1")
    assert head("/live?r=rates:2&r=rates%3A3&since=nonsense") == first
    for path in ("/live", "/live?r=nonsense", "/live?r=calendar:1:2199-12", "/live?r=booking:nonsense"):
        answer = requests.get(site.url + path, timeout=60)
        assert answer.status_code in {400, 404}, path
        assert answer.headers["X-Request-Id"]
    lines = [line for line in site.log.read_text().splitlines() if "route=/live " in line]
    assert len(lines) >= 6
