"""The site with a sampler in it: `gunicorn bench.fanout.profiled:app`. See `bench.fanout.sampled`.

`POST /bench/start` starts the sampling, `POST /bench/stop` ends it and answers with what was found, as JSON.
"""

import gc
import json
import signal
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from pathlib import Path
from types import CodeType, FrameType
from typing import TYPE_CHECKING

from gevent.monkey import get_original

from wsgi import app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

thread = get_original("_thread", "get_ident")

INTERVAL = 0.001
"""Seconds of CPU between two samples; many a kernel makes 4 ms of it."""
GARBAGE = "(collection of garbage)"
ROOTS = (sysconfig.get_path("purelib"), sysconfig.get_path("stdlib"), str(Path(__file__).parents[2]))


class Sampler:
    """Looks, as CPU time passes, at what each thread is doing, and books the CPU that it used since the last look.

    What C code does counts for the Python function that called it.
    """

    def __init__(self) -> None:
        self._threads: dict[int, float] = {}
        self._itself: Counter[CodeType] = Counter()
        self._on_stack: Counter[CodeType] = Counter()

    def start(self) -> None:
        self._threads = {ident: _cpu(ident) for ident in sys._current_frames()}  # noqa: SLF001 - the one way to see them
        self._itself.clear()
        self._on_stack.clear()
        gc.callbacks.append(self._collected)
        signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)

    def stop(self) -> dict[str, dict[str, float]]:
        """CPU seconds by function: in itself, and in it with what it calls."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        gc.callbacks.remove(self._collected)
        return {"itself": _named(self._itself), "on_stack": _named(self._on_stack)}

    def _collected(self, phase: str, _: dict[str, int]) -> None:
        """Book the collection of garbage for itself, not for the function in which it happens to begin."""
        here = sys._getframe()  # noqa: SLF001 - documented, if for CPython only
        self._book(thread(), here.f_back if phase == "start" else here)

    def _look(self, _: int, interrupted: FrameType | None) -> None:
        handler = sys._getframe()  # noqa: SLF001 - documented, if for CPython only
        for ident, frame in sys._current_frames().items():  # noqa: SLF001 - the same
            self._book(ident, interrupted if frame is handler else frame)

    def _book(self, ident: int, frame: FrameType | None) -> None:
        """Book what the thread has used since the last look; nothing for one that was not there then."""
        now = _cpu(ident)
        spent = now - self._threads.get(ident, now)
        self._threads[ident] = now
        stack = [f.f_code for f in _frames(frame)]
        if stack and spent > 0:
            self._itself[stack[0]] += spent  # type: ignore[assignment] # a Counter adds up floats as well
            for code in set(stack):
                self._on_stack[code] += spent  # type: ignore[assignment] # the same


def _cpu(ident: int) -> float:
    return time.clock_gettime(time.pthread_getcpuclockid(ident))


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame:
        yield frame
        frame = frame.f_back


def _named(found: Counter[CodeType]) -> dict[str, float]:
    names: Counter[str] = Counter()
    for code, seconds in found.items():
        names[_name(code)] += seconds
    return dict(names)


def _name(code: CodeType) -> str:
    if code is Sampler._collected.__code__:  # noqa: SLF001 - the same module
        return GARBAGE
    return f"{_short(code.co_filename)}:{code.co_qualname}"


def _short(path: str) -> str:
    root = next((root for root in ROOTS if path.startswith(root)), "")
    return path.removeprefix(root).lstrip("/")


class Profiled:
    """The application, and two addresses beside it."""

    def __init__(self, served: "WSGIApplication") -> None:
        self._served = served
        self._sampler = Sampler()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith("/bench/"):
            return self._served(environ, start_response)
        found = getattr(self._sampler, environ["PATH_INFO"].removeprefix("/bench/"))()
        answer = json.dumps(found).encode()
        start_response(f"{HTTPStatus.OK:d} OK", [("Content-Length", str(len(answer)))])
        return [answer]


app.wsgi_app = Profiled(app.wsgi_app)  # type: ignore[method-assign] # the way Flask documents
