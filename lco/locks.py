"""Turns within one process: who works on which record, so that another thread with the same one waits."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class KeyedLock:
    """Between processes the database decides; this only spares threads of one process the collision."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._under_way: set[str] = set()

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Within the block, no other thread is in such a block with the same name."""
        with self._changed:
            self._changed.wait_for(lambda: name not in self._under_way)
            self._under_way.add(name)
        try:
            yield
        finally:
            with self._changed:
                self._under_way.discard(name)
                self._changed.notify_all()
