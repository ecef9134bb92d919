from datetime import UTC, date, timedelta
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
