import pytest

from lco.errors import TooBusy
from lco.live.connection_limit import ConnectionLimiter


def test_an_address_holds_so_many_streams_and_others_are_not_touched_by_it():
    places = ConnectionLimiter(most=10, most_for_one=2)
    places.acquire("192.0.2.1", "live")
    places.acquire("192.0.2.1", "events")
    with pytest.raises(TooBusy) as refusal:
        places.acquire("192.0.2.1", "live")
    assert refusal.value.retry_after
    places.acquire("192.0.2.2", "live")
    assert places.in_use == 3


def test_the_process_holds_so_many_streams():
    places = ConnectionLimiter(most=2, most_for_one=2)
    places.acquire("192.0.2.1", "live")
    places.acquire("192.0.2.2", "live")
    with pytest.raises(TooBusy):
        places.acquire("192.0.2.3", "live")


def test_a_place_given_up_is_free_again():
    places = ConnectionLimiter(most=1, most_for_one=1)
    for _ in range(3):
        give_up = places.acquire("192.0.2.1", "live")
        assert places.in_use == 1
        give_up()
        assert places.in_use == 0
