import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from lco import clock
from lco.errors import OdooUnavailable
from lco.odoo.circuit_breaker import CircuitBreaker

A_WINDOW = timedelta(seconds=3, milliseconds=1)


def test_while_calls_succeed_every_call_goes_out(breaker):
    for _ in range(10):
        breaker.before_call()
        breaker.succeeded()
    assert not breaker.is_open


def test_it_opens_after_three_failures_in_a_row(breaker):
    fail(breaker, 2)
    breaker.before_call()
    fail(breaker, 1)
    assert breaker.is_open
    with pytest.raises(OdooUnavailable):
        breaker.before_call()


def test_a_success_in_between_starts_the_count_again(breaker):
    fail(breaker, 2)
    breaker.succeeded()
    fail(breaker, 2)
    breaker.before_call()
    assert not breaker.is_open


def test_after_a_window_one_probe_goes_out_and_no_other(breaker):
    fail(breaker, 3)
    with clock.moved(A_WINDOW):
        breaker.before_call()
        with pytest.raises(OdooUnavailable):
            breaker.before_call()


def test_of_50_callers_at_once_one_is_the_probe(breaker):
    fail(breaker, 3)
    start = threading.Barrier(50)

    def admitted(_: int) -> bool:
        start.wait(5)
        try:
            breaker.before_call()
        except OdooUnavailable:
            return False
        return True

    with clock.moved(A_WINDOW), ThreadPoolExecutor(50) as threads:
        assert sum(threads.map(admitted, range(50))) == 1


def test_a_failed_probe_closes_the_door_for_another_window(breaker):
    fail(breaker, 3)
    with clock.moved(A_WINDOW):
        breaker.before_call()
        breaker.failed()
        with pytest.raises(OdooUnavailable):
            breaker.before_call()
    with clock.moved(A_WINDOW * 2):
        breaker.before_call()


def test_a_successful_probe_lets_all_requests_pass_again(breaker):
    fail(breaker, 3)
    with clock.moved(A_WINDOW):
        breaker.before_call()
        breaker.succeeded()
        breaker.before_call()
        breaker.before_call()


def test_a_probe_that_never_comes_back_does_not_keep_it_open_for_ever(breaker):
    fail(breaker, 3)
    with clock.moved(A_WINDOW):
        breaker.before_call()
    with clock.moved(A_WINDOW * 2):
        breaker.before_call()


def fail(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        breaker.failed()


@pytest.fixture
def breaker():
    return CircuitBreaker(failures_to_open=3, open_seconds=3.0)
