"""Two processes on one Redis, visitors that move from one to the other, and a Redis that is killed in between."""

import contextlib
import threading
import time
from datetime import timedelta

import pytest

from lco.live.hub import Hub
from lco.redis_backends.change_log import RedisLog
from lco.redis_backends.client import RedisClient
from tests.redis_server import empty_redis, redis_server  # noqa: F401 - fixtures
from tests.serving import wait_until
from tests.sse_clients import LatestChanges, Process, run_visitors


@pytest.fixture
def latest():
    return LatestChanges()


@pytest.fixture
def processes(empty_redis, latest):  # noqa: F811 - pytest's way to ask for a fixture
    made = []
    for _ in range(2):
        log = RedisLog(RedisClient(empty_redis.url))
        log.start()
        made.append(Process(latest, log, Hub(contextlib.nullcontext, log)))
    yield made
    for process in made:
        process.hub.close()
        assert process.hub.wait_until_closed(timedelta(seconds=5))
        process.changes.stop()


@pytest.mark.parametrize("seed", range(3))
def test_in_the_end_every_page_at_every_process_is_right(processes, latest, seed):
    visitors = run_visitors(processes, seed)
    assert len(visitors) > 20
    wait_until(lambda: all(visitor.is_right(latest) for visitor in visitors), "every page to be right")


@pytest.mark.parametrize("seed", range(3))
def test_every_page_is_right_after_redis_was_killed_and_started_empty(processes, latest, empty_redis, seed):  # noqa: F811 - the same
    kinds = []
    for process in processes:
        process.changes.subscribe(lambda change: kinds.append(change.kind))

    def die():
        time.sleep(0.02)
        empty_redis.kill()
        wait_until(lambda: "live.away" in kinds, "a process to notice")
        empty_redis.start()

    dying = threading.Thread(target=die)
    dying.start()
    visitors = run_visitors(processes, seed, steps=200)
    dying.join()
    wait_until(lambda: kinds.count("live.back") >= len(processes), "both to be together again")
    wait_until(lambda: all(visitor.is_right(latest) for visitor in visitors), "every page to be right")
