"""Real connections: answers that come byte by byte, break off or end, and how connections are kept."""

import gzip
import socket
import struct
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from lco import clock
from lco.errors import OdooError, OdooUnavailable
from lco.odoo.errors import OutcomeUnknown
from lco.odoo.transport import Transport
from tests.serving import PATIENCE, free_port

BODY = b'{"success": true, "data": []}'
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 29\r\n\r\n" + BODY
RESET = struct.pack("ii", 1, 0)


def test_refused_connections_leave_odoo_away():
    unreachable = Transport(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(OdooUnavailable):
        read(unreachable)
    with pytest.raises(OdooUnavailable):
        write(unreachable)


def test_a_reset_after_sending_leaves_the_outcome_of_a_booking_unknown(odoo):
    odoo.answer = reset
    with pytest.raises(OutcomeUnknown):
        write(odoo.transport)
    assert odoo.requests == ["POST /write"]


@pytest.mark.parametrize("ending", ["reset", "farewell", "half"])
def test_a_read_that_breaks_off_is_tried_three_times(odoo, ending):
    odoo.answer = {"reset": reset, "farewell": farewell, "half": half}[ending]
    with pytest.raises(OdooError) as error:
        read(odoo.transport)
    assert error.type is OdooError
    assert odoo.requests == ["GET /read"] * 3


@pytest.mark.parametrize("head", ["Content-Length: 29", "Connection: close", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("call", ["write", "fetch"])
def test_an_answer_that_drips_in_is_given_up_when_its_time_is_over(odoo, head, call):
    hung_up = threading.Event()
    odoo.answer = dripping(head, hung_up)
    with pytest.raises(OdooError) as error:
        write(odoo.transport) if call == "write" else odoo.transport.fetch("/picture")
    assert error.type is (OutcomeUnknown if call == "write" else OdooError)
    assert hung_up.wait(PATIENCE)
    assert len(odoo.requests) == 1


@pytest.mark.parametrize("call", ["write", "fetch"])
def test_an_answer_whose_head_drips_in_is_given_up_too(odoo, call):
    hung_up = threading.Event()
    odoo.answer = dripping_head(hung_up)
    with pytest.raises(OdooError) as error:
        write(odoo.transport) if call == "write" else odoo.transport.fetch("/picture")
    assert error.type is (OutcomeUnknown if call == "write" else OdooError)
    assert hung_up.wait(PATIENCE)
    assert len(odoo.requests) == 1


def test_reads_share_a_connection(odoo):
    for _ in range(5):
        assert read(odoo.transport) == {"success": True, "data": []}
    assert (len(odoo.requests), odoo.connections) == (5, 1)


def test_every_booking_has_a_connection_of_its_own(odoo):
    read(odoo.transport)
    for _ in range(3):
        write(odoo.transport)
    read(odoo.transport)
    assert (len(odoo.requests), odoo.connections) == (5, 4)


def test_a_closed_idle_connection_harms_neither_reads_nor_bookings(odoo):
    odoo.answer = lambda connection: (connection.sendall(WHOLE), connection.close())
    for _ in range(3):
        read(odoo.transport)
        write(odoo.transport)
    assert odoo.requests.count("POST /write") == 3


@pytest.mark.parametrize("head", ["Content-Length: {}", "Connection: close"])
def test_a_compressed_answer_is_opened(odoo, head):
    small = gzip.compress(BODY)
    odoo.answer = lambda connection: (
        connection.sendall(
            f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n{head.format(len(small))}\r\n\r\n".encode()
        ),
        connection.sendall(small),
        connection.close(),
    )
    assert read(odoo.transport) == {"success": True, "data": []}


def test_a_body_declared_as_gzip_that_is_none_is_an_error_of_odoo(odoo):
    odoo.answer = lambda connection: connection.sendall(
        WHOLE.replace(b"application/json", b"x\r\nContent-Encoding: gzip")
    )
    with pytest.raises(OutcomeUnknown):
        write(odoo.transport)


def test_the_machines_proxy_and_passwords_have_no_say(odoo, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    read(odoo.transport)
    write(odoo.transport)
    assert not any(b"authorization" in head.lower() for head in odoo.heads)


def read(transport: Transport):
    return transport.read("read", "GET", "/read")


def write(transport: Transport):
    return transport.write("write", "/write", {"vehicle_id": 1})


def whole(connection: socket.socket) -> None:
    connection.sendall(WHOLE)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connection.close()


def farewell(connection: socket.socket) -> None:
    connection.close()


def half(connection: socket.socket) -> None:
    connection.sendall(WHOLE[:-5])
    connection.close()


def dripping(head: str, hung_up: threading.Event) -> Callable[[socket.socket], None]:
    """A byte at a time for ever, in such a way that no pause between two is ever too long."""
    byte = b"1\r\n{\r\n" if "chunked" in head else b"{"

    def answer(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + byte)
        # The clock moves on instead of the test waiting: to the client, the second byte comes an hour later.
        with clock.moved(timedelta(hours=1)):
            if is_hung_up(connection, byte):
                hung_up.set()

    return answer


def dripping_head(hung_up: threading.Event) -> Callable[[socket.socket], None]:
    """The same, but the head itself never ends."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Drop: 1\r\n")
        with clock.moved(timedelta(hours=1)):
            if is_hung_up(connection, b"X-Drop: 2\r\n"):
                hung_up.set()

    return answer


def is_hung_up(connection: socket.socket, byte: bytes) -> bool:
    """Whether the other side ends the connection, in one way or the other, when it gets one more `byte`."""
    try:
        connection.sendall(byte)
        return connection.recv(1) == b""
    except ConnectionError:
        return True


class RawOdoo:
    """A server that reads whole requests and leaves it to `answer` what happens then."""

    def __init__(self) -> None:
        self.answer: Callable[[socket.socket], object] = whole
        self.requests: list[str] = []
        self.heads: list[bytes] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.transport = Transport(f"http://127.0.0.1:{self._listener.getsockname()[1]}")
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        try:
            with connection:
                while self._request(connection):
                    self.answer(connection)
        except OSError:
            return  # one side has closed the connection, which is what most of these tests are about

    def _request(self, connection: socket.socket) -> bool:
        head = b""
        while b"\r\n\r\n" not in head:
            if not (received := connection.recv(4096)):
                return False
            head += received
        head, _, body = head.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += connection.recv(4096)
        self.heads.append(head)
        self.requests.append(head.decode().partition(" HTTP")[0])
        return True


@pytest.fixture
def odoo():
    server = RawOdoo()
    yield server
    server.close()
