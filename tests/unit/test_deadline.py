import threading
from datetime import timedelta

from lco import clock
from lco import deadline as budget


def test_without_a_budget_one_may_wait_as_long_as_one_likes():
    assert budget.remaining(10.0) == 10.0


def test_a_budget_runs_down_with_the_clock_and_never_below_nothing():
    token = budget.start(timedelta(seconds=3))
    try:
        assert 2 < budget.remaining(10.0) <= 3
        with clock.moved(timedelta(seconds=2)):
            assert 0 < budget.remaining(10.0) <= 1
        with clock.moved(timedelta(seconds=60)):
            assert budget.remaining(10.0) == 0
    finally:
        budget.stop(token)


def test_a_budget_never_lengthens_a_wait():
    token = budget.start(timedelta(seconds=30))
    try:
        assert budget.remaining(0.5) == 0.5
    finally:
        budget.stop(token)


def test_after_stop_there_is_no_budget():
    budget.stop(budget.start(timedelta()))
    assert budget.remaining(10.0) == 10.0


def test_a_budget_is_that_of_its_own_thread():
    seen = []
    token = budget.start(timedelta())
    try:
        other = threading.Thread(target=lambda: seen.append(budget.remaining(7.0)))
        other.start()
        other.join()
    finally:
        budget.stop(token)
    assert seen == [7.0]
