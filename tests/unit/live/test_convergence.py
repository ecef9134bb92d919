"""Whatever comes between, in the end every page shows what is so: changes, visitors and lost streams at once."""

import pytest

from tests.serving import wait_until
from tests.sse_clients import Process, World, lives


@pytest.mark.parametrize("seed", range(5))
def test_in_the_end_every_page_shows_what_is_so(hub, changes, seed):
    world = World()
    visitors = lives([Process(world, changes, hub)], seed)
    assert len(visitors) > 20
    wait_until(lambda: all(visitor.is_right(world) for visitor in visitors), "every page to be right")
