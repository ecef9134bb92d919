from datetime import timedelta

from lco import clock
from lco.web import limit_storage
from lco.web.limit_storage import BoundedMemoryStorage

HOUR = 3600


def hit(storage, client: str, limit: int = 10) -> bool:
    return storage.acquire_entry(client, limit, HOUR)


def test_a_client_has_so_many_hits_in_a_window_that_moves():
    storage = BoundedMemoryStorage()
    assert [hit(storage, "a", 2) for _ in range(3)] == [True, True, False]
    with clock.moved(timedelta(minutes=59)):
        assert not hit(storage, "a", 2)
    with clock.moved(timedelta(minutes=61)):
        assert [hit(storage, "a", 2) for _ in range(3)] == [True, True, False]


def test_the_window_returns_its_oldest_hit_and_the_number_of_hits():
    storage = BoundedMemoryStorage()
    now = clock.now().timestamp()
    start, count = storage.get_moving_window("a", 10, HOUR)
    assert count == 0
    assert start >= now
    hit(storage, "a")
    with clock.moved(timedelta(minutes=1)):
        hit(storage, "a")
        start, count = storage.get_moving_window("a", 10, HOUR)
    assert count == 2
    assert now <= start < now + 30


def test_clients_with_expired_hits_are_forgotten():
    storage = BoundedMemoryStorage()
    for number in range(1000):
        hit(storage, f"old {number}")
    with clock.moved(timedelta(hours=2)):
        for number in range(300):
            hit(storage, f"new {number}")
        assert len(storage) == 300


def test_the_number_of_clients_is_bounded(monkeypatch):
    monkeypatch.setattr(limit_storage, "MAX_CLIENTS", 100)
    storage = BoundedMemoryStorage()
    for number in range(1000):
        hit(storage, str(number))
    assert len(storage) <= 101


def test_refused_hits_leave_nothing_behind():
    storage = BoundedMemoryStorage()
    for number in range(1000):
        assert not hit(storage, str(number), 0)
    assert len(storage) == 0
