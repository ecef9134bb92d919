"""The circuit breaker: a failing Odoo is asked once in a few seconds, not by every visitor."""

import threading

from lco import clock
from lco.errors import OdooUnavailable

FAILURES_TO_OPEN = 5  # more than the tries of one read, so that one broken record does not stop all the others
OPEN_SECONDS = 3.0


class CircuitBreaker:
    """Opens after some failures in a row; while open, one call every few seconds is let through as a probe."""

    def __init__(self, failures_to_open: int = FAILURES_TO_OPEN, open_seconds: float = OPEN_SECONDS) -> None:
        self._failures_to_open = failures_to_open
        self._open_seconds = open_seconds
        self._lock = threading.Lock()
        self._failures = 0
        self._next_probe = 0.0

    def before_call(self) -> None:
        """Return when the call may go out; raise OdooUnavailable at once when it may not."""
        with self._lock:
            if self._failures < self._failures_to_open:
                return
            if clock.seconds() < self._next_probe:
                raise OdooUnavailable
            # The caller that gets here is the probe; the next caller waits until the next probe is due.
            self._next_probe = clock.seconds() + self._open_seconds

    def succeeded(self) -> None:
        """Close the breaker."""
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        """Count a failure; the next probe waits."""
        with self._lock:
            self._failures += 1
            self._next_probe = clock.seconds() + self._open_seconds

    @property
    def is_open(self) -> bool:
        """Whether calls are refused but for probes."""
        return self._failures >= self._failures_to_open
