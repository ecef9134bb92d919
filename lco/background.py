"""Work that goes on after the answer has left: a few threads that never fail silently."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from lco import metrics

log = logging.getLogger(__name__)
_threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="background")


def run(what: str, work: Callable[[], object]) -> None:
    """Run `work` soon, in another thread. A failure is logged and counted under `what`."""
    _threads.submit(_guarded, what, work)


def _guarded(what: str, work: Callable[[], object]) -> None:
    try:
        work()
    except Exception:
        metrics.background_failures.labels(what).inc()
        log.exception("background work failed: %s", what)
