"""deploy/nginx.conf as it is, in front of the site: only ports, file names and the user are the test's own."""

import json
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from lco import clock
from tests import serving, streams
from tests.certificate import self_signed
from tests.factories import order

SITE = Path(__file__).parents[2] / "deploy/nginx.conf"
HELD = 70
"""Seconds: longer than the 60 for which nginx waits for a silent server."""
MAIN = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


class Nginx(NamedTuple):
    """A running server: its two ports, the folder with its logs, and what proves its certificate."""

    http: int
    https: int
    folder: Path
    trust: ssl.SSLContext

    def get(
        self, path: str, method: str = "GET", body: str | None = None, **headers: str
    ) -> tuple[HTTPResponse, bytes]:
        connection = HTTPSConnection("127.0.0.1", self.https, timeout=20, context=self.trust)
        connection.request(method, path, body, {"Host": "rent.example", **headers})
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response, body

    def log(self) -> str:
        return (self.folder / "lco.log").read_text()


@contextmanager
def running(folder: Path, upstream: int) -> Iterator[Nginx]:
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("no nginx on this machine")
    certificate = self_signed(folder, "IP:127.0.0.1")
    http, https = serving.free_port(), serving.free_port()
    changes = {
        "127.0.0.1:8000": f"127.0.0.1:{upstream}",
        "listen 80;": f"listen 127.0.0.1:{http};",
        "listen [::]:80;": "",
        "listen 443 ssl": f"listen 127.0.0.1:{https} ssl",
        "listen [::]:443 ssl http2;": "",
        "/etc/letsencrypt/live/rent.example/fullchain.pem": str(certificate.file),
        "/etc/letsencrypt/live/rent.example/privkey.pem": str(certificate.key),
        "/var/log/nginx": str(folder),
    }
    text = SITE.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "site.conf").write_text(text)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    process = subprocess.Popen(command)
    try:
        serving.wait_until(lambda: _answers(process, http), "nginx to answer")
        yield Nginx(http, https, folder, ssl.create_default_context(cafile=certificate.file))
    finally:
        process.terminate()
        process.wait(serving.PATIENCE)


def _answers(process: subprocess.Popen, port: int) -> bool:
    assert process.poll() is None, "nginx ended by itself"
    try:
        requests.get(f"http://127.0.0.1:{port}/", timeout=5, allow_redirects=False)
    except requests.ConnectionError:
        return False
    return True


@pytest.fixture(scope="module")
def site(ports, odoo, tmp_path_factory):
    folder = Path(tmp_path_factory.mktemp("site"))
    with serving.site(
        odoo.url, folder, port=ports[0], TRUSTED_PROXIES="1", SITE_URL="https://localhost"
    ) as server:
        yield server


@pytest.fixture(scope="module")
def nginx(site, tmp_path_factory):
    folder = Path(tmp_path_factory.mktemp("nginx"))
    folder.chmod(0o755)
    with running(folder, site.port) as server:
        yield server


def test_http_leads_to_https(nginx: Nginx):
    answer = requests.get(
        f"http://127.0.0.1:{nginx.http}/equipment?q=saw",
        headers={"Host": "rent.example"},
        timeout=60,
        allow_redirects=False,
    )
    assert (answer.status_code, answer.headers["Location"]) == (308, "https://rent.example/equipment?q=saw")


def test_page_is_served_compressed_and_with_its_headers(nginx: Nginx):
    response, body = nginx.get("/equipment", **{"Accept-Encoding": "br"})
    assert (response.status, response.headers["Content-Encoding"]) == (200, "br")
    assert response.headers["Strict-Transport-Security"]
    assert len(body) > 1000


def test_stream_is_held_for_longer_than_any_time_limit_and_then_still_brings_changes(nginx: Nginx, odoo):
    nginx.get("/equipment")
    connection = HTTPSConnection("127.0.0.1", nginx.https, timeout=60, context=nginx.trust)
    with streams.over(connection, "/live?r=card:5", {"Host": "rent.example"}) as page:
        opened = time.monotonic()
        assert page.next(patience=5)["event"] == "connected"
        while time.monotonic() < opened + HELD:
            page.next(patience=30)  # a heartbeat at least every 15 s, and time for a slow machine
        odoo.control("vehicles/5", rental_price_daily=83)
        page.next(lambda message: "$83" in message.get("data", ""))


def test_event_of_the_stream_for_api_clients_comes_at_once(nginx: Nginx):
    connection = HTTPSConnection("127.0.0.1", nginx.https, timeout=60, context=nginx.trust)
    with streams.over(connection, "/api/events", {"Host": "rent.example"}) as program:
        assert json.loads(program.next(patience=5)["data"])["type"] == "connected"


def test_visitor_is_known_by_the_address_that_nginx_saw(nginx: Nginx):
    """Ten attempts an hour for each address: an invented X-Forwarded-For must not give ten more."""
    statuses = []
    start = clock.now().date() + timedelta(days=30)
    for number in range(12):
        body = json.dumps(order(3, start + timedelta(days=3 * number), start + timedelta(days=3 * number + 2)))
        headers = {"Content-Type": "application/json", "X-Forwarded-For": f"192.0.2.{number}"}
        statuses.append(nginx.get("/api/booking", "POST", body, **headers)[0].status)
    assert 429 not in statuses[:10]
    assert statuses[10:] == [429, 429]


def test_log_holds_no_secret_address(nginx: Nginx):
    nginx.get("/bookings/secret-token-of-a-booking")
    nginx.get("/bookings/secret-token-of-a-booking.ics")
    nginx.get("/ops?token=secret-operator-token")
    serving.wait_until(lambda: "/ops" in nginx.log(), "the log")
    assert "/bookings/..." in nginx.log()
    assert "secret" not in nginx.log()


def test_metrics_are_for_this_machine_only(nginx: Nginx):
    assert nginx.get("/metrics")[0].status == 200
    assert "deny all;" in SITE.read_text().split("location = /metrics", 1)[1].split("}")[0]


def test_too_large_a_body_is_refused(nginx: Nginx):
    response, _ = nginx.get("/api/booking", "POST", "x" * 70_000)
    assert response.status == 413
