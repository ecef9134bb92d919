"""The faults: each begins when its block is entered and has ended when it is left.

Faults of one lane never overlap; those of different lanes do, as in life.
"""

import os
import resource
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from random import Random

import psycopg

from bench.chaos.parts import Parts, Site
from tests import serving

Fault = Callable[[Parts, Random], AbstractContextManager[None]]


def _odoo(mode: str, **more: object) -> Fault:
    @contextmanager
    def fault(parts: Parts, _chance: Random) -> Iterator[None]:
        parts.odoo.control("faults", mode=mode, **more)
        yield
        parts.odoo.control("faults", mode="off")

    return fault


def _habit(name: str) -> Fault:
    @contextmanager
    def fault(parts: Parts, _chance: Random) -> Iterator[None]:
        parts.odoo.control(f"habits/{name}", on=True)
        yield
        parts.odoo.control(f"habits/{name}", on=False)

    return fault


@contextmanager
def mail_down(parts: Parts, _chance: Random) -> Iterator[None]:
    """New connections are closed at once."""
    parts.post.is_away = True
    yield
    parts.post.is_away = False


def _mail_says(command: str, answer: str) -> Fault:
    @contextmanager
    def fault(parts: Parts, _chance: Random) -> Iterator[None]:
        parts.post.answers[command] = answer
        yield
        del parts.post.answers[command]

    return fault


@contextmanager
def redis_killed(parts: Parts, _chance: Random) -> Iterator[None]:
    """It comes back empty."""
    assert parts.redis
    parts.redis.kill()
    yield
    parts.redis.start()


@contextmanager
def redis_paused(parts: Parts, _chance: Random) -> Iterator[None]:
    assert parts.redis
    parts.redis.signal(signal.SIGSTOP)
    yield
    parts.redis.signal(signal.SIGCONT)


@contextmanager
def redis_full(parts: Parts, _chance: Random) -> Iterator[None]:
    assert parts.redis
    parts.redis.ask("CONFIG", "SET", "maxmemory", "1", "maxmemory-policy", "noeviction")
    yield
    parts.redis.ask("CONFIG", "SET", "maxmemory", "0")


@contextmanager
def postgres_killed(parts: Parts, _chance: Random) -> Iterator[None]:
    assert parts.postgres
    parts.postgres.kill()
    yield
    parts.postgres.start()


@contextmanager
def postgres_paused(parts: Parts, _chance: Random) -> Iterator[None]:
    assert parts.postgres
    parts.postgres.signal_all(signal.SIGSTOP)
    yield
    parts.postgres.signal_all(signal.SIGCONT)


@contextmanager
def postgres_without_connections(parts: Parts, _chance: Random) -> Iterator[None]:
    """Others take every connection, those of the sites too."""
    assert parts.postgres
    with ExitStack() as taken:
        first = taken.enter_context(parts.postgres.connect())
        first.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            " AND pid <> pg_backend_pid()"
        )
        with suppress(psycopg.OperationalError):
            for _ in range(parts.postgres.most_connections):
                taken.enter_context(parts.postgres.connect())
        yield


@contextmanager
def sqlite_locked(parts: Parts, _chance: Random) -> Iterator[None]:
    """Another process, such as a backup, holds the write lock."""
    other = sqlite3.connect(parts.database.removeprefix("sqlite:///"), timeout=10, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
    finally:
        other.close()


@contextmanager
def disk_full(parts: Parts, _chance: Random) -> Iterator[None]:
    """No file of the worker may grow beyond what the database's log has: a write then fails as on a full disk."""
    size = Path(parts.database.removeprefix("sqlite:///") + "-wal").stat().st_size
    worker = _worker(parts.sites[0])
    _, most = resource.prlimit(worker, resource.RLIMIT_FSIZE)
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (size, most))
    yield
    with suppress(ProcessLookupError):  # another fault has ended it
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (most, most))


@contextmanager
def worker_killed(parts: Parts, chance: Random) -> Iterator[None]:
    """gunicorn starts another one."""
    os.kill(_worker(chance.choice(parts.sites)), signal.SIGKILL)
    parts.killed_at.append(time.monotonic())
    yield


@contextmanager
def worker_paused(parts: Parts, chance: Random) -> Iterator[None]:
    worker = _worker(chance.choice(parts.sites))
    os.kill(worker, signal.SIGSTOP)
    yield
    with suppress(ProcessLookupError):
        os.kill(worker, signal.SIGCONT)


def _clock(*jumps: float) -> Fault:
    """The clock of one site jumps; it goes right again when the fault is over, which is another jump."""

    @contextmanager
    def fault(parts: Parts, chance: Random) -> Iterator[None]:
        site = chance.choice(parts.sites)
        site.shift(chance.choice(jumps))
        yield
        site.shift(0)

    return fault


def _worker(site: Site) -> int:
    """The process that serves. While one is being replaced there are two, or none."""

    def only_one() -> int | None:
        with suppress(ValueError, OSError):
            return site.server.worker
        return None

    return int(serving.wait_until(only_one, "one worker"))


ODOO: Mapping[str, Fault] = {
    "Odoo slow": _odoo("slow", seconds=1.5),
    "Odoo hangs": _odoo("hang"),
    "Odoo says 500": _odoo("errors"),
    "Odoo answers garbage": _odoo("nonsense"),
    "Odoo answers HTML": _odoo("html"),
    "Odoo resets": _odoo("reset"),
    "Odoo commits, then dies": _odoo("dies"),
    "Odoo's answers are lost": _odoo("lost"),
    "webhooks twice": _habit("webhooks_twice"),
    "webhooks reversed": _habit("webhooks_reversed"),
    "webhooks dropped": _habit("webhooks_dropped"),
}
MAIL: Mapping[str, Fault] = {
    "mail server down": mail_down,
    "mail server defers": _mail_says("DATA", "451 4.3.0 try again later"),
    "mail server greylists": _mail_says("RCPT", "450 4.2.0 greylisted"),
}
WORKER: Mapping[str, Fault] = {"worker killed": worker_killed, "worker paused": worker_paused}
CLOCK: Mapping[str, Fault] = {
    "clocks apart": _clock(-3, 3, -40, 40),
    "clock jumps": _clock(-3600, -305, 305, 3600),
}
REDIS: Mapping[str, Fault] = {
    "Redis killed": redis_killed,
    "Redis paused": redis_paused,
    "Redis full": redis_full,
}
POSTGRES: Mapping[str, Fault] = {
    "PostgreSQL killed": postgres_killed,
    "PostgreSQL paused": postgres_paused,
    "PostgreSQL without connections": postgres_without_connections,
}
SQLITE: Mapping[str, Fault] = {"SQLite locked": sqlite_locked, "disk full": disk_full}


def lanes(parts: Parts) -> dict[str, Mapping[str, Fault]]:
    """The faults that these parts can have, by lane."""
    always = {"odoo": ODOO, "mail": MAIL, "worker": WORKER, "clock": CLOCK}
    return always | ({"redis": REDIS, "database": POSTGRES} if parts.postgres else {"database": SQLITE})
