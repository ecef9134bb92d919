"""TLS to Odoo: only who proves to be Odoo is sent anything, and no booking waits for the list of authorities."""

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from lco.errors import OdooUnavailable
from lco.odoo import http_adapter
from lco.odoo.transport import Transport
from tests.certificate import self_signed


class Odoo(BaseHTTPRequestHandler):
    """Says yes to everything and remembers what it was asked."""

    asked: list[str]

    def do_POST(self) -> None:
        self.asked.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"success": True}).encode())

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def certificate(tmp_path):
    return self_signed(tmp_path, "DNS:localhost")


@pytest.fixture
def server(certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    server = HTTPServer(("localhost", 0), type("Asked", (Odoo,), {"asked": []}))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def trusted(monkeypatch):
    """Trust only the certificates in a file, until the test ends."""

    def trust(path) -> None:
        monkeypatch.setattr(http_adapter, "DEFAULT_CA_BUNDLE_PATH", str(path))
        http_adapter.trusted.cache_clear()

    yield trust
    http_adapter.trusted.cache_clear()


def book(server, host: str = "localhost"):
    return Transport(f"https://{host}:{server.server_port}").write("booking", "/book", {"vehicle_id": 1})


def test_one_who_cannot_prove_to_be_odoo_is_sent_nothing(server):
    with pytest.raises(OdooUnavailable):
        book(server)
    assert server.RequestHandlerClass.asked == []


def test_one_with_a_certificate_for_another_name_is_sent_nothing(server, certificate, trusted):
    trusted(certificate.file)
    with pytest.raises(OdooUnavailable):
        book(server, "127.0.0.1")
    assert server.RequestHandlerClass.asked == []


def test_the_authorities_are_read_once_however_many_bookings_there_are(server, certificate, trusted):
    trusted(certificate.file)
    assert book(server) == {"success": True}
    certificate.file.unlink()
    assert book(server) == {"success": True}
    assert server.RequestHandlerClass.asked == ["/book", "/book"]
