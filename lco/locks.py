"""Locks by name within one process, and temporary folders that belong to one process."""

import atexit
import fcntl
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir, mkdtemp

OWNER = ".owner"
"""The file in a temporary folder whose lock its process holds."""


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


def temporary_folder(prefix: str) -> Path:
    """Return a new temporary folder that belongs to this process, and remove those of processes that were killed.

    A process holds a lock on a file in its folder (flock), which the system releases however the process ends.
    """
    for folder in Path(gettempdir()).glob(f"{prefix}*"):
        if _is_left_over(folder):
            shutil.rmtree(folder, ignore_errors=True)
    folder = Path(mkdtemp(prefix=prefix))
    _lock(folder / OWNER)
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # not in a child, which inherits what is registered for the exit
        shutil.rmtree(folder, ignore_errors=True)


def _is_left_over(folder: Path) -> bool:
    try:
        file = (folder / OWNER).open("rb")
    except OSError:
        return False  # it is just being made, or belongs to another user
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def _lock(path: Path) -> None:
    """Lock the file until this process ends: it stays open on purpose."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
