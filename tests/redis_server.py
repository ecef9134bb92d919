"""A real Redis of the tests' own: a process on a free loopback port that keeps nothing on disk."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from tests.certificate import Certificate
from tests.serving import PATIENCE, free_port, wait_until


@dataclass
class RedisServer:
    """It can be stopped, killed and started again at the same address, where it comes back empty.

    With a certificate it speaks nothing but TLS.
    """

    folder: Path
    certificate: Certificate | None = None
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        if self.certificate:
            return f"rediss://127.0.0.1:{self.port}/0?ssl_ca_certs={self.certificate.file}"
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = ["redis-server", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", *self._port()]
        with (self.folder / "redis.log").open("ab") as out:
            self.process = subprocess.Popen([*command, "--dir", str(self.folder)], stdout=out, stderr=out)
        wait_until(self._answers, "Redis")

    def _port(self) -> list[str]:
        if self.certificate is None:
            return ["--port", str(self.port)]
        file, key = map(str, self.certificate)
        files = ["--tls-cert-file", file, "--tls-key-file", key, "--tls-ca-cert-file", file]
        return ["--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no", *files]

    def signal(self, number: signal.Signals) -> None:
        assert self.process
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)

    def ask(self, *command: object) -> object:
        """The answer of the server to one command."""
        with redis.Redis.from_url(self.url, protocol=2) as client:
            return client.execute_command(*command)

    def _answers(self) -> bool:
        try:
            return bool(self.ask("PING"))
        except redis.RedisError:
            return False


@contextmanager
def running(folder: Path, certificate: Certificate | None = None) -> Iterator[RedisServer]:
    """A Redis; the test is skipped on a machine that has none."""
    if shutil.which("redis-server") is None:
        pytest.skip("no redis-server on this machine")
    server = RedisServer(folder, certificate)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
def empty_redis(redis_server: RedisServer) -> RedisServer:
    """The Redis of the module, running and empty, also after a test that stopped it."""
    if redis_server.process is None or redis_server.process.poll() is not None:
        redis_server.start()
    redis_server.ask("FLUSHALL")
    return redis_server


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running(tmp_path_factory.mktemp("redis")) as server:
        yield server
