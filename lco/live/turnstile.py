"""Let the streams of a crowd in a few at a time, so that visitors behind it need not wait for all of it."""

from collections import deque

import gevent
from gevent.event import Event

AT_ONCE = 8
"""Streams that are opened before the server looks for other requests."""
PAUSE = 0.0001
"""Seconds. Only a sleep longer than zero checks for new connections and data."""


class Turnstile:
    """Those who wait pass in their order. Nothing is held while one passes, so none can hold up the others.

    Needs gevent's loop, and everything runs in its thread.
    """

    def __init__(self) -> None:
        self._waiting: deque[Event] = deque()
        self._letting: gevent.Greenlet | None = None

    def wait(self) -> None:
        """Return when it is the caller's turn: at once unless others have come."""
        turn = Event()
        self._waiting.append(turn)
        if self._letting is None:
            self._letting = gevent.spawn(self._let_pass)
        turn.wait()

    def _let_pass(self) -> None:
        while self._waiting:
            for _ in range(min(AT_ONCE, len(self._waiting))):
                self._waiting.popleft().set()
            gevent.sleep(PAUSE)
        self._letting = None
