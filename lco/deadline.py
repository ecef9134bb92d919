"""A deadline for the present request, so that a slow Odoo holds up no page."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

from lco import clock

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def deadline(length: timedelta) -> Iterator[None]:
    """Bound all waiting of this thread within the block to `length` in total."""
    token = _deadline.set(clock.seconds() + length.total_seconds())
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining(otherwise: float) -> float:
    """Seconds that may still be waited, never below 0 and never more than `otherwise`."""
    end = _deadline.get()
    return otherwise if end is None else max(0.0, min(otherwise, end - clock.seconds()))
