"""The site's own records: one engine, one way to open a transaction, and the way to the newest schema."""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import PoolProxiedConnection

from lco import metrics
from lco.db.errors import DatabaseUnavailable
from lco.settings import SettingsError

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
SQLITE_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",  # in WAL mode a crash of the process loses nothing
    "PRAGMA wal_autocheckpoint = 4000",  # pages, 16 MB: each checkpoint waits for the disk, so there are few
    "PRAGMA busy_timeout = 5000",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # what is deleted is overwritten, since it may be a person's
)


AFTER_COMMIT = "after commit"
PRIVATE = 0o600


class Database:
    """The database at `url`, SQLite in a file or PostgreSQL. Raises SettingsError for any other."""

    def __init__(self, url: str) -> None:
        address = make_url(url)
        self.engine = _sqlite(address) if address.get_backend_name() == "sqlite" else _server(address)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction: committed when the block ends, rolled back when it raises. Raises DatabaseUnavailable.

        The block must wait for nothing but the database: no HTTP, no lock, no sleep. On SQLite it holds the one
        write lock, and under gevent a switch to a request that wants it too would stop the whole process.
        """
        with _translate_errors(), self._sessions.begin() as session:
            yield session

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A transaction like `session`, for statements on tables: where every millisecond counts, no objects."""
        with _translate_errors(), self.engine.begin() as connection:
            works = connection.info[AFTER_COMMIT] = []
            yield connection
        for work in works:
            work()

    def migrate(self) -> None:
        """Bring the schema to the newest version. Does nothing when it is; safe to run from two processes."""
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        try:
            with self.engine.begin() as connection:
                _migrate_one_at_a_time(connection)
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except SQLAlchemyError as error:
            raise _unavailable(error) from error

    def revisions(self) -> tuple[str | None, str | None]:
        """The schema that the database has, and the newest one (Alembic's names). Raises DatabaseUnavailable."""
        from alembic.config import Config
        from alembic.runtime.migration import MigrationContext
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with self.connection() as connection:
            present = MigrationContext.configure(connection).get_current_revision()
        return present, ScriptDirectory.from_config(config).get_current_head()

    def ping(self) -> None:
        """Nothing, when the database answers. Raises DatabaseUnavailable."""
        with self.connection() as connection:
            connection.execute(text("SELECT 1"))

    def scrub(self) -> None:
        """Leave nothing of deleted values in the files of SQLite. PostgreSQL's autovacuum does so by itself.

        Raises DatabaseUnavailable when another process keeps the database busy for more than 5 seconds.
        """
        if self.engine.dialect.name == "sqlite":
            connection = self.engine.raw_connection()
            try:
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error as error:
                log.warning("deleted values stay in the files of the database for now: %s", error)
                raise DatabaseUnavailable from error
            finally:
                connection.close()

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def after_commit(connection: Connection, work: Callable[[], object]) -> None:
    """Have `work` done as soon as the transaction of `connection` is committed, and never when it is not."""
    connection.info[AFTER_COMMIT].append(work)


@contextmanager
def _translate_errors() -> Iterator[None]:
    """An IntegrityError passes, since it is an answer: something is stored already."""
    try:
        yield
    except IntegrityError:
        raise
    except SQLAlchemyError as error:
        raise _unavailable(error) from error


def _unavailable(error: SQLAlchemyError) -> DatabaseUnavailable:
    metrics.store_failures.inc()
    # Only errors of operation are written out: the others may quote the value, which may be a person's.
    log.error("the database failed: %s", error if isinstance(error, OperationalError) else type(error).__name__)
    return DatabaseUnavailable()


def _server(address: URL) -> Engine:
    # Parameters are names, mails and phones: they must not reach a log through an error's text.
    return create_engine(address, hide_parameters=True, pool_pre_ping=True)


def _sqlite(address: URL) -> Engine:
    if address.database in {None, "", ":memory:"}:
        raise SettingsError("DATABASE_URL: SQLite needs a file, like sqlite:///var/lco.sqlite3")
    _keep_private(Path(str(address.database)))
    engine = create_engine(address, hide_parameters=True)
    event.listen(engine, "connect", _configure_connection)
    # Not a listener to "begin", which would make every statement look for listeners.
    engine.dialect.do_begin = _begin  # type: ignore[method-assign, assignment]  # SQLAlchemy's own hook, empty for this driver
    return engine


def _keep_private(path: Path) -> None:
    """Make the file, if need be, and let only its owner read it. SQLite gives the files beside it the same mode.

    Raises SettingsError when it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE))
    except OSError as error:
        raise SettingsError(f"DATABASE_URL: {path} cannot be written ({error.strerror})") from error
    for file in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        if file.exists() and file.stat().st_uid == os.geteuid():
            file.chmod(PRIVATE)


def _configure_connection(connection: Any, record: object) -> None:
    del record
    connection.isolation_level = None  # the driver would begin transactions late, and only for writes
    for setting in SQLITE_SETTINGS:
        connection.execute(setting)


def _begin(connection: PoolProxiedConnection) -> None:
    # Taking the write lock at once: a transaction that reads first and writes later would be refused, without
    # waiting, when another one has written in between (SQLITE_BUSY_SNAPSHOT).
    connection.cursor().execute("BEGIN IMMEDIATE")


def _migrate_one_at_a_time(connection: Connection) -> None:
    """Wait for another process that migrates; on SQLite the transaction itself has done that."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(8069)"))
