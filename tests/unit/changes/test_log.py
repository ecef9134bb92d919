"""Ids as text, and restarts; what a log does is tested in tests/app/changes, for all kinds of logs."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lco import clock
from lco.changes.log import ChangeId, MemoryLog


@pytest.mark.parametrize(
    "text",
    ["", "-", "1", "1-", "-1", "a-b", "1-2-3", "+1-0", "1 -0", "٣-0", "1-٣", "9" * 16 + "-0", "1-" + "9" * 10],
)
def test_an_invalid_id_is_none(text):
    assert ChangeId.parse(text) is None


@given(slept_over=st.lists(st.integers(0, 7_200), max_size=5), back=st.integers(1, 3_600))
def test_a_page_that_slept_over_a_restart_misses_nothing_although_the_clock_was_set_back(slept_over, back):
    seen = MemoryLog().append("vehicle:1", "price.updated").id
    with clock.moved(-timedelta(seconds=back)):
        log = MemoryLog()
    for seconds in sorted(slept_over):
        with clock.moved(timedelta(seconds=seconds - back + 0.5)):
            log.append("vehicle:2", "price.updated")
    assert log.since(seen) is None
