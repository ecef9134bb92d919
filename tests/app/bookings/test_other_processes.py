"""A change to a booking that several serving processes find is published by one of them."""

import pytest

from lco.domain.booking import State
from lco.odoo.errors import OutcomeUnknown
from lco.redis_backends.change_log import RedisLog
from lco.redis_backends.client import RedisClient
from tests.redis_server import redis_server  # noqa: F401 - a fixture
from tests.serving import wait_until


@pytest.fixture
def logs(redis_server):  # noqa: F811 - pytest's way to ask for a fixture
    redis_server.ask("FLUSHALL")
    logs = [RedisLog(RedisClient(redis_server.url)) for _ in range(3)]
    for log in logs:
        log.start()
    yield logs
    for log in logs:
        log.stop()


def test_a_step_settled_by_hand_is_published_once(services, booking_request, logs):
    services.odoo.answer = OutcomeUnknown()
    booking = services.place(booking_request)
    serving = [services.process_with(log).admin for log in logs]
    received = []
    logs[0].subscribe(lambda change: received.append(change.kind))
    for one in serving:
        one.publish_left()
    services.another_process().admin.settle(booking.id, State.BOOKED, "", "BK-55")
    for one in serving:
        one.publish_left()
    logs[1].append("odoo", "the.end")
    wait_until(lambda: "the.end" in received, "everything to be received")
    assert received == ["booking.created", "availability.changed", "the.end"]
