"""Locks by name within one process, so that two threads never work on one record."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class KeyedLock:
    """A lock for each name. Between processes the database decides; this only avoids collisions of threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: set[str] = set()

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Wait until no other thread holds the lock of `name`, and hold it within the block."""
        with self._changed:
            self._changed.wait_for(lambda: name not in self._held)
            self._held.add(name)
        try:
            yield
        finally:
            with self._changed:
                self._held.discard(name)
                self._changed.notify_all()
