import logging
from datetime import timedelta

import pytest

from lco import metrics
from lco.failures import backoff, guard

SECOND = timedelta(seconds=1)


def count(name):
    return metrics.background_failures.labels(name)._value.get()


def test_a_failure_in_a_guard_is_logged_and_counted_and_the_work_goes_on(caplog):
    before = count("test")
    with guard("test", "the test could not be done") as guarded:
        raise ValueError("wrong")
    assert count("test") == before + 1
    assert isinstance(guarded.error, ValueError)
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "the test could not be done")
    assert record.exc_info[1] is guarded.error


def test_without_a_failure_a_guard_logs_and_counts_nothing(caplog):
    before = count("test")
    with guard("test") as guarded:
        pass
    assert guarded.error is None
    assert count("test") == before
    assert not caplog.records


def test_an_exception_that_ends_the_process_passes_a_guard():
    with pytest.raises(KeyboardInterrupt), guard("test"):
        raise KeyboardInterrupt


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 1), (1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (10**9, 60)])
def test_the_pause_doubles_with_each_attempt_up_to_the_longest(attempts, seconds):
    assert backoff(attempts, SECOND, 60 * SECOND) == seconds * SECOND
