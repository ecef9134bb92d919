"""How long the present request may still wait for others, so that no page is held up by a slow Odoo."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

from lco import clock

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def limited_to(length: timedelta) -> Iterator[None]:
    """Within the block, waiting ends after `length` altogether, however many things are waited for."""
    token = _deadline.set(clock.seconds() + length.total_seconds())
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining(otherwise: float) -> float:
    """Seconds that may still be waited, never below 0 and never more than `otherwise`."""
    deadline = _deadline.get()
    return otherwise if deadline is None else max(0.0, min(otherwise, deadline - clock.seconds()))
