import pytest

from lco.errors import TooBusy
from lco.live.connection_limit import Places


def test_an_address_holds_so_many_streams_and_others_are_not_touched_by_it():
    places = Places(most=10, most_for_one=2)
    places.take("192.0.2.1", "live")
    places.take("192.0.2.1", "events")
    with pytest.raises(TooBusy) as refusal:
        places.take("192.0.2.1", "live")
    assert refusal.value.retry_after
    places.take("192.0.2.2", "live")
    assert places.taken == 3


def test_the_process_holds_so_many_streams():
    places = Places(most=2, most_for_one=2)
    places.take("192.0.2.1", "live")
    places.take("192.0.2.2", "live")
    with pytest.raises(TooBusy):
        places.take("192.0.2.3", "live")


def test_a_place_given_up_is_free_again():
    places = Places(most=1, most_for_one=1)
    for _ in range(3):
        give_up = places.take("192.0.2.1", "live")
        assert places.taken == 1
        give_up()
        assert places.taken == 0
