"""The client of Redis: short time-outs, and a pause after each failure."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import LockError, RedisError
from redis.retry import Retry

from lco import clock, metrics

log = logging.getLogger(__name__)

T = TypeVar("T")

PREFIX = "lco:"
RETRY_AFTER = timedelta(seconds=1)
LOCK_TIMEOUT = timedelta(seconds=10)
POLL_SECONDS = 0.02
TIMEOUT = timedelta(seconds=1)
"""For a response. A shorter one would expire in a worker that is merely busy with pages."""


def connection_options(patience: timedelta = TIMEOUT, retries: int = 1) -> dict[str, Any]:
    """Return the options of a connection: its time-out, and how often one that was cut is made anew.

    A time-out is not retried, so a caller waits only once for a Redis that hangs.
    """
    retry = Retry(NoBackoff(), retries, supported_errors=(Disconnected,))
    seconds = patience.total_seconds()
    return {"socket_connect_timeout": seconds, "socket_timeout": seconds, "retry": retry, "protocol": 2}


def memory_policy(url: str) -> str:
    """The policy by which the Redis at `url` evicts keys when its memory is full (maxmemory-policy).

    Raises RedisError.
    """
    with redis.Redis.from_url(url, **connection_options()) as client:
        return str(client.info("memory").get("maxmemory_policy", ""))


class RedisClient:
    """The Redis at `url`. After a failure no command is sent for RETRY_AFTER; then one tries before all others."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client: Any = redis.Redis.from_url(url, **connection_options())
        self._lock = threading.Lock()
        self._asked_again_at: float | None = None

    def call(self, command: Callable[[], T], fallback: Callable[[], T]) -> T:
        """Return the result of `command`, which talks to Redis, or of `fallback` when Redis does not answer."""
        if not self._may_call():
            return fallback()
        try:
            answer = command()
        except RedisError as error:
            self._failed(error)
            return fallback()
        self._asked_again_at = None
        return answer

    def close(self) -> None:
        """Close all connections."""
        self.client.close()

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Hold the lock of `key` among all processes in the block, for at most LOCK_TIMEOUT.

        Waits as long for it at most. While Redis does not answer, the block runs without a lock.
        """
        seconds = LOCK_TIMEOUT.total_seconds()
        lock = self.client.lock(
            f"{PREFIX}turn:{key}", seconds, POLL_SECONDS, blocking_timeout=seconds, thread_local=False
        )
        is_held = self.call(lock.acquire, lambda: False)
        try:
            yield
        finally:
            if is_held:
                self.call(lambda: _release(lock), lambda: None)

    def _may_call(self) -> bool:
        if self._asked_again_at is None:
            return True
        with self._lock:
            now = clock.seconds()
            if self._asked_again_at is None or now < self._asked_again_at:
                return self._asked_again_at is None
            self._asked_again_at = now + RETRY_AFTER.total_seconds()
            return True

    def _failed(self, error: RedisError) -> None:
        metrics.redis_failures.labels("command").inc()
        if self._asked_again_at is None:
            log.warning("Redis does not answer: %s", error)
        self._asked_again_at = clock.seconds() + RETRY_AFTER.total_seconds()


def _release(lock: Any) -> None:
    try:
        lock.release()
    except LockError:
        log.info("a lock has expired before its end")


class RedisCacheBackend:
    """A cache in Redis. It is empty while Redis does not answer."""

    def __init__(self, shared: RedisClient, cache: Any) -> None:
        self._redis = shared
        self._cache = cache

    def get(self, key: str) -> Any:
        """Return the value of `key`, or None."""
        return self._redis.call(lambda: self._cache.get(key), lambda: None)

    def set(self, key: str, value: Any, timeout: int | None = None) -> bool | None:
        """Store `value` for `timeout` seconds. Returns whether it was stored."""
        return self._redis.call(lambda: bool(self._cache.set(key, value, timeout=timeout)), lambda: False)
