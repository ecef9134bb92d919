"""Lines over real loopback connections, in one thread with gevent's loop, as the server has it."""

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
    """A client and the line to it."""

    def __init__(self, lines, listener, heartbeat=b"beat", greeting=b""):
        self.ended = []
        self.client = gevent.socket.socket()
        # Left alone, the kernel would let what a client does not read grow to megabytes.
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
        self.client.connect(listener.getsockname())
        self.server, _ = listener.accept()
        self.line = lines.open(heartbeat, greeting, self.ended.append)

    def open(self, head=b"head "):
        assert self.line.open(self.server, head) is HANDLED
        self.server.close()
        return self

    def hears(self, size):
        heard = b""
        with gevent.Timeout(PATIENCE):
            while len(heard) < size:
                heard += self.client.recv(1 << 16) or pytest.fail(f"it ended after {heard!r}")
        return heard

    def hears_the_end(self):
        with gevent.Timeout(PATIENCE):
            return self.client.recv(1 << 16) == b""

    def stuff(self):
        """Put so much that the client, which does not read, can take no more; returns how much that was."""
        total = 0
        for size in (8192, 256, 8, 1):
            while self.line.send(b"x" * size):
                total += size
        return total


def open_files():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def wait_until(condition):
    with gevent.Timeout(PATIENCE):
        while not condition():
            gevent.sleep(0.001)


@pytest.fixture
def lines():
    return SocketPool(HANDLED)


@pytest.fixture
def caller(listener):
    callers = []

    def call(lines, **more):
        callers.append(Caller(lines, listener, **more))
        return callers[-1]

    yield call
    for made in callers:
        made.client.close()
        made.server.close()
        made.line.close()


@pytest.fixture
def listener():
    with gevent.socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_messages_put_before_opening_follow_head_and_greeting(lines, caller):
    one = caller(lines, greeting=b"hello ")
    assert one.line.send(b"early ")
    one.open()
    one.line.send(b"late")
    assert one.hears(21) == b"head hello early late"


def test_messages_that_a_client_cannot_take_now_follow_in_order(lines, caller):
    slow = caller(lines).open()
    size = slow.stuff()
    assert slow.hears(size + 5) == b"head " + b"x" * size
    wait_until(lambda: slow.line.send(b"news"))
    assert slow.hears(4) == b"news"


def test_a_client_that_does_not_read_costs_at_most_the_bound(lines, caller):
    slow = caller(lines).open()
    size = slow.stuff()
    assert len(slow.line._waiting) == MAX_PENDING_BYTES
    # Both ends' kernels hold some as well, each twice what it was asked for (socket(7)).
    assert size <= MAX_PENDING_BYTES + 2 * KERNEL_BUFFER_BYTES + 2 * WINDOW


def test_one_message_of_any_size_is_taken_when_nothing_waits(lines, caller):
    one, early = caller(lines).open(), caller(lines, greeting=b"hello ")
    assert one.line.send(b"y" * 1_000_000)
    assert not one.line.send(b"z")
    assert one.hears(1_000_005) == b"head " + b"y" * 1_000_000
    assert early.line.send(b"y" * 1_000_000)
    assert not early.line.send(b"z")
    assert early.open().hears(1_000_011) == b"head hello " + b"y" * 1_000_000


def test_the_end_of_the_client_is_noticed_without_a_word_to_it(lines, caller):
    one = caller(lines).open()
    one.hears(5)
    one.client.close()
    wait_until(lambda: one.ended)
    one.line.close()
    assert one.ended == [one.line]
    assert one.line.send(b"the client is gone")


def test_a_client_that_breaks_off_while_something_waits_is_noticed_too(lines, caller):
    one = caller(lines).open()
    one.stuff()
    one.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    one.client.close()
    wait_until(lambda: one.ended)


def test_bytes_from_the_client_are_ignored(lines, caller):
    one = caller(lines).open()
    one.client.sendall(b"GET / HTTP/1.1\r\n\r\n" * 1000)
    gevent.sleep(0.01)
    one.line.send(b"news")
    assert one.hears(9) == b"head news"
    assert not one.ended


def test_the_last_word_is_said_and_then_the_stream_ends(lines, caller):
    one = caller(lines).open()
    one.line.close(b"goodbye")
    assert one.hears(12) == b"head goodbye"
    assert one.hears_the_end()
    assert one.ended == [one.line]


def test_a_line_that_ends_before_it_was_open_frees_its_place(lines, caller):
    one = caller(lines)
    one.line.close(b"goodbye")
    assert one.ended == [one.line]


def test_a_line_over_a_connection_that_has_ended_frees_its_place(lines, caller):
    one = caller(lines)
    one.server.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        one.line.open(one.server, b"head ")
    assert one.ended == [one.line]


def test_silences_are_broken_by_heartbeats_and_words_put_them_off(caller):
    lines = SocketPool(HANDLED, every=4 * BEAT, tick=BEAT)
    silent, busy = caller(lines).open(b""), caller(lines, heartbeat=b"?").open(b"")

    def talk():
        while True:
            busy.line.send(b"news ")
            gevent.sleep(0)

    talking = gevent.spawn(talk)
    assert silent.hears(12) == b"beatbeatbeat"
    talking.kill()
    assert b"?" not in busy.hears(1)


def test_a_client_that_does_not_even_take_heartbeats_is_let_go_and_counted(caller):
    before = metrics.stream_overflows._value.get()
    slow = caller(SocketPool(HANDLED, every=BEAT, tick=BEAT)).open()
    slow.stuff()
    wait_until(lambda: slow.ended)
    assert metrics.stream_overflows._value.get() == before + 1


def test_nothing_is_left_of_lines_that_have_ended(lines, listener):
    files = open_files()
    callers = [Caller(lines, listener).open() for _ in range(100)]
    for number, one in enumerate(callers):
        if number % 2:
            one.line.close()
        one.client.close()
    wait_until(lambda: all(one.ended for one in callers))
    assert open_files() == files
    assert not lines._open


def test_only_a_plain_connection_of_the_gevent_server_is_taken(lines, listener):
    with gevent.socket.create_connection(listener.getsockname()) as plain, socket.socket() as thread:
        assert lines.can_take({"gunicorn.socket": plain, "SERVER_PROTOCOL": "HTTP/1.1"})
        assert not lines.can_take({"gunicorn.socket": plain, "SERVER_PROTOCOL": "HTTP/1.0"})
        assert not lines.can_take({"gunicorn.socket": thread, "SERVER_PROTOCOL": "HTTP/1.1"})
    assert not lines.can_take({"SERVER_PROTOCOL": "HTTP/1.1"})
    with gevent.socket.socket(socket.AF_UNIX) as local:
        assert not lines.can_take({"gunicorn.socket": local, "SERVER_PROTOCOL": "HTTP/1.1"})
