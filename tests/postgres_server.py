"""A PostgreSQL server of a test's own, in a new folder: it can be killed, paused and started again."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from tests.serving import PATIENCE, free_port, wait_until

USER = "postgres"
CARELESS = ("fsync=off", "full_page_writes=off", "shared_buffers=32MB")
"""Nothing in here has to survive the machine, so nothing waits for its disk."""


def _program(name: str) -> str | None:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    return str(found[-1]) if found else shutil.which(name)


@dataclass
class PostgresServer:
    """The server of the cluster in `folder`, on a free loopback port; everyone on this machine is let in."""

    folder: Path
    most_connections: int = 40
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    def make(self) -> None:
        """Make the cluster. PostgreSQL refuses to run as root, so root makes it for its user."""
        data = self.folder / "data"
        if os.geteuid() == 0:
            subprocess.run(["install", "-d", "-o", USER, "-g", USER, "-m", "700", str(data)], check=True)
        command = [*as_user(), str(_program("initdb")), "-D", str(data), "-U", USER, "-A", "trust", "--no-sync"]
        subprocess.run([*command, "-E", "UTF8", "--locale=C"], check=True, capture_output=True, cwd="/")

    def start(self) -> None:
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": self.most_connections,
        }
        words = [f"{name}={value}" for name, value in options.items()] + list(CARELESS)
        command = [*as_user(), str(_program("postgres")), "-D", str(self.folder / "data")]
        with (self.folder / "server.log").open("ab") as out:
            self.process = subprocess.Popen(
                [*command, *(part for word in words for part in ("-c", word))], stdout=out, stderr=out, cwd="/"
            )
        wait_until(self._answers, "PostgreSQL")

    def kill(self) -> None:
        """End it as a crash does: nothing is written, and the next start recovers from the log."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        self._end(signal.SIGINT)

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to the server and to the process of every connection: SIGSTOP pauses all of it."""
        assert self.process
        for pid in [self.process.pid, *_children(self.process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        """A connection that commits each statement. Raises psycopg.OperationalError."""
        return psycopg.connect(self.url, autocommit=True, connect_timeout=5)

    def _end(self, how: signal.Signals) -> None:
        if self.process and self.process.poll() is None:
            self.signal_all(signal.SIGCONT)
            self.process.send_signal(how)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def _answers(self) -> bool:
        try:
            with self.connect():
                return True
        except psycopg.OperationalError:
            return False


def as_user() -> list[str]:
    """What makes a command run as PostgreSQL's user; nothing unless this is root."""
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups"] if os.geteuid() == 0 else []


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


@contextmanager
def running(most_connections: int = 40) -> Iterator[PostgresServer]:
    """A PostgreSQL with an empty database; the test is skipped on a machine that has none."""
    if _program("postgres") is None:
        pytest.skip("no PostgreSQL on this machine")
    folder = Path(tempfile.mkdtemp(prefix="lco-postgres-"))
    folder.chmod(0o755)
    server = PostgresServer(folder, most_connections)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
