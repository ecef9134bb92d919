"""The parts of the chain as real processes: Odoo, one or two sites, the database, Redis, the mail server."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests import postgres_server, redis_server, serving
from tests.integration.mail import smtp_server

KEY = "a-key-of-the-chaos"
COMMAND = ("gunicorn", "bench.chaos.shifted:app")


@dataclass
class Site:
    """A site under gunicorn with one worker, and the file with the error of its clock."""

    server: serving.Server
    clock: Path

    @property
    def url(self) -> str:
        return self.server.url

    def shift(self, seconds: float) -> None:
        self.clock.write_text(str(seconds))


@dataclass
class Parts:
    """Everything that faults are done to. Without `postgres` there is one site, with SQLite and no Redis."""

    odoo: serving.Demo
    sites: list[Site]
    post: smtp_server.Post
    database: str
    temporary: Path
    postgres: postgres_server.PostgresServer | None = None
    redis: redis_server.RedisServer | None = None
    sites_life: ExitStack = field(default_factory=ExitStack)
    killed_at: list[float] = field(default_factory=list)
    """Readings of the monotonic clock at which a worker was killed."""


@contextmanager
def running(folder: Path, *, sqlite: bool) -> Iterator[Parts]:
    """All parts, started; `folder` is for their files."""
    with ExitStack() as life:
        smtp_port, post = serving.free_port(), smtp_server.Post()
        life.enter_context(smtp_server.serving(post, smtp_port))
        postgres = None if sqlite else life.enter_context(postgres_server.running())
        redis = None if sqlite else life.enter_context(redis_server.running(folder))
        database = postgres.url if postgres else f"sqlite:///{folder}/lco.sqlite3"
        if postgres:
            serving.migrate(database)
        ports = [serving.free_port() for _ in range(1 if sqlite else 2)]
        public = f"http://127.0.0.1:{ports[0]}"
        odoo = life.enter_context(serving.demo(public, "--key", KEY))
        temporary = folder / "tmp"
        temporary.mkdir()
        settings = {
            "DATABASE_URL": database,
            "SITE_URL": public,
            "ODOO_API_KEY": KEY,
            "SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
            "TRUSTED_PROXIES": "1",
            "RECONCILE_SECONDS": "20",
            "TMPDIR": str(temporary),
            **({"REDIS_URL": redis.url} if redis else {}),
        }
        sites_life = life.enter_context(ExitStack())
        sites = [
            sites_life.enter_context(_site(odoo.url, folder / f"site{number}", port, settings))
            for number, port in enumerate(ports)
        ]
        yield Parts(odoo, sites, post, database, temporary, postgres, redis, sites_life)


@contextmanager
def _site(odoo_url: str, folder: Path, port: int, settings: dict[str, str]) -> Iterator[Site]:
    folder.mkdir()
    clock = folder / "clock"
    clock.write_text("0")
    with serving.site(odoo_url, folder, port, COMMAND, **settings, CHAOS_CLOCK=str(clock)) as server:
        yield Site(server, clock)
