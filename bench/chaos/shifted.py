"""The site in a process whose clock is wrong: `gunicorn bench.chaos.shifted:app`.

CHAOS_CLOCK names a file that holds by how many seconds. It is read each time, so that the clock can jump.
"""

import importlib
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_file = Path(os.environ["CHAOS_CLOCK"])
_seconds = 0.0
_read_at = 0.0
_monotonic = time.monotonic


def _shift() -> float:
    global _seconds, _read_at
    if _monotonic() - _read_at > 0.1:
        with suppress(ValueError, OSError):  # it is being written
            _seconds = float(_file.read_text())
        _read_at = _monotonic()
    return _seconds


def _shifted(seconds: Callable[[], float]) -> Callable[[], float]:
    return lambda: seconds() + _shift()


def _shifted_nanoseconds(nanoseconds: Callable[[], int]) -> Callable[[], int]:
    return lambda: nanoseconds() + int(_shift() * 1e9)


time.time = _shifted(time.time)
time.time_ns = _shifted_nanoseconds(time.time_ns)

from lco import clock  # noqa: E402 - gunicorn's settings have loaded it before

importlib.reload(clock)

from wsgi import app  # noqa: E402, F401 - after the clock, which it reads
