"""The log over TLS: with a verified certificate of Redis, or without verification, as on Heroku."""

from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from lco.redis_backends.change_log import KEY, RedisLog
from lco.redis_backends.client import RedisClient
from tests.certificate import self_signed
from tests.redis_server import running
from tests.serving import wait_until


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("redis")
    with running(folder, self_signed(folder, "IP:127.0.0.1")) as server:
        yield server


@pytest.fixture
def process():
    """Makes the log of a process that serves, with a list of what it has received."""
    made = []

    def make(url):
        log, received = RedisLog(RedisClient(url)), []
        log.subscribe(lambda change: received.append(change.kind))
        log.start()
        made.append(log)
        return log, received

    yield make
    for log in made:
        log.stop()


def without_certificate_check(server):
    return f"{server.url.partition('?')[0]}?ssl_cert_reqs=none"


def test_processes_receive_changes_with_certificate_verification_and_without(server, process):
    (one, _), (other, received) = process(server.url), process(without_certificate_check(server))
    change = one.append("vehicle:1", "price.updated")
    wait_until(lambda: received == ["price.updated"], "the other process to receive it")
    assert other.head() == change.id
    assert one.is_available
    assert other.is_available


def test_a_server_with_an_untrusted_certificate_is_sent_nothing(server, process):
    before = server.ask("XLEN", KEY)
    log, received = process(server.url.partition("?")[0])
    assert not log.is_available
    log.append("vehicle:1", "price.updated")
    assert received == ["live.away", "price.updated"]
    assert server.ask("XLEN", KEY) == before


@pytest.mark.parametrize("certificate", ["none", "file"])
def test_setting_beside_the_address_is_enough(server, process, settings, certificate):
    """Heroku owns REDIS_URL, so nothing can be added to it."""
    address, _, query = server.url.partition("?")
    file = parse_qs(query)["ssl_ca_certs"][0]
    chosen = replace(settings, redis_url=address, redis_cert="none" if certificate == "none" else file)
    log, _received = process(chosen.redis_address())
    log.append("vehicle:1", "price.updated")
    assert log.is_available
