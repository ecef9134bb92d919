"""Which vehicles once were for rent, so that their old addresses answer 410 rather than 404."""

import threading

from lco import metrics
from lco.caching.swr import FOREVER, CacheBackend
from lco.failures import guard

KEY = "removed"


class RemovedVehicles:
    """The ids, cached over restarts. Best effort: a lost id turns a 410 into a 404."""

    def __init__(self, backend: CacheBackend | None = None) -> None:
        self._backend = backend
        self._lock = threading.Lock()
        self._ids: frozenset[int] = self._read()

    def __contains__(self, vehicle_id: object) -> bool:
        return vehicle_id in self._ids

    def add(self, vehicle_id: int) -> None:
        """Remember a vehicle as removed."""
        self._keep(self._ids | {vehicle_id})

    def discard(self, vehicle_id: int) -> None:
        """Forget that a vehicle was removed."""
        self._keep(self._ids - {vehicle_id})

    def _keep(self, ids: frozenset[int]) -> None:
        with self._lock:
            if ids == self._ids:
                return
            self._ids = ids
            if self._backend:
                with guard("set", "the cache could not be written", metrics.cache_failures):
                    self._backend.set(KEY, ids, timeout=FOREVER)

    def _read(self) -> frozenset[int]:
        ids = None
        if self._backend:
            with guard("get", "the cache could not be read", metrics.cache_failures):
                ids = self._backend.get(KEY)
        return ids if isinstance(ids, frozenset) else frozenset()
