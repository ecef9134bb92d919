"""How long the present request may still wait for others, so that no page is held up by a slow Odoo."""

from contextvars import ContextVar, Token
from datetime import timedelta

from lco import clock

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


def start(length: timedelta) -> Token[float | None]:
    """From now on, waiting in this thread ends after `length` altogether, however many things are waited for."""
    return _deadline.set(clock.seconds() + length.total_seconds())


def stop(token: Token[float | None]) -> None:
    """What the matching `start` began is over."""
    _deadline.reset(token)


def remaining(otherwise: float) -> float:
    """Seconds that may still be waited, never below 0 and never more than `otherwise`."""
    deadline = _deadline.get()
    return otherwise if deadline is None else max(0.0, min(otherwise, deadline - clock.seconds()))
