"""Regions into bytes: at once for most, and in the background for those that may have to ask Odoo."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from lco import background, metrics
from lco.live import sse
from lco.live.subscriptions import Region

log = logging.getLogger(__name__)

Context = Callable[[], AbstractContextManager[object]]
"""Opens the context in which regions can be rendered without a request."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A slow region that is ready; `piece` is None when it could not be rendered."""

    region: Region
    fragment: bytes | None


def render_fragment(region: Region) -> bytes | None:
    """The region as data lines; None when it cannot be rendered, so that the page keeps what it shows."""
    try:
        return sse.partial(region.element_id, region.html())
    except Exception:
        metrics.region_failures.inc()
        log.exception("a region could not be rendered: %s", region.element_id)
        return None


class SlowRegions:
    """Slow regions under way, each once at a time. `done` gets the results, in a thread of the background's."""

    def __init__(self, context: Context, done: Callable[[Rendered], object]) -> None:
        self._context = context
        self._done = done
        self._under_way: set[str] = set()
        self._again: set[str] = set()

    def ask(self, region: Region) -> None:
        """Have it rendered; when it is under way, once more after that, as it may miss what changed meanwhile."""
        if region.name in self._under_way:
            self._again.add(region.name)
            return
        self._under_way.add(region.name)
        background.run("slow region", partial(self._render, region))

    def pop_waiting(self, done: Rendered) -> bool:
        """Whether `done` is the last word. When not, the region is on its way again."""
        self._under_way.discard(done.region.name)
        if done.region.name not in self._again:
            return True
        self._again.discard(done.region.name)
        self.ask(done.region)
        return False

    def _render(self, region: Region) -> None:
        result = None
        try:
            with self._context():
                result = render_fragment(region)
        finally:
            self._done(Rendered(region, result))
