import threading
from datetime import timedelta

import pytest

from lco.live.queue_connection import QueueConnection

SOON = timedelta(milliseconds=1)
LATE = timedelta(seconds=30)


def pipe(every=LATE, **more):
    """A pipe whose greeting has been read."""
    closed = []
    made = QueueConnection(b"beat", b"hello ", closed.append, every=every, **more)
    made.closed = closed
    assert next(made) == b"hello "
    return made


def test_messages_come_out_in_order_as_one_piece():
    stream = pipe()
    assert stream.send(b"one ")
    assert stream.send(b"two")
    assert next(stream) == b"one two"


def test_the_greeting_comes_first_and_is_not_counted():
    stream = QueueConnection(b"beat", b"hello ", lambda _: None, most_waiting=10)
    assert stream.send(b"x" * 1000)
    assert not stream.send(b"y")
    assert next(stream) == b"hello " + b"x" * 1000


def test_a_silence_is_filled_with_the_heartbeat():
    assert next(pipe(SOON)) == b"beat"


def test_a_reader_is_woken_by_a_message():
    stream = pipe()
    read = []
    reader = threading.Thread(target=lambda: read.append(next(stream)))
    reader.start()
    stream.send(b"news")
    reader.join(5)
    assert read == [b"news"]


def test_a_client_that_does_not_read_is_refused_more_at_the_bound():
    stream = pipe(most_waiting=10)
    assert stream.send(b"x" * 6)
    assert stream.send(b"y" * 4)
    assert not stream.send(b"z")
    next(stream)
    assert stream.send(b"z")


def test_one_message_of_any_size_is_taken_when_nothing_waits():
    stream = pipe(most_waiting=10)
    assert stream.send(b"x" * 1000)
    assert not stream.send(b"y")
    assert len(next(stream)) == 1000


def test_closing_ends_the_reader_drops_waiting_messages_and_calls_back_once():
    stream = pipe()
    stream.send(b"never read")
    stream.close()
    stream.close()
    with pytest.raises(StopIteration):
        next(stream)
    assert stream.closed == [stream]


def test_the_last_word_follows_what_waits():
    stream = pipe()
    stream.send(b"news ")
    stream.close(b"goodbye")
    assert list(stream) == [b"news goodbye"]


def test_a_waiting_reader_ends_when_the_stream_is_closed():
    stream = pipe()
    reader = threading.Thread(target=lambda: list(stream))
    reader.start()
    stream.close()
    reader.join(5)
    assert not reader.is_alive()


def test_a_closed_pipe_takes_messages_and_drops_them():
    stream = pipe()
    stream.close()
    assert stream.send(b"too late")
    with pytest.raises(StopIteration):
        next(stream)
