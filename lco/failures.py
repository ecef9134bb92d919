"""Handle failures in one way: count and log what goes wrong, and wait longer after each failed attempt."""

import logging
from datetime import timedelta
from types import TracebackType
from typing import Self

from prometheus_client import Counter

from lco import metrics

log = logging.getLogger(__name__)

MAX_DOUBLINGS = 16
"""Limits the arithmetic: a pause that is doubled so often is longer than any limit."""


class guard:  # noqa: N801 - used like a function, as contextlib.suppress is
    """Log and count an exception of the block under `name`, and go on after the block.

    `error` is the exception afterwards, or None. `message` replaces the usual log message. `counter` has one
    label, which gets `name`. Exceptions that end the process (KeyboardInterrupt, GreenletExit) pass.
    """

    def __init__(self, name: str, message: str = "", counter: Counter = metrics.background_failures) -> None:
        self._name = name
        self._message = message or f"{name} failed"
        self._counter = counter
        self.error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self.error = error
        self._counter.labels(self._name).inc()
        log.error(self._message, exc_info=error)
        return True


def backoff(attempts: int, first: timedelta, longest: timedelta) -> timedelta:
    """Return the pause after `attempts` failures: `first` after one, doubled for each more, at most `longest`."""
    doublings = min(max(attempts - 1, 0), MAX_DOUBLINGS)
    return min(first * (1 << doublings), longest)
