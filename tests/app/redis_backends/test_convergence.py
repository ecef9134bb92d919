"""Two processes on one Redis, visitors that go from one to the other, and a Redis that dies in between."""

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
from tests.sse_clients import Process, World, lives


@pytest.fixture
def world():
    return World()


@pytest.fixture
def processes(empty_redis, world):  # noqa: F811 - pytest's way to ask for a fixture
    made = []
    for _ in range(2):
        log = RedisLog(RedisClient(empty_redis.url))
        log.start()
        made.append(Process(world, log, Hub(contextlib.nullcontext, log)))
    yield made
    for process in made:
        process.hub.close()
        assert process.hub.wait_until_closed(timedelta(seconds=5))
        process.changes.stop()


@pytest.mark.parametrize("seed", range(3))
def test_in_the_end_every_page_at_every_process_shows_what_is_so(processes, world, seed):
    visitors = lives(processes, seed)
    assert len(visitors) > 20
    wait_until(lambda: all(visitor.is_right(world) for visitor in visitors), "every page to be right")


@pytest.mark.parametrize("seed", range(3))
def test_so_it_is_when_redis_has_died_and_come_back_empty(processes, world, empty_redis, seed):  # noqa: F811 - the same
    said = []
    for process in processes:
        process.changes.subscribe(lambda change: said.append(change.kind))

    def die():
        time.sleep(0.02)
        empty_redis.kill()
        wait_until(lambda: "live.away" in said, "a process to notice")
        empty_redis.start()

    dying = threading.Thread(target=die)
    dying.start()
    visitors = lives(processes, seed, steps=200)
    dying.join()
    wait_until(lambda: said.count("live.back") >= len(processes), "both to be together again")
    wait_until(lambda: all(visitor.is_right(world) for visitor in visitors), "every page to be right")
