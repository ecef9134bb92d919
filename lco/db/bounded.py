"""A PostgreSQL connection that gives up on a server that does not answer, such as one on a machine that is paused.

The server's own time-outs do not help then, and TCP's neither: the system of that machine may still acknowledge.
"""

from collections.abc import Generator
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from lco import clock

ANSWERS_WITHIN = 5.5
"""Seconds for one statement: somewhat longer than the server's own `statement_timeout`, whose answer says more."""
LOOK_EVERY = 0.25
"""Seconds between two looks at the clock."""


class BoundedConnection(psycopg.Connection[TupleRow]):
    """Raises OperationalError, and is closed, when the server has not answered within `patience` seconds."""

    patience: float | None = ANSWERS_WITHIN
    """None: without end, for a migration."""

    def wait(
        self, gen: Generator[Any, Any, Any], interval: float = LOOK_EVERY, timeout: float | None = None
    ) -> Any:
        """Run one exchange with the server."""
        return super().wait(self._bounded(gen), interval, timeout)

    def _bounded(self, exchange: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        until = clock.seconds() + self.patience if self.patience else None
        try:
            wanted = next(exchange)
            while True:
                ready = yield wanted
                if not ready and until and clock.seconds() > until:
                    self.close()
                    raise psycopg.OperationalError("the database does not answer")
                wanted = exchange.send(ready)
        except StopIteration as end:
            return end.value
