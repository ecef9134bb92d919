"""Which vehicles once were for rent, so that their old addresses answer 410 rather than 404."""

import logging
import threading

from lco import metrics
from lco.caching.swr import CacheBackend

log = logging.getLogger(__name__)

KEY = "removed"
FOREVER = 0


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
            try:
                if self._backend:
                    self._backend.set(KEY, ids, timeout=FOREVER)
            except Exception:
                metrics.cache_failures.labels("set").inc()
                log.exception("the cache could not be written")

    def _read(self) -> frozenset[int]:
        try:
            ids = self._backend.get(KEY) if self._backend else None
        except Exception:
            metrics.cache_failures.labels("get").inc()
            log.exception("the cache could not be read")
            return frozenset()
        return ids if isinstance(ids, frozenset) else frozenset()
