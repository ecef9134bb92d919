"""The one Redis of all processes: asked with short time-outs, and left alone while it does not answer."""

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
"""For an answer. Shorter, and a worker that is busy with its own pages would blame Redis for its own delay."""


def connection_options(patience: timedelta = TIMEOUT, retries: int = 1) -> dict[str, Any]:
    """How to connect, and how long to wait. A connection that was cut is made anew `retries` times.

    A time-out is not tried again: whoever waits for a Redis that hangs should wait once.
    """
    retry = Retry(NoBackoff(), retries, supported_errors=(Disconnected,))
    seconds = patience.total_seconds()
    return {"socket_connect_timeout": seconds, "socket_timeout": seconds, "retry": retry, "protocol": 2}


def memory_policy(url: str) -> str:
    """What the Redis at `url` throws away when its memory is full (maxmemory-policy). Raises RedisError."""
    with redis.Redis.from_url(url, **connection_options()) as client:
        return str(client.info("memory").get("maxmemory_policy", ""))


class RedisClient:
    """The Redis at `url`. After a failure nobody asks it for PAUSE; then one does, before the others may."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client: Any = redis.Redis.from_url(url, **connection_options())
        self._lock = threading.Lock()
        self._asked_again_at: float | None = None

    def call(self, command: Callable[[], T], fallback: Callable[[], T]) -> T:
        """What `command` says, which talks to Redis; what `otherwise` says when Redis does not answer."""
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
        """Give all connections back."""
        self.client.close()

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """In the block this process is alone with `key` among all, for at most LONGEST_TURN.

        That long it waits for the others, too. While Redis does not answer, nobody waits for anybody.
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
        log.info("a turn took so long that others did not wait for its end")


class RedisCacheBackend:
    """A cache in Redis, found empty while Redis does not answer."""

    def __init__(self, shared: RedisClient, cache: Any) -> None:
        self._redis = shared
        self._cache = cache

    def get(self, key: str) -> Any:
        return self._redis.call(lambda: self._cache.get(key), lambda: None)

    def set(self, key: str, value: Any, timeout: int | None = None) -> bool | None:
        return self._redis.call(lambda: bool(self._cache.set(key, value, timeout=timeout)), lambda: False)
