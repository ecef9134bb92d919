"""Render regions into bytes: most at once, and in threads of their own those that may have to ask Odoo."""

import logging
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from lco import clock, metrics
from lco.failures import backoff, guard
from lco.live import sse
from lco.live.subscriptions import Region
from lco.odoo.budget import Payer, charged_to

log = logging.getLogger(__name__)

WORKERS = 6
WORKERS_FOR_ONE = 2
"""So many of them may work for one client at a time, so that one who asks for much does not hold up others."""
MAX_WAITING = 500
FIRST_RETRY, LAST_RETRY = timedelta(seconds=1), timedelta(seconds=30)

Context = Callable[[], AbstractContextManager[object]]
"""Opens the context in which regions can be rendered without a request."""

_stale: ContextVar[list[None] | None] = ContextVar("stale", default=None)


def mark_stale() -> None:
    """Say that the region under way is rendered from old or missing data, so it has to be rendered again soon."""
    if (marks := _stale.get()) is not None:
        marks.append(None)


@contextmanager
def stale_marks() -> Iterator[list[None]]:
    """Collect in the block what `mark_stale` says: an empty list means that all data were current."""
    marks: list[None] = []
    token = _stale.set(marks)
    try:
        yield marks
    finally:
        _stale.reset(token)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A slow region after a rendering: `fragment` is None when it failed.

    Unless it `is_current` it failed or has old data, so it is rendered again later.
    """

    region: Region
    fragment: bytes | None
    is_current: bool


def render_fragment(region: Region) -> bytes | None:
    """Return the region as data lines. Returns None when it cannot be rendered: the page keeps what it shows."""
    try:
        return sse.partial(region.element_id, region.html())
    except Exception:
        metrics.region_failures.inc()
        log.exception("a region could not be rendered: %s", region.element_id)
        return None


class _Task(NamedTuple):
    region: Region
    payer: Payer | None

    @property
    def client(self) -> str | None:
        return self.payer.client if self.payer else None


class _Retry(NamedTuple):
    task: _Task
    attempts: int
    due: float


class SlowRegions:
    """Slow regions under way, each once at a time; `done` gets the results, in another thread.

    At most `MAX_WAITING` wait. What finds no room, fails, or has old data is tried again after ever longer pauses.
    Its methods are called by the hub's thread only.
    """

    def __init__(self, context: Context, done: Callable[[Rendered], object]) -> None:
        self._context = context
        self._done = done
        self._workers = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="slow-region")
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, _Task] = OrderedDict()
        self._under_way: dict[str, _Task] = {}
        self._again: set[str] = set()
        self._retries: dict[str, _Retry] = {}
        self._busy: Counter[str | None] = Counter()

    def ask(self, region: Region, payer: Payer | None = None) -> None:
        """Have it rendered; when it is under way, once more after that, as it may miss what changed meanwhile.

        The calls of Odoo that it needs are charged to `payer`.
        """
        task = _Task(region, payer)
        with self._lock:
            if region.name in self._under_way:
                self._again.add(region.name)
                return
            if region.name in self._waiting:
                return
            has_room = len(self._waiting) < MAX_WAITING
            if has_room:
                self._waiting[region.name] = task
                metrics.slow_regions_waiting.set(len(self._waiting))
        if has_room:
            self._workers.submit(self._work)
        else:
            metrics.refused.labels("slow regions").inc()
            self._retry_later(task)

    def retry(self, region: Region, payer: Payer | None = None) -> None:
        """Have a region rendered a little later that has just failed."""
        self._retry_later(_Task(region, payer))

    def drop(self, name: str) -> None:
        """Forget a region that no page shows any more, unless it is being rendered."""
        with self._lock:
            self._waiting.pop(name, None)
            self._again.discard(name)
            metrics.slow_regions_waiting.set(len(self._waiting))
        self._retries.pop(name, None)

    def settle(self, done: Rendered) -> bool:
        """Take note of a result. Returns whether it is the last one: else another rendering follows."""
        name = done.region.name
        with self._lock:
            task = self._under_way.pop(name, None)
            changed_meanwhile = name in self._again
            self._again.discard(name)
        if changed_meanwhile and task:
            self.ask(*task)
            return False
        if not done.is_current and task:
            self._retry_later(task)
            return False
        self._retries.pop(name, None)
        return True

    def ask_due(self) -> None:
        """Ask for those whose pause is over."""
        now = clock.seconds()
        for retry in [retry for retry in self._retries.values() if retry.due <= now]:
            self._retries[retry.task.region.name] = retry._replace(due=float("inf"))
            self.ask(*retry.task)

    def seconds_to_next(self) -> float | None:
        """Return the seconds until the next pause is over. Returns None when nothing pauses."""
        due = min((retry.due for retry in self._retries.values()), default=float("inf"))
        return None if due == float("inf") else max(0.0, due - clock.seconds())

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being rendered or waits for it."""
        return not self._under_way and not self._waiting

    def _retry_later(self, task: _Task) -> None:
        before = self._retries.get(task.region.name)
        attempts = before.attempts + 1 if before else 1
        pause = backoff(attempts, FIRST_RETRY, LAST_RETRY).total_seconds()
        self._retries[task.region.name] = _Retry(task, attempts, clock.seconds() + pause)

    # In a thread of the workers

    def _work(self) -> None:
        with self._lock:
            if (task := self._next_task()) is None:
                return  # it was dropped, or its client has enough under way
            self._under_way[task.region.name] = task
            self._busy[task.client] += 1
            metrics.slow_regions_waiting.set(len(self._waiting))
        result = Rendered(task.region, None, is_current=False)
        with guard("slow region"), charged_to(task.payer), self._context(), stale_marks() as marks:
            fragment = render_fragment(task.region)
            result = Rendered(task.region, fragment, is_current=fragment is not None and not marks)
        with self._lock:
            self._busy[task.client] -= 1
            self._busy = +self._busy
            has_more = bool(self._waiting)
        self._done(result)
        if has_more:
            self._workers.submit(self._work)

    def _next_task(self) -> _Task | None:
        """The oldest that waits, but for those of a client that has enough under way: others come first."""
        for name, task in self._waiting.items():
            if task.client is None or self._busy[task.client] < WORKERS_FOR_ONE:
                return self._waiting.pop(name)
        return None
