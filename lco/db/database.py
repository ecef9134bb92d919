"""The database of the site: one engine, one way to open a transaction, and the migrations."""

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import PoolProxiedConnection

from lco import clock, metrics
from lco.db.errors import DatabaseUnavailable, TransactionConflict
from lco.settings import SettingsError

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
SQLITE_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",  # in WAL mode a crash of the process loses nothing
    "PRAGMA wal_autocheckpoint = 4000",  # pages, 16 MB: each checkpoint waits for the disk, so there are few
    "PRAGMA busy_timeout = 20",  # SQLite waits in C, and under gevent the whole process with it
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # what is deleted is overwritten, since it may be a person's
)


AFTER_COMMIT = "after commit"
PRIVATE = 0o600
LOCKED_FOR_SECONDS = 5.0
"""The longest wait of a transaction for the write lock of SQLite. Other greenlets run meanwhile."""
LOOK_AGAIN_SECONDS = 0.02
SERVER_SETTINGS = (
    "SET statement_timeout = 5000; SET lock_timeout = 3000; SET idle_in_transaction_session_timeout = 10000"
)
"""In milliseconds. Set by a statement, as poolers such as PgBouncer refuse them as options of a connection."""
SERVER_CONNECTION = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
    "prepare_threshold": None,  # a pooler gives each transaction another connection, without what was prepared
}
POOL_SIZE = 4
"""Connections of one process, unless a setting names another number. Others wait for one."""
POOL_TIMEOUT_SECONDS = 8
CONFLICTS = frozenset({"40P01", "40001"})
"""SQLSTATE of a deadlock and of a serialization failure. The same transaction succeeds when it is run again."""
ATTEMPTS = 3
CHECK_WRITE_EVERY = timedelta(seconds=5)
ASK_CLOCK_EVERY = timedelta(seconds=5)
CLOCKS_APART = timedelta(seconds=2)
"""Beyond this the difference is shown to operators. It does no harm, as the database's clock counts."""

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Database:
    """The database at `url`, SQLite in a file or PostgreSQL. Raises SettingsError for any other."""

    def __init__(self, url: str, pool: int = POOL_SIZE) -> None:
        """`pool` is how many connections to a server there may be at once; with SQLite it does not matter."""
        address = make_url(url)
        is_sqlite = address.get_backend_name() == "sqlite"
        self.engine = _sqlite(address) if is_sqlite else _server(address, pool)
        self._file = _File(Path(str(address.database))) if is_sqlite else None
        self._is_current = False
        self._ask_clock_at = 0.0
        self.clock_ahead = timedelta()
        """By how much this machine's clock is ahead of a database server's, as of the last few seconds."""
        self._wrote_at = -CHECK_WRITE_EVERY.total_seconds()
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction: committed when the block ends, rolled back when it raises. Raises DatabaseUnavailable.

        The block must wait for nothing but the database: no HTTP, no lock, no sleep. On SQLite it holds the one
        write lock, and under gevent a switch to a request that wants it too would stop the whole process.
        """
        self._check_file()
        with _translate_errors(), self._sessions.begin() as session:
            self._follow_clock(session.connection)
            yield session

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A transaction like `session`, for statements on tables: where every millisecond counts, no objects."""
        self._check_file()
        with _translate_errors(), self.engine.begin() as connection:
            works = connection.info[AFTER_COMMIT] = []
            self._follow_clock(lambda: connection)
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
        self.checkpoint()

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
        """Check that the database can be written and has the schema of this release, or a newer one.

        SQLite is written once in CHECK_WRITE_EVERY, which finds a full disk. Raises DatabaseUnavailable.
        """
        self.check_schema()
        with self.connection() as connection:
            if connection.dialect.name == "postgresql":
                if connection.execute(text("SHOW transaction_read_only")).scalar() == "on":
                    log.error("the database takes no writes")
                    raise DatabaseUnavailable
            elif clock.seconds() - self._wrote_at >= CHECK_WRITE_EVERY.total_seconds():
                connection.exec_driver_sql("PRAGMA user_version = 1")
                self._wrote_at = clock.seconds()

    def check_schema(self) -> None:
        """Raises DatabaseUnavailable while a migration is missing. A newer schema than this release's is good."""
        if self._is_current:
            return
        present, newest = self.revisions()
        if present is None or (present != newest and present in self._revisions_before(newest)):
            log.error("the database has the schema %s instead of %s: run `flask lco migrate`", present, newest)
            raise DatabaseUnavailable
        self._is_current = True

    def checkpoint(self) -> None:
        """Write SQLite's log into the database file, so that a copy of this file alone holds everything."""
        if self.engine.dialect.name == "sqlite":
            connection = self.engine.raw_connection()
            try:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error as error:
                log.warning("the log of the database is not written into its file for now: %s", error)
            finally:
                connection.close()

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
        """Close all connections that are not in use. SQLite deletes its log with the last one."""
        self.engine.dispose()

    def _follow_clock(self, connection: Callable[[], Connection]) -> None:
        """Have this process follow the clock of a database server, which several machines share."""
        if self._file or clock.seconds() < self._ask_clock_at:
            return
        self._ask_clock_at = clock.seconds() + ASK_CLOCK_EVERY.total_seconds()
        self.clock_ahead = clock.synchronize(lambda: _clock_of(connection()))
        if abs(self.clock_ahead) > CLOCKS_APART:
            ahead = self.clock_ahead.total_seconds()
            log.warning("the clock of this machine is %.0f s ahead of the database's", ahead)

    def _check_file(self) -> None:
        """Raises DatabaseUnavailable when SQLite's file was deleted or replaced: what is written would be lost."""
        if self._file and not self._file.is_same():
            log.error("the file of the database was deleted or replaced: restart the site")
            raise DatabaseUnavailable

    def _revisions_before(self, newest: str | None) -> set[str]:
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        scripts = ScriptDirectory.from_config(config).walk_revisions("base", newest or "head")
        return {script.revision for script in scripts}


class _File:
    """The file of SQLite, known by its inode."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inode = path.stat().st_ino

    def is_same(self) -> bool:
        try:
            return self._path.stat().st_ino == self._inode
        except OSError:
            return False


def retry_conflicts(work: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Decorate a function of one transaction: run it again, at most ATTEMPTS times, after a deadlock."""

    @wraps(work)
    def attempt(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        for _ in range(ATTEMPTS - 1):
            with suppress(TransactionConflict):
                return work(*args, **kwargs)
        return work(*args, **kwargs)

    return attempt


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
    if getattr(getattr(error, "orig", None), "sqlstate", None) in CONFLICTS:
        log.warning("a transaction is run again: %s", type(error).__name__)
        return TransactionConflict()
    metrics.store_failures.inc()
    # Only errors of operation are written out: the others may quote the value, which may be a person's.
    log.error("the database failed: %s", error if isinstance(error, OperationalError) else type(error).__name__)
    return DatabaseUnavailable()


def _server(address: URL, pool: int) -> Engine:
    # Parameters are names, mails and phones: they must not reach a log through an error's text.
    engine = create_engine(
        address,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=pool,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        connect_args=SERVER_CONNECTION,
    )
    event.listen(engine, "do_connect", _connect_to_server)
    event.listen(engine, "connect", _configure_server_connection)
    return engine


def _connect_to_server(_dialect: object, _record: object, arguments: Any, options: Any) -> object:
    from lco.db.bounded import BoundedConnection  # loads the driver, which SQLite does without

    return BoundedConnection.connect(*arguments, **options)


def _configure_server_connection(connection: Any, record: object) -> None:
    del record
    connection.execute(SERVER_SETTINGS)
    connection.commit()


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
        _execute_when_free(connection.cursor(), setting)


def _begin(connection: PoolProxiedConnection) -> None:
    # Taking the write lock at once: a transaction that reads first and writes later would be refused, without
    # waiting, when another one has written in between (SQLITE_BUSY_SNAPSHOT).
    _execute_when_free(connection.cursor(), "BEGIN IMMEDIATE")


def _execute_when_free(cursor: Any, statement: str) -> None:
    """Execute `statement`, and again while another connection has SQLite's write lock."""
    until = clock.seconds() + LOCKED_FOR_SECONDS
    while True:
        try:
            cursor.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or clock.seconds() > until:
                raise
            time.sleep(LOOK_AGAIN_SECONDS)
        else:
            return


def _clock_of(connection: Connection) -> datetime:
    found: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return found


def _migrate_one_at_a_time(connection: Connection) -> None:
    """Wait for another process that migrates; on SQLite the transaction itself has done that."""
    if connection.dialect.name == "postgresql":
        # A migration of a large table may take long, but must not make its readers wait behind it for a lock.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        driver: Any = connection.connection.driver_connection
        driver.patience = None
        connection.execute(text("SELECT pg_advisory_xact_lock(8069)"))
