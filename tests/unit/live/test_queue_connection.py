import threading
from datetime import timedelta

import pytest

from lco.live.queue_connection import QueueConnection

SOON = timedelta(milliseconds=1)
LATE = timedelta(seconds=30)


def connection(every=LATE, **more):
    """A connection whose greeting has been read."""
    closed = []
    made = QueueConnection(b"beat", b"hello ", closed.append, every=every, **more)
    made.closed = closed
    assert next(made) == b"hello "
    return made


def test_messages_come_out_in_order_as_one_piece():
    opened = connection()
    assert opened.send(b"one ")
    assert opened.send(b"two")
    assert next(opened) == b"one two"


def test_the_greeting_comes_first_and_is_not_counted():
    opened = QueueConnection(b"beat", b"hello ", lambda _: None, most_waiting=10)
    assert opened.send(b"x" * 1000)
    assert not opened.send(b"y")
    assert next(opened) == b"hello " + b"x" * 1000


def test_heartbeat_is_sent_when_no_message_waits():
    assert next(connection(SOON)) == b"beat"


def test_a_reader_is_woken_by_a_message():
    opened = connection()
    read = []
    reader = threading.Thread(target=lambda: read.append(next(opened)))
    reader.start()
    opened.send(b"event")
    reader.join(5)
    assert read == [b"event"]


def test_messages_above_the_bound_are_refused_while_the_client_does_not_read():
    opened = connection(most_waiting=10)
    assert opened.send(b"x" * 6)
    assert opened.send(b"y" * 4)
    assert not opened.send(b"z")
    next(opened)
    assert opened.send(b"z")


def test_one_message_of_any_size_is_accepted_when_nothing_waits():
    opened = connection(most_waiting=10)
    assert opened.send(b"x" * 1000)
    assert not opened.send(b"y")
    assert len(next(opened)) == 1000


def test_closing_ends_the_reader_drops_waiting_messages_and_calls_back_once():
    opened = connection()
    opened.send(b"never read")
    opened.close()
    opened.close()
    with pytest.raises(StopIteration):
        next(opened)
    assert opened.closed == [opened]


def test_the_last_message_follows_the_waiting_messages():
    opened = connection()
    opened.send(b"event ")
    opened.close(b"goodbye")
    assert list(opened) == [b"event goodbye"]


def test_a_waiting_reader_ends_when_the_stream_is_closed():
    opened = connection()
    reader = threading.Thread(target=lambda: list(opened))
    reader.start()
    opened.close()
    reader.join(5)
    assert not reader.is_alive()


def test_a_closed_connection_accepts_messages_and_drops_them():
    opened = connection()
    opened.close()
    assert opened.send(b"too late")
    with pytest.raises(StopIteration):
        next(opened)
