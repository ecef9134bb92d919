"""Real processes for tests and benchmarks: the demo Odoo, and the site under gunicorn, on free loopback ports."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

ROOT = Path(__file__).parent.parent
PATIENCE = 60.0
SECRET = "demo-secret"
GUNICORN = ("gunicorn", "wsgi:app")
THREADS = ("gunicorn", "--worker-class", "gthread", "--threads", "40", "wsgi:app")
DEVELOPMENT = ("flask", "--app", "wsgi", "run", "--port", "{port}")


# Below those that systems give to clients: such a one may be taken, by any connection to any server, before the
# server that is meant to listen there comes to it. Each is given once.
_ports = iter(random.sample(range(15_000, 32_000), 17_000))


def free_port() -> int:
    """A port on which no server listens."""
    return next(port for port in _ports if is_free(port))


def is_free(port: int) -> bool:
    """Whether no server listens on this port."""
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True


def wait_until(condition, what: str, patience: float = PATIENCE) -> Any:
    """The first true answer of `condition`, asked again and again; AssertionError when none comes in time."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.01)
    raise AssertionError(f"waited {patience:.0f} s in vain for {what}")


@dataclass
class Server:
    """A process that answers HTTP at `url`; it can be killed and started again at the same address."""

    command: list[str]
    port: int
    ready: str
    environ: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def worker(self) -> int:
        """The one child of the process, which does the serving."""
        assert self.process
        (child,) = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(child)

    def start(self) -> None:
        environ = {**os.environ, **self.environ}
        with Path(self.log or os.devnull).open("ab") as out:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=environ, stdout=out, stderr=subprocess.STDOUT
            )
        wait_until(self._answers, f"{self.url}{self.ready}")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """A killed server has children that live on for a moment: it is stopped when they answer no more."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            if how is signal.SIGKILL:
                wait_until(lambda: not self._accepts(), f"{self.url} to be closed")

    def _accepts(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _answers(self) -> bool:
        assert self.process
        assert self.process.poll() is None, (
            f"it ended by itself: {self.log.read_text() if self.log else self.command}"
        )
        try:
            return requests.get(self.url + self.ready, timeout=5).ok
        except requests.RequestException:
            return False


class Demo(Server):
    """The demo Odoo with its controls."""

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """By the signal that ends it at once."""
        super().stop(how)

    def control(self, path: str, /, **body: object) -> Any:
        answer = requests.post(f"{self.url}/demo/{path}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def state(self) -> Any:
        return requests.get(f"{self.url}/demo/state", timeout=60).json()

    def calls(self, path: str) -> int:
        return int(self.state()["calls"].get(path, 0))


@contextmanager
def demo(site_url: str = "http://127.0.0.1:9", *more: str, port: int | None = None) -> Iterator[Demo]:
    """A demo Odoo that sends its webhooks to `site_url`; `more` are arguments of its command."""
    port = port or free_port()
    command = [sys.executable, "-m", "lco.demo", "--port", str(port), "--site", site_url, *more]
    server = Demo(command, port, "/demo/state")
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def site(
    odoo_url: str, folder: Path, port: int | None = None, command: Sequence[str] = GUNICORN, **environ: str
) -> Iterator[Server]:
    """The site under gunicorn, as the Procfile starts it, or `command`; what it keeps is in `folder`."""
    port = port or free_port()
    settings = {
        "PORT": str(port),
        "ODOO_URL": odoo_url,
        "ODOO_WEBHOOK_SECRET": SECRET,
        "SITE_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": f"sqlite:///{folder}/lco.sqlite3",
        "CACHE_DIR": str(folder / "cache"),
        "MAIL_DIR": str(folder / "mail"),
        **environ,
    }
    program, *arguments = (word.format(port=port) for word in command)
    path = str(Path(sys.executable).with_name(program))
    server = Server([path, *arguments], port, "/healthz", settings, folder / "site.log")
    try:
        server.start()
        yield server
    finally:
        server.stop()


def migrate(database: str) -> None:
    """Give a PostgreSQL database its tables, as a release does before it starts."""
    command = [str(Path(sys.executable).with_name("flask")), "--app", "wsgi", "lco", "migrate"]
    with TemporaryDirectory() as folder:
        environ = {"DATABASE_URL": database, "CACHE_DIR": folder, "MAIL_DIR": folder, "PATH": "/usr/bin:/bin"}
        subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True)
