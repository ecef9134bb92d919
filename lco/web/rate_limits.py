"""The limits for each client: bookings, look-ups of bookings, wishes, sign-ins, and requests that are refused."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from limits import RateLimitItem, RateLimitItemPerHour
from limits.strategies import RateLimiter

from lco import clock, metrics
from lco.errors import TooManyRequests
from lco.web.extensions import limiter
from lco.web.limit_storage import BoundedMemoryStorage

_lock = threading.Lock()


@dataclass(frozen=True)
class RateLimit:
    """A number of hits that each client has in a window of time that moves along."""

    name: str
    item: RateLimitItem

    def hit(self, client: str) -> None:
        """One hit of `client`, tested and counted at once. Raises TooManyRequests, with when to come back."""
        # The storage makes its lock for a client on first use, and two threads may make one each.
        with _lock:
            free = _strategy().hit(self.item, self.name, client)
        if not free:
            metrics.refused.labels(self.name).inc()
            raise TooManyRequests(retry_after=timedelta(seconds=self._left(client)[1]))

    def headers(self, client: str) -> Mapping[str, str]:
        """The hits that `client` has left, as response headers (draft-ietf-httpapi-ratelimit-headers-11)."""
        remaining, seconds = self._left(client)
        return {
            "RateLimit-Policy": f'"{self.name}";q={self.item.amount};w={self.item.get_expiry()}',
            "RateLimit": f'"{self.name}";r={remaining};t={seconds}',
        }

    def _left(self, client: str) -> tuple[int, int]:
        """The number of hits that are left, and the seconds until there is one more."""
        reset, remaining = _strategy().get_window_stats(self.item, self.name, client)
        return remaining, max(1, round(reset - clock.now().timestamp()))


MEMORY = f"{BoundedMemoryStorage.STORAGE_SCHEME[0]}://"
"""The setting `RATELIMIT_STORAGE_URI` of a process that is alone."""


def _strategy() -> RateLimiter:
    return limiter.limiter


BOOKINGS = RateLimit("booking", RateLimitItemPerHour(10))
"""Attempts that reach Odoo (docs/odoo-contract.md, section 3), by form and by JSON together."""

FINDS = RateLimit("find", RateLimitItemPerHour(10))
"""Numbers and mail addresses of bookings that are to be found."""

WISHES = RateLimit("wish", RateLimitItemPerHour(10))
"""Mail addresses that are to be told when days become free."""

SIGN_INS = RateLimit("sign-in", RateLimitItemPerHour(20))
"""Wrong tokens at /ops."""

REFUSED = RateLimit("refused", RateLimitItemPerHour(60))
"""Attempts that were refused because of what was sent."""
