import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from lco import clock

CHICAGO = ZoneInfo("America/Chicago")
KIRITIMATI = ZoneInfo("Pacific/Kiritimati")


def test_now_is_aware_and_in_utc():
    assert clock.now().tzinfo is UTC


def test_within_moved_every_reading_is_later_and_afterwards_it_is_not():
    before, seconds = clock.now(), clock.seconds()
    with clock.moved(timedelta(hours=5)):
        assert clock.now() - before >= timedelta(hours=5)
        assert clock.seconds() - seconds >= 5 * 3600
    assert clock.now() - before < timedelta(hours=5)
    assert clock.seconds() - seconds < 5 * 3600


def test_moves_add_up_and_may_go_back():
    with clock.moved(timedelta(days=2)):
        outer = clock.now()
        with clock.moved(timedelta(days=-1)):
            assert outer - clock.now() > timedelta(hours=23)


def test_the_move_ends_when_the_block_fails():
    before = clock.now()
    with pytest.raises(ZeroDivisionError), clock.moved(timedelta(days=1)):
        raise ZeroDivisionError
    assert clock.now() - before < timedelta(days=1)


def test_today_is_the_day_of_the_zone():
    noon = clock.now().replace(hour=12, minute=0)
    with clock.moved(noon - clock.now()):
        assert clock.today(KIRITIMATI) == clock.today(CHICAGO) + timedelta(days=1)
        assert isinstance(clock.today(CHICAGO), date)


def test_seconds_never_go_back():
    readings = [clock.seconds() for _ in range(100)]
    assert readings == sorted(readings)


@pytest.fixture
def system_clock(monkeypatch):
    """The system's clock, which can be set forward and back while real time goes on."""
    offset = [0]
    read = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: read() + offset[0])
    monkeypatch.setattr(clock, "_steady", clock._SteadyClock())
    return lambda by: offset.__setitem__(0, offset[0] + by // timedelta(microseconds=1) * 1000)


def test_no_two_instants_are_equal_and_they_are_in_order():
    instants = [clock.now() for _ in range(10_000)]
    assert all(one < next_ for one, next_ in pairwise(instants))


def test_instants_of_many_threads_are_all_different():
    with ThreadPoolExecutor(8) as threads:
        instants = list(threads.map(lambda _: clock.now(), range(5_000)))
    assert len(set(instants)) == 5_000


def test_when_the_system_clock_is_set_back_the_present_goes_on_nearly_as_fast(system_clock, monkeypatch):
    monkeypatch.setattr(clock, "BELIEVED_AFTER", 0)
    clock.now()
    system_clock(-timedelta(hours=1))
    clock.now()
    before, ticks = clock.now(), time.monotonic()
    time.sleep(0.2)
    after, passed = clock.now(), time.monotonic() - ticks
    assert timedelta(0) < after - before <= timedelta(seconds=passed)
    assert after - before >= timedelta(seconds=0.2 * clock.SLOWEST * 0.9)
    system_clock(timedelta(hours=1))
    clock.now()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=10)


def test_jump_of_the_system_clock_is_followed_once_it_has_lasted(system_clock, monkeypatch):
    before = clock.now()
    system_clock(timedelta(hours=1))
    assert clock.now() - before < timedelta(minutes=1)
    system_clock(-timedelta(hours=1))
    assert clock.now() - before < timedelta(minutes=1)
    system_clock(timedelta(hours=1))
    clock.now()
    monkeypatch.setattr(clock, "BELIEVED_AFTER", 0)
    assert clock.now() - before >= timedelta(hours=1)


def test_small_correction_of_the_system_clock_is_followed_at_once(system_clock):
    before = clock.now()
    system_clock(timedelta(milliseconds=400))
    assert clock.now() - before >= timedelta(milliseconds=400)


def test_processes_that_share_a_clock_agree_however_wrong_their_own_is(system_clock):
    shared = datetime(2027, 1, 1, tzinfo=UTC)
    ahead = clock.synchronize(lambda: shared)
    assert abs(datetime.now(UTC) - ahead - shared) < timedelta(seconds=10)
    assert timedelta() <= clock.now() - shared < timedelta(seconds=10)
    system_clock(timedelta(hours=5))
    assert clock.now() - shared < timedelta(seconds=10)
    last = clock.now()
    clock.synchronize(lambda: shared - timedelta(hours=1))
    assert clock.now() > last, "only a process that has just begun may step back"


def test_shared_clock_that_takes_long_to_answer_is_believed_the_first_time_only(system_clock, monkeypatch):
    monkeypatch.setattr(clock, "LONGEST_QUESTION", timedelta(microseconds=-1))
    shared = datetime(2027, 1, 1, tzinfo=UTC)
    clock.synchronize(lambda: shared)
    assert abs(clock.now() - shared) < timedelta(seconds=10)
    clock.synchronize(lambda: shared + timedelta(days=1))
    assert abs(clock.now() - shared) < timedelta(seconds=10)
