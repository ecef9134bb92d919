"""Run work in the background, in a few threads. A failure is logged and counted."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from lco import clock
from lco.failures import guard

_threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="background")
_lock = threading.Lock()
_waiting: set[str] = set()
_begun: dict[str, float] = {}
_under_way: set[object] = set()


def run(what: str, work: Callable[[], object]) -> None:
    """Run `work` soon in another thread. A failure is logged and counted under `what`."""
    token = object()
    _under_way.add(token)  # before the work begins, so that there is no instant at which `is_idle` misses it
    _threads.submit(_run_guarded, what, work).add_done_callback(lambda _: _under_way.discard(token))


def throttle(what: str, key: str, pause: timedelta, work: Callable[[], object]) -> None:
    """Like `run`, but of all calls with one `key` within `pause` only the first and the last are run.

    A call while another one waits does nothing: the one that waits has not begun, so it will see the same state.
    """
    with _lock:
        if key in _waiting:
            return
        _waiting.add(key)
        longest = pause.total_seconds()
        wait = min(_begun.get(key, 0.0) + longest - clock.seconds(), longest)

    def begin() -> None:
        with _lock:
            _waiting.discard(key)
            _begun[key] = clock.seconds()
        work()

    _after(wait, lambda: run(what, begin))


def waiting() -> int:
    """The number of pieces of work that wait for a thread."""
    return _threads._work_queue.qsize()  # noqa: SLF001 - the executor tells it in no other way


def later(what: str, pause: timedelta, work: Callable[[], object]) -> None:
    """Run `work` in another thread after `pause`. A failure is logged and counted under `what`."""
    _after(pause.total_seconds(), lambda: run(what, work))


def is_idle() -> bool:
    """Return whether no work of `run` and `throttle` waits or is under way."""
    return not _waiting and not _under_way


def _after(seconds: float, begin: Callable[[], object]) -> None:
    if seconds <= 0:
        begin()
        return
    timer = threading.Timer(seconds, begin)
    timer.daemon = True
    timer.start()


def _run_guarded(what: str, work: Callable[[], object]) -> None:
    with guard(what):
        work()
