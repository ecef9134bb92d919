from lco import metrics
from lco.live.send_buffer import MAX_BUFFERED_BYTES, WRITE_BATCH, SendBuffer


class Client:
    """Accepts so many messages, and records them in a list shared with all others."""

    def __init__(self, name, book, takes=100):
        self.name, self.book, self.takes = name, book, takes
        self.closed = False

    def send(self, message):
        if self.takes:
            self.takes -= 1
            self.book.append((self.name, message))
            return True
        return False

    def close(self, last=b""):
        self.closed = True


def test_gathered_messages_are_handed_over_in_order():
    book = []
    one, other, send_buffer = Client("one", book), Client("other", book), SendBuffer(lambda _: None)
    send_buffer.add([one], b"1")
    send_buffer.add([other], b"2")
    send_buffer.add([one], b"3")
    assert book == []
    send_buffer.flush()
    send_buffer.flush()
    assert book == [("one", b"1"), ("other", b"2"), ("one", b"3")]


def test_no_more_gathers_than_so_many_bytes():
    book = []
    client, send_buffer = Client("one", book), SendBuffer(lambda _: None)
    send_buffer.add([client], b"x")
    send_buffer.add([client], b"x" * (MAX_BUFFERED_BYTES - 2))
    assert book == []
    send_buffer.add([client], b"x")
    assert len(book) == 3
    send_buffer.add([client], b"y")
    assert len(book) == 3


def test_no_more_gathers_than_so_many_messages():
    book = []
    client, send_buffer = Client("one", book, takes=WRITE_BATCH), SendBuffer(lambda _: None)
    for _ in range(WRITE_BATCH - 1):
        send_buffer.add([client], b"x")
    assert book == []
    send_buffer.add([client], b"x")
    assert len(book) == WRITE_BATCH


def test_a_slow_client_is_counted_and_closed_and_the_others_get_theirs():
    before = metrics.stream_overflows._value.get()
    book, slow = [], []
    laggard, other, send_buffer = Client("laggard", book, takes=0), Client("other", book), SendBuffer(slow.append)
    send_buffer.add([laggard, other], b"1")
    send_buffer.flush()
    assert book == [("other", b"1")]
    assert slow == [laggard]
    assert laggard.closed
    assert not other.closed
    assert metrics.stream_overflows._value.get() == before + 1


def test_an_empty_message_is_not_sent():
    book = []
    client, send_buffer = Client("one", book), SendBuffer(lambda _: None)
    send_buffer.add([client], b"")
    send_buffer.flush()
    assert book == []


def test_dropped_messages_are_never_sent():
    book = []
    client, send_buffer = Client("one", book), SendBuffer(lambda _: None)
    send_buffer.add([client], b"old")
    send_buffer.drop()
    send_buffer.add([client], b"new")
    send_buffer.flush()
    assert book == [("one", b"new")]
