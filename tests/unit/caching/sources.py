"""A loader of values and a backend for them, for tests of `StaleWhileRevalidateCache`."""

from datetime import timedelta

from lco.caching.swr import CacheQuery, Codec

FRESH = timedelta(seconds=30)
LATER = FRESH + timedelta(seconds=1)


class CountingLoader:
    """Loads 1, 2, 3, … in the order of its calls."""

    def __init__(self) -> None:
        self.loads = 0
        self.error: Exception | None = None

    def query(self, *, persist: Codec | None = None, on_refresh=None) -> CacheQuery[int]:
        return CacheQuery("vehicle:7:details", FRESH, self._load, persist=persist, on_refresh=on_refresh)

    def _load(self) -> int:
        self.loads += 1
        if self.error:
            raise self.error
        return self.loads


class MemoryBackend:
    """A backend in memory, which records the time-outs."""

    def __init__(self) -> None:
        self.content: dict[str, object] = {}
        self.timeouts: list[int | None] = []

    def get(self, key):
        return self.content.get(key)

    def set(self, key, value, timeout=None):
        self.content[key] = value
        self.timeouts.append(timeout)
        return True
