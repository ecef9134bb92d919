"""Connect everything that several processes of the site share through Redis."""

from flask import Flask
from flask_caching.backends.rediscache import RedisCache
from limits.storage import RedisStorage

from lco.redis_backends.change_log import RedisLog
from lco.redis_backends.client import PREFIX, RedisCacheBackend, RedisClient
from lco.services import SharedBackends
from lco.web.limit_storage import BoundedMemoryStorage


def connect(app: Flask, url: str) -> SharedBackends:
    """Return the shared change log, cache and locks at `url`. Configures the limiter to count there, too."""
    redis = RedisClient(url)
    cache = RedisCache(redis.client, default_timeout=0, key_prefix=f"{PREFIX}cache:")
    app.config["RATELIMIT_STORAGE_URI"] = f"{RedisLimitStorage.STORAGE_SCHEME[0]}://"
    app.config["RATELIMIT_STORAGE_OPTIONS"] = {"redis": redis}
    return SharedBackends(RedisLog(redis), RedisCacheBackend(redis, cache), redis.lock)


class RedisLimitStorage(RedisStorage):
    """Hits counted in Redis and in memory. The memory decides while Redis does not answer."""

    STORAGE_SCHEME = ["lco-shared"]  # noqa: RUF012 - the base class declares it so

    def __init__(self, uri: str, *, redis: RedisClient, wrap_exceptions: bool = False) -> None:
        pool = redis.client.connection_pool
        super().__init__(uri, pool, f"{PREFIX}limits", wrap_exceptions)
        self._redis = redis
        self._memory = BoundedMemoryStorage()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count a hit if there is room for it, in Redis and in memory. Returns whether there was."""
        here = self._memory.acquire_entry(key, limit, expiry, amount)
        there = super().acquire_entry
        return self._redis.call(lambda: there(key, limit, expiry, amount), lambda: here)

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return when the oldest hit of the window was, and how many hits are in it."""
        there = super().get_moving_window
        return self._redis.call(
            lambda: there(key, limit, expiry), lambda: self._memory.get_moving_window(key, limit, expiry)
        )
