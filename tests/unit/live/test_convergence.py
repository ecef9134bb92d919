"""With changes, visitors and lost streams at once, every page is right in the end."""

import pytest

from tests.serving import wait_until
from tests.sse_clients import LatestChanges, Process, run_visitors


@pytest.mark.parametrize("seed", range(5))
def test_every_page_is_right_in_the_end(hub, changes, seed):
    latest = LatestChanges()
    visitors = run_visitors([Process(latest, changes, hub)], seed)
    assert len(visitors) > 20
    wait_until(lambda: all(visitor.is_right(latest) for visitor in visitors), "every page to be right")
