"""Names that cannot be looked up in time, hosts with several addresses, and what is certain about both."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from lco.errors import OdooUnavailable
from lco.odoo import http_adapter
from lco.odoo.dns import Resolver, connect
from lco.odoo.transport import Transport
from tests.serving import PATIENCE, free_port, wait_until

SOON = 0.02
HOST = "odoo.test"
HERE = (socket.AF_INET, "127.0.0.1")


class NameServer:
    """Stands for the resolver of the machine; `silent` until it is let go."""

    def __init__(self) -> None:
        self.addresses = ["127.0.0.1"]
        self.asked: list[str] = []
        self.answered = 0
        self.speaks = threading.Event()

    def getaddrinfo(self, host, *_, **__):
        self.asked.append(host)
        assert self.speaks.wait(PATIENCE)
        self.answered += 1
        if not self.addresses:
            raise socket.gaierror(-2, "Name or service not known")
        families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in self.addresses]
        return [(family, 1, 6, "", (at, 0)) for family, at in zip(families, self.addresses, strict=True)]


@pytest.fixture
def name_server(monkeypatch):
    server = NameServer()
    monkeypatch.setattr(socket, "getaddrinfo", server.getaddrinfo)
    monkeypatch.setattr(http_adapter, "_resolver", Resolver())
    yield server
    server.speaks.set()


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_name_is_looked_up_each_time_so_that_odoo_may_move(name_server):
    name_server.speaks.set()
    names = Resolver()
    assert names.addresses(HOST, PATIENCE) == [HERE]
    name_server.addresses = ["127.0.0.2", "127.0.0.3"]
    assert names.addresses(HOST, PATIENCE) == [(socket.AF_INET, "127.0.0.2"), (socket.AF_INET, "127.0.0.3")]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "[::1]"])
def test_an_address_needs_no_look_up(name_server, host):
    assert [address for _, address in Resolver().addresses(host, SOON)] == [host.strip("[]")]
    assert name_server.asked == []


def test_an_unknown_name_is_an_error_for_all_that_wait(name_server):
    name_server.addresses = []
    names = Resolver()
    with ThreadPoolExecutor(3) as threads:
        waiting = [threads.submit(names.addresses, HOST, PATIENCE) for _ in range(3)]
        name_server.speaks.set()
        assert {type(one.exception()) for one in waiting} == {OSError}


def test_a_name_server_that_hangs_holds_one_thread_however_many_gave_up(name_server):
    names = Resolver()
    for _ in range(20):
        with pytest.raises(TimeoutError):
            names.addresses(HOST, SOON)
    assert name_server.asked == [HOST]
    name_server.speaks.set()
    assert names.addresses(HOST, PATIENCE) == [HERE]


@pytest.mark.parametrize("call", ["read", "write"])
def test_while_a_look_up_hangs_odoo_is_away_and_nothing_is_sent_when_it_ends(
    name_server, listener, monkeypatch, call
):
    monkeypatch.setattr(http_adapter, "CONNECT_SECONDS", SOON)
    odoo = Transport(f"http://{HOST}:{listener.getsockname()[1]}")
    with pytest.raises(OdooUnavailable):
        odoo.read("read", "GET", "/read") if call == "read" else odoo.write("write", "/write", {})
    name_server.speaks.set()
    wait_until(lambda: not [one for one in threading.enumerate() if one.name == "look-up"], "the look-up to end")
    listener.settimeout(SOON)
    with pytest.raises(TimeoutError):
        listener.accept()


def test_reads_that_cannot_look_the_name_up_open_the_breaker(name_server, monkeypatch):
    monkeypatch.setattr(http_adapter, "CONNECT_SECONDS", SOON)
    odoo = Transport(f"http://{HOST}:1")
    for _ in range(3):
        with pytest.raises(OdooUnavailable):
            odoo.read("read", "GET", "/read")
    assert odoo.breaker.is_open


def test_of_several_addresses_the_first_that_answers_is_used(name_server, listener):
    name_server.speaks.set()
    name_server.addresses = ["::1", "127.0.0.1"]  # no server listens at the first
    with connect(Resolver(), HOST, listener.getsockname()[1], PATIENCE) as connection:
        assert connection.getpeername()[0] == "127.0.0.1"


def test_without_a_listener_at_any_address_the_connection_is_refused(name_server):
    name_server.speaks.set()
    name_server.addresses = ["::1", "127.0.0.1"]
    with pytest.raises(OSError, match=r"refused|not supported|unreachable"):
        connect(Resolver(), HOST, free_port(), PATIENCE)
