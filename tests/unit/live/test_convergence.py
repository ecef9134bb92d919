"""With changes, visitors and lost streams at once, every page is right in the end."""

import pytest

from tests.serving import wait_until
from tests.sse_clients import Process, World, lives


@pytest.mark.parametrize("seed", range(5))
def test_every_page_is_right_in_the_end(hub, changes, seed):
    world = World()
    visitors = lives([Process(world, changes, hub)], seed)
    assert len(visitors) > 20
    wait_until(lambda: all(visitor.is_right(world) for visitor in visitors), "every page to be right")
