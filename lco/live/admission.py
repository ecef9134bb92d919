"""Let the streams of a crowd in a few at a time, so that visitors behind it need not wait for all of it."""

from collections import deque

import gevent
from gevent.event import Event

AT_ONCE = 8
"""Streams that are opened before the server looks for other requests."""
PAUSE = 0.0001
"""Seconds. Only a sleep longer than zero checks for new connections and data."""


class AdmissionQueue:
    """A queue of connections that wait to be served, first come first served; it holds nothing while one is.

    Needs the loop of gevent, and runs in its thread alone.
    """

    def __init__(self) -> None:
        self._waiting: deque[Event] = deque()
        self._admitting: gevent.Greenlet | None = None

    def wait(self) -> None:
        """Return when the caller is admitted: at once unless others have come."""
        admitted = Event()
        self._waiting.append(admitted)
        if self._admitting is None:
            self._admitting = gevent.spawn(self._admit)
        admitted.wait()

    def _admit(self) -> None:
        while self._waiting:
            for _ in range(min(AT_ONCE, len(self._waiting))):
                self._waiting.popleft().set()
            gevent.sleep(PAUSE)
        self._admitting = None
