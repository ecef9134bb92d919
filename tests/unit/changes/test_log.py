"""Ids as text; what a log does is tested in tests/app/live, for all kinds of logs."""

import pytest

from lco.changes.log import ChangeId


@pytest.mark.parametrize(
    "text",
    ["", "-", "1", "1-", "-1", "a-b", "1-2-3", "+1-0", "1 -0", "٣-0", "1-٣", "9" * 16 + "-0", "1-" + "9" * 10],
)
def test_an_invalid_id_is_none(text):
    assert ChangeId.parse(text) is None
