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
    """Accepts everything and records its requests."""

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
        monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
        monkeypatch.setattr(http_adapter, "DEFAULT_CA_BUNDLE_PATH", str(path))
        http_adapter.trusted.cache_clear()

    yield trust
    http_adapter.trusted.cache_clear()


def book(server, host: str = "localhost"):
    return Transport(f"https://{host}:{server.server_port}").write("booking", "/book", {"vehicle_id": 1})


def test_a_server_without_a_valid_certificate_is_sent_nothing(server):
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


def test_authority_of_ones_own_is_trusted_by_the_environment(server, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.file))
    http_adapter.trusted.cache_clear()
    try:
        assert book(server)["success"] is True
    finally:
        http_adapter.trusted.cache_clear()


def test_log_and_staff_read_why_odoo_was_not_reached(server, caplog):
    odoo = Transport(f"https://localhost:{server.server_port}")
    with pytest.raises(OdooUnavailable):
        odoo.write("booking", "/book", {"vehicle_id": 1})
    assert "certificate is not trusted" in odoo.last_failure
    refused = Transport("http://127.0.0.1:9")
    with pytest.raises(OdooUnavailable):
        refused.write("booking", "/book", {"vehicle_id": 1})
    assert "it refuses the connection" in refused.last_failure
    unnamed = Transport("http://no-such-host.invalid")
    with pytest.raises(OdooUnavailable):
        unnamed.write("booking", "/book", {"vehicle_id": 1})
    assert "its name cannot be resolved" in unnamed.last_failure
    for said in (odoo.last_failure, refused.last_failure, unnamed.last_failure):
        assert f"odoo is not reached: {said}" in caplog.text
