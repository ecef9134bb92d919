"""The limits for each client: exact under any number of threads, and reported in headers."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from lco.errors import TooManyRequests
from lco.web.extensions import limiter
from lco.web.rate_limits import BOOKINGS, MEMORY, REFUSED


@pytest.fixture(autouse=True)
def _fresh():
    app = Flask("limits")
    app.config["RATELIMIT_STORAGE_URI"] = MEMORY
    limiter.init_app(app)


def taken(limit, client: str = "203.0.113.7") -> bool:
    try:
        limit.hit(client)
    except TooManyRequests:
        return False
    return True


@pytest.mark.parametrize(("limit", "most"), [(BOOKINGS, 10), (REFUSED, 60)])
def test_a_client_has_so_many_in_an_hour(limit, most):
    assert [taken(limit) for _ in range(most + 2)] == [True] * most + [False] * 2


def test_twenty_threads_get_ten_between_them():
    for attempt in range(20):
        with ThreadPoolExecutor(20) as threads:
            assert sum(threads.map(lambda _, n=attempt: taken(BOOKINGS, f"client {n}"), range(20))) == 10


def test_clients_and_limits_do_not_share():
    assert all(taken(BOOKINGS) for _ in range(10))
    assert taken(BOOKINGS, "203.0.113.8")
    assert taken(REFUSED)


def test_a_refused_client_learns_when_to_come_back():
    for _ in range(10):
        BOOKINGS.hit("client")
    with pytest.raises(TooManyRequests) as refused:
        BOOKINGS.hit("client")
    assert 3500 < refused.value.retry_after.total_seconds() <= 3601


def test_the_headers_report_the_remaining_requests():
    policy = '"booking";q=10;w=3600'
    assert BOOKINGS.headers("client") == {"RateLimit-Policy": policy, "RateLimit": '"booking";r=10;t=3600'}
    BOOKINGS.hit("client")
    assert BOOKINGS.headers("client")["RateLimit"].startswith('"booking";r=9;t=3')
