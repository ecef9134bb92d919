"""Connections over real loopback sockets, in one thread with gevent's loop, as in the server."""

import socket
from datetime import timedelta
from pathlib import Path

import gevent
import gevent.socket
import pytest

from lco import metrics
from lco.live.socket_connection import KERNEL_BUFFER_BYTES, SocketPool
from lco.live.subscriptions import MAX_PENDING_BYTES
from tests.serving import PATIENCE

HANDLED = [b"handled"]
BEAT = timedelta(milliseconds=5)
WINDOW = 64 * 1024


class Caller:
    """A client and the connection to it."""

    def __init__(self, pool, listener, heartbeat=b"beat", greeting=b""):
        self.ended = []
        self.client = gevent.socket.socket()
        # Left alone, the kernel would let what a client does not read grow to megabytes.
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
        self.client.connect(listener.getsockname())
        self.server, _ = listener.accept()
        self.connection = pool.open(heartbeat, greeting, self.ended.append)

    def open(self, head=b"head "):
        assert self.connection.open(self.server, head) is HANDLED
        self.server.close()
        return self

    def receives(self, size):
        received = b""
        with gevent.Timeout(PATIENCE):
            while len(received) < size:
                received += self.client.recv(1 << 16) or pytest.fail(f"it ended after {received!r}")
        return received

    def receives_the_end(self):
        with gevent.Timeout(PATIENCE):
            return self.client.recv(1 << 16) == b""

    def fill(self):
        """Send as much as a client that does not read can take, and return how much that was."""
        total = 0
        for size in (8192, 256, 8, 1):
            while self.connection.send(b"x" * size):
                total += size
        return total


def open_files():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def wait_until(condition):
    with gevent.Timeout(PATIENCE):
        while not condition():
            gevent.sleep(0.001)


@pytest.fixture
def pool():
    return SocketPool(HANDLED)


@pytest.fixture
def caller(listener):
    callers = []

    def call(pool, **more):
        callers.append(Caller(pool, listener, **more))
        return callers[-1]

    yield call
    for made in callers:
        made.client.close()
        made.server.close()
        made.connection.close()


@pytest.fixture
def listener():
    with gevent.socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_messages_sent_before_opening_follow_head_and_greeting(pool, caller):
    one = caller(pool, greeting=b"hello ")
    assert one.connection.send(b"early ")
    one.open()
    one.connection.send(b"late")
    assert one.receives(21) == b"head hello early late"


def test_messages_that_a_client_cannot_take_now_follow_in_order(pool, caller):
    slow = caller(pool).open()
    size = slow.fill()
    assert slow.receives(size + 5) == b"head " + b"x" * size
    wait_until(lambda: slow.connection.send(b"event"))
    assert slow.receives(5) == b"event"


def test_at_most_the_bound_is_kept_for_a_client_that_does_not_read(pool, caller):
    slow = caller(pool).open()
    size = slow.fill()
    assert len(slow.connection._waiting) == MAX_PENDING_BYTES
    # Both ends' kernels hold some as well, each twice what it was asked for (socket(7)).
    assert size <= MAX_PENDING_BYTES + 2 * KERNEL_BUFFER_BYTES + 2 * WINDOW


def test_one_message_of_any_size_is_accepted_when_nothing_waits(pool, caller):
    one, early = caller(pool).open(), caller(pool, greeting=b"hello ")
    assert one.connection.send(b"y" * 1_000_000)
    assert not one.connection.send(b"z")
    assert one.receives(1_000_005) == b"head " + b"y" * 1_000_000
    assert early.connection.send(b"y" * 1_000_000)
    assert not early.connection.send(b"z")
    assert early.open().receives(1_000_011) == b"head hello " + b"y" * 1_000_000


def test_the_end_of_the_client_is_noticed_without_sending(pool, caller):
    one = caller(pool).open()
    one.receives(5)
    one.client.close()
    wait_until(lambda: one.ended)
    one.connection.close()
    assert one.ended == [one.connection]
    assert one.connection.send(b"the client is gone")


def test_a_client_that_breaks_off_while_something_waits_is_noticed_too(pool, caller):
    one = caller(pool).open()
    one.fill()
    one.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    one.client.close()
    wait_until(lambda: one.ended)


def test_bytes_from_the_client_are_ignored(pool, caller):
    one = caller(pool).open()
    one.client.sendall(b"GET / HTTP/1.1\r\n\r\n" * 1000)
    gevent.sleep(0.01)
    one.connection.send(b"event")
    assert one.receives(10) == b"head event"
    assert not one.ended


def test_the_last_message_is_sent_and_then_the_stream_ends(pool, caller):
    one = caller(pool).open()
    one.connection.close(b"goodbye")
    assert one.receives(12) == b"head goodbye"
    assert one.receives_the_end()
    assert one.ended == [one.connection]


def test_a_connection_closed_before_it_was_open_calls_back(pool, caller):
    one = caller(pool)
    one.connection.close(b"goodbye")
    assert one.ended == [one.connection]


def test_a_connection_over_a_closed_socket_calls_back(pool, caller):
    one = caller(pool)
    one.server.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        one.connection.open(one.server, b"head ")
    assert one.ended == [one.connection]


def test_heartbeats_are_sent_to_idle_connections_only(caller):
    pool = SocketPool(HANDLED, every=4 * BEAT, tick=BEAT)
    silent, busy = caller(pool).open(b""), caller(pool, heartbeat=b"?").open(b"")

    def send_on():
        while True:
            busy.connection.send(b"event ")
            gevent.sleep(0)

    sending = gevent.spawn(send_on)
    assert silent.receives(12) == b"beatbeatbeat"
    sending.kill()
    assert b"?" not in busy.receives(1)


def test_a_client_that_takes_no_heartbeats_is_closed_and_counted(caller):
    before = metrics.stream_overflows._value.get()
    slow = caller(SocketPool(HANDLED, every=BEAT, tick=BEAT)).open()
    slow.fill()
    wait_until(lambda: slow.ended)
    assert metrics.stream_overflows._value.get() == before + 1


def test_nothing_is_left_of_connections_that_have_ended(pool, listener):
    files = open_files()
    callers = [Caller(pool, listener).open() for _ in range(100)]
    for number, one in enumerate(callers):
        if number % 2:
            one.connection.close()
        one.client.close()
    wait_until(lambda: all(one.ended for one in callers))
    assert open_files() == files
    assert not pool._open


def test_only_a_plain_socket_of_the_gevent_server_is_accepted(pool, listener):
    with gevent.socket.create_connection(listener.getsockname()) as plain, socket.socket() as thread:
        assert pool.can_take({"gunicorn.socket": plain, "SERVER_PROTOCOL": "HTTP/1.1"})
        assert not pool.can_take({"gunicorn.socket": plain, "SERVER_PROTOCOL": "HTTP/1.0"})
        assert not pool.can_take({"gunicorn.socket": thread, "SERVER_PROTOCOL": "HTTP/1.1"})
    assert not pool.can_take({"SERVER_PROTOCOL": "HTTP/1.1"})
    with gevent.socket.socket(socket.AF_UNIX) as local:
        assert not pool.can_take({"gunicorn.socket": local, "SERVER_PROTOCOL": "HTTP/1.1"})
