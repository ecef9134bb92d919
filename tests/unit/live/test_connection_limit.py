import pytest

from lco.errors import TooBusy
from lco.live.connection_limit import ConnectionLimiter


def test_an_address_holds_so_many_streams_and_others_are_not_touched_by_it():
    limiter = ConnectionLimiter(most=10, most_for_one=2)
    limiter.acquire("192.0.2.1", "live")
    limiter.acquire("192.0.2.1", "events")
    with pytest.raises(TooBusy) as refusal:
        limiter.acquire("192.0.2.1", "live")
    assert refusal.value.retry_after
    limiter.acquire("192.0.2.2", "live")
    assert limiter.in_use == 3


def test_the_process_holds_so_many_streams():
    limiter = ConnectionLimiter(most=2, most_for_one=2)
    limiter.acquire("192.0.2.1", "live")
    limiter.acquire("192.0.2.2", "live")
    with pytest.raises(TooBusy):
        limiter.acquire("192.0.2.3", "live")


def test_a_released_slot_is_free_again():
    limiter = ConnectionLimiter(most=1, most_for_one=1)
    for _ in range(3):
        release = limiter.acquire("192.0.2.1", "live")
        assert limiter.in_use == 1
        release()
        assert limiter.in_use == 0
