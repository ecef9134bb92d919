import threading
from datetime import timedelta

from lco import clock
from lco.deadline import deadline, remaining


def test_without_a_deadline_a_wait_may_take_its_own_limit():
    assert remaining(10.0) == 10.0


def test_the_remaining_time_falls_with_the_clock_and_stops_at_zero():
    with deadline(timedelta(seconds=3)):
        assert 2 < remaining(10.0) <= 3
        with clock.moved(timedelta(seconds=2)):
            assert 0 < remaining(10.0) <= 1
        with clock.moved(timedelta(seconds=60)):
            assert remaining(10.0) == 0


def test_a_deadline_never_lengthens_a_wait():
    with deadline(timedelta(seconds=30)):
        assert remaining(0.5) == 0.5


def test_after_the_block_there_is_no_deadline():
    with deadline(timedelta()):
        pass
    assert remaining(10.0) == 10.0


def test_a_deadline_holds_only_in_its_own_thread():
    seen = []
    with deadline(timedelta()):
        other = threading.Thread(target=lambda: seen.append(remaining(7.0)))
        other.start()
        other.join()
    assert seen == [7.0]
