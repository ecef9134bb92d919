"""What processes share in Redis besides the log: limits, cache backend and mutex, and how they work without."""

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from lco import clock, metrics
from lco.errors import TooManyRequests
from lco.redis_backends.client import RETRY_AFTER, RedisCacheBackend, RedisClient
from lco.web.rate_limits import BOOKINGS
from tests import serving
from tests.redis_server import empty_redis, redis_server  # noqa: F401 - a fixture

TOKEN = "a-token-of-the-staff"
OPS = "/ops"
STAFF = {"Authorization": f"Bearer {TOKEN}"}
LATER = RETRY_AFTER + timedelta(seconds=0.1)


@pytest.fixture
def server(empty_redis):  # noqa: F811 - pytest's way to ask for a fixture
    return empty_redis


@pytest.fixture
def redis(server):
    return RedisClient(server.url)


@pytest.fixture
def make_shared(make_app, server):
    """Makes applications that share the Redis."""
    made = []

    def make(**more):
        made.append(make_app(redis_url=server.url, **more))
        return made[-1]

    yield make
    for app in made:
        app.extensions["lco"].changes.stop()


def taken(client: str = "203.0.113.7") -> bool:
    try:
        BOOKINGS.hit(client)
    except TooManyRequests:
        return False
    return True


def test_processes_count_one_limit(make_shared):
    make_shared()
    assert [taken() for _ in range(6)] == [True] * 6
    make_shared()  # the limiter is one for each process, so this is as if another one came
    assert [taken() for _ in range(6)] == [True] * 4 + [False] * 2
    assert BOOKINGS.headers("203.0.113.7")["RateLimit"].startswith('"booking";r=0;')


def test_without_redis_limits_are_counted_in_memory_with_the_hits_before(make_shared, server):
    make_shared()
    assert [taken() for _ in range(6)] == [True] * 6
    server.kill()
    assert [taken() for _ in range(6)] == [True] * 4 + [False] * 2
    assert taken("203.0.113.8")
    server.start()
    with clock.moved(LATER):
        assert taken()  # that Redis is a new one


def test_twenty_at_once_get_ten_between_them(make_shared):
    make_shared()
    with ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(lambda _: taken(), range(20))) == 10


def test_a_site_on_redis_reports_its_state_and_serves_in_any_case(make_shared, odoo, server):
    client = make_shared().test_client()
    assert client.get("/readyz").json["redis"] == {"answering": True}
    server.kill()
    serving.wait_until(
        lambda: client.get("/readyz").json["redis"] == {"answering": False}, "the loss to be noticed"
    )
    assert client.get("/readyz").status_code == 200
    assert "Updates may be delayed." in client.get("/equipment").text


def test_people_of_the_business_see_whether_redis_answers(make_shared, odoo, server):
    app = make_shared(ops_token=TOKEN)
    app.extensions["lco"].db.migrate()
    app.extensions["lco"].catalogue.vehicles()
    client = app.test_client()
    assert "<dt>Redis answers</dt><dd>yes</dd>" in client.get(OPS, headers=STAFF).text
    server.kill()
    serving.wait_until(
        lambda: "<dt>Redis answers</dt><dd>no</dd>" in client.get(OPS, headers=STAFF).text, "the loss to be shown"
    )


def test_a_site_with_one_process_uses_no_redis(make_app, odoo):
    app = make_app(ops_token=TOKEN)
    app.extensions["lco"].db.migrate()
    client = app.test_client()
    assert client.get("/readyz").json["redis"] is None
    assert "Redis" not in client.get(OPS, headers=STAFF).text


def test_a_shop_without_redis_does_not_load_its_client(settings, tmp_path):
    code = "import sys; from lco import create_app; create_app(); sys.exit('redis' in sys.modules)"
    environ = {"DATABASE_URL": settings.database_url, "CACHE_DIR": str(tmp_path), "MAIL_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=serving.ROOT, env=environ, timeout=60)
    assert done.returncode == 0


def test_pictures_stay_on_disk_and_all_else_lies_in_redis_for_this_version_only(make_shared, odoo, server):
    client = make_shared().test_client()
    assert client.get("/equipment").status_code == 200
    client.get("/pictures/480x360/fleet.vehicle/3/image_1920")
    keys = [key.decode() for key in server.ask("KEYS", "*")]
    assert any(key.endswith(":vehicles") for key in keys)
    assert not any("picture" in key for key in keys)


def test_after_a_failure_redis_is_left_alone_for_a_while_and_then_one_asks_first(redis, server):
    def ping():
        return redis.call(redis.client.ping, lambda: "away")

    assert ping() is True
    server.kill()
    before = metrics.redis_failures.labels("command")._value.get()
    assert [ping() for _ in range(5)] == ["away"] * 5
    assert metrics.redis_failures.labels("command")._value.get() == before + 1
    server.start()
    assert ping() == "away"
    with clock.moved(LATER):
        assert redis.call(lambda: [ping(), redis.client.ping()], lambda: "away") == ["away", True]
        assert ping() is True


def test_a_redis_that_hangs_holds_up_one_command_only(redis, server):
    server.signal(signal.SIGSTOP)
    try:
        failures = metrics.redis_failures.labels("command")._value
        before = failures.get()
        assert [redis.call(redis.client.ping, lambda: "away") for _ in range(100)] == ["away"] * 100
        assert failures.get() == before + 1
    finally:
        server.signal(signal.SIGCONT)


def test_only_one_process_holds_the_mutex(server):
    inside, most = [], []

    def go_in(_):
        with RedisClient(server.url).lock("vehicles"):
            inside.append(True)
            most.append(len(inside))
            inside.pop()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(go_in, range(24)))
    assert max(most) == 1
    assert server.ask("KEYS", "*turn*") == []


def test_the_mutex_of_one_key_does_not_block_another(redis, server):
    with redis.lock("vehicles"):
        done = threading.Event()

        def other():
            with RedisClient(server.url).lock("brands"):
                done.set()

        threading.Thread(target=other).start()
        assert done.wait(5)


def test_without_redis_every_lock_is_free_and_the_cache_is_empty(redis, server):
    backend = RedisCacheBackend(redis, DictCache())
    assert backend.set("a", 1)
    server.kill()
    with redis.lock("vehicles"):
        pass
    assert backend.get("a") is None
    assert backend.set("a", 2) is False


class DictCache(dict):
    def set(self, key, value, timeout):
        self[key] = value
        return True
