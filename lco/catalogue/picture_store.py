"""Pictures on disk, bounded in bytes, least recently used first out. What an operation costs never grows."""

import hashlib
import json
import logging
import os
import tempfile
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lco import metrics
from lco.failures import guard

log = logging.getLogger(__name__)

MAX_BYTES = 256 * 1024 * 1024
BLOCK = 4096
"""Bytes that the smallest file takes on a disk."""
TEMPORARY = ".tmp"


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture as Odoo sent it at the instant `fetched_at`."""

    content: bytes
    content_type: str
    fetched_at: datetime


class PictureStore:
    """The files in `folder`, at most `max_bytes` of them. Several processes may share the folder.

    Without a folder nothing is stored. What cannot be read or written is logged, counted and treated as absent.
    """

    def __init__(self, folder: Path | None, max_bytes: int = MAX_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._sizes: OrderedDict[str, int] | None = None
        self._bytes = 0

    def get(self, key: str) -> StoredPicture | None:
        """Return the picture, which then is the most recently used one. Returns None when there is none."""
        if self._folder is None:
            return None
        name = _name(key)
        try:
            head, _, content = (self._folder / name).read_bytes().partition(b"\n")
            facts = json.loads(head)
            picture = StoredPicture(content, facts["type"], datetime.fromisoformat(facts["fetched_at"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            _failed("get", error)
            return None
        with guard("picture store"):
            self._account(self._folder, name, len(head) + len(content))
        return picture

    def put(self, key: str, picture: StoredPicture) -> None:
        """Store the picture, unless it alone is too large."""
        if self._folder is None:
            return
        head = json.dumps({"type": picture.content_type, "fetched_at": picture.fetched_at.isoformat()}).encode()
        size = len(head) + len(picture.content)
        if size > self._max_bytes // 8:
            return
        try:
            _write(self._folder, _name(key), head + b"\n" + picture.content)
            self._account(self._folder, _name(key), size)
        except OSError as error:
            _failed("set", error)

    def _account(self, folder: Path, name: str, size: int) -> None:
        with self._lock:
            sizes = self._sizes if self._sizes is not None else self._scan(folder)
            self._bytes -= sizes.pop(name, 0)
            sizes[name] = _on_disk(size)
            self._bytes += sizes[name]
            while self._bytes > self._max_bytes:
                oldest, freed = sizes.popitem(last=False)
                self._bytes -= freed
                (folder / oldest).unlink(missing_ok=True)

    def _scan(self, folder: Path) -> OrderedDict[str, int]:
        """The files that an earlier process left, oldest first. What it had begun to write goes."""
        entries = [(entry, entry.stat()) for entry in os.scandir(folder)]
        self._sizes = OrderedDict()
        for entry, status in sorted(entries, key=lambda pair: pair[1].st_mtime):
            if entry.name.endswith(TEMPORARY):
                Path(entry.path).unlink(missing_ok=True)
            else:
                self._sizes[entry.name] = _on_disk(status.st_size)
        self._bytes = sum(self._sizes.values())
        return self._sizes


def _write(folder: Path, name: str, content: bytes) -> None:
    """Write the file as a whole or not at all. The folder is made (again) when it is missing. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=folder, suffix=TEMPORARY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).replace(folder / name)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _on_disk(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _failed(operation: str, error: Exception) -> None:
    metrics.cache_failures.labels(operation).inc()
    log.warning("the picture store failed: %s: %s", operation, error)
