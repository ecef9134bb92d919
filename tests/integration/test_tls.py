"""TLS to Odoo: only who proves to be Odoo is sent anything, and no booking waits for the list of authorities."""

import json
import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from lco.odoo import connections
from lco.odoo.errors import OdooAway
from lco.odoo.transport import Transport

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")


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
    """A certificate for localhost that nobody has signed but itself."""
    made = tmp_path / "certificate.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    )
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(tmp_path / "key.pem"), "-out", str(made)]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    return made


@pytest.fixture
def server(certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
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
    """Have nobody trusted but the certificates in a file, until the test ends."""

    def trust(path) -> None:
        monkeypatch.setattr(connections, "DEFAULT_CA_BUNDLE_PATH", str(path))
        connections.trusted.cache_clear()

    yield trust
    connections.trusted.cache_clear()


def book(server, host: str = "localhost"):
    return Transport(f"https://{host}:{server.server_port}").write("booking", "/book", {"vehicle_id": 1})


def test_one_who_cannot_prove_to_be_odoo_is_sent_nothing(server):
    with pytest.raises(OdooAway):
        book(server)
    assert server.RequestHandlerClass.asked == []


def test_one_with_a_certificate_for_another_name_is_sent_nothing(server, certificate, trusted):
    trusted(certificate)
    with pytest.raises(OdooAway):
        book(server, "127.0.0.1")
    assert server.RequestHandlerClass.asked == []


def test_the_authorities_are_read_once_however_many_bookings_there_are(server, certificate, trusted):
    trusted(certificate)
    assert book(server) == {"success": True}
    certificate.unlink()
    assert book(server) == {"success": True}
    assert server.RequestHandlerClass.asked == ["/book", "/book"]
