"""Bodies that do not come, come slowly, or are malformed, against the real server."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lco.web.request_body import MAX_SECONDS

ROUTES = [
    "/bookings",
    "/bookings/dates",
    "/api/booking",
    "/api/webhook/booking",
    "/api/webhook/inventory",
    "/equipment",
    "/no-such-page",
    "/api/no-such-page",
]
CHUNKED = "Transfer-Encoding: chunked"


def exchange(site, path: str, header: str, *body: bytes, pause: float = 0) -> tuple[int, float, bytes]:
    """Send a POST whose body is `body`; return status, seconds until the server closed, and the answer."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", site.port), timeout=60) as sock:
        form = "Content-Type: application/x-www-form-urlencoded"
        sock.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\n{form}\r\n{header}\r\n\r\n".encode())
        received = b""
        for piece in body:
            time.sleep(pause)
            sock.sendall(piece)
        while data := sock.recv(65536):
            received += data
    return int(received.split(b" ", 2)[1]), time.monotonic() - began, received


def test_a_body_that_does_not_come_is_408_and_closed_on_every_route(site):
    def silent(path_and_header):
        return path_and_header, exchange(site, *path_and_header)

    cases = [(path, header) for path in ROUTES for header in ("Content-Length: 500", CHUNKED)]
    with ThreadPoolExecutor(len(cases)) as threads:
        for case, (status, seconds, answer) in threads.map(silent, cases):
            assert status == 408, (case, answer[:300])
            assert seconds < MAX_SECONDS + 5, case


def test_a_body_that_comes_in_drops_is_408(site):
    status, seconds, _ = exchange(site, "/api/booking", "Content-Length: 500", *[b"a"] * 22, pause=0.45)
    assert status == 408
    assert seconds < MAX_SECONDS + 5


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "chunk", [b"zz\r\n", b"-2\r\n", b"2;x=\n", b"2\r\nabX\r\n", b"2;=\r\nab\r\n0\r\n\r\n", b"\r\n\r\n"]
)
def test_malformed_chunks_are_400(site, path, chunk):
    status, _, answer = exchange(site, path, CHUNKED, chunk + b"\r\n\r\n")
    assert status == 400, answer[:300]
    assert b"Traceback" not in answer


def test_a_body_that_ends_early_is_400(site):
    with socket.create_connection(("127.0.0.1", site.port), timeout=60) as sock:
        sock.sendall(b"POST /bookings HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nvehicle_id=3")
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(65536).startswith(b"HTTP/1.1 400")
