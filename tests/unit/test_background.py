import threading
from datetime import timedelta

import pytest

from lco import background, metrics
from tests.serving import PATIENCE, wait_until

PAUSE = timedelta(milliseconds=50)


def test_work_is_done_in_another_thread():
    done, names = threading.Event(), []

    def work():
        names.append(threading.current_thread().name)
        done.set()

    background.run("a test", work)
    assert done.wait(PATIENCE)
    assert names != [threading.current_thread().name]


def test_a_failure_is_logged_and_counted_and_work_goes_on(caplog, failures):
    def fail():
        raise ZeroDivisionError

    # Failing more often than there are threads shows that none of them is lost.
    for _ in range(20):
        background.run("a failing test", fail)
    wait_until(lambda: failures() == 20, "all to have failed")
    assert "a failing test failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_of_a_burst_under_one_key_only_the_first_and_the_last_run():
    seen, ran = [], []
    for number in range(100):
        seen.append(number)
        background.throttle("a test", "burst", PAUSE, lambda: ran.append(len(seen)))
    wait_until(lambda: ran and ran[-1] == 100, "the last to run")
    assert len(ran) <= 2
    assert ran[-1] == 100, "the last sees all that was seen"


def test_other_keys_run_side_by_side():
    shared = threading.Barrier(3)
    for key in ("one", "two"):
        background.throttle("a test", key, PAUSE, lambda: shared.wait(PATIENCE))
    shared.wait(PATIENCE)


def test_work_that_failed_may_be_asked_for_again(failures):
    def fail():
        raise ZeroDivisionError

    for asked in (1, 2):
        background.throttle("a failing test", "failing", PAUSE, fail)
        wait_until(lambda asked=asked: failures() == asked, "the work to have failed")


@pytest.fixture
def failures():
    count = metrics.background_failures.labels("a failing test")
    before = count._value.get()
    return lambda: count._value.get() - before
