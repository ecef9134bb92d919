"""Copies of the whole database: of SQLite by its own backup, of PostgreSQL by pg_dump and pg_restore."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from sqlalchemy import func, inspect, select, table
from sqlalchemy.engine import URL

from lco.db.database import PRIVATE, Database
from lco.errors import LcoError

SQLITE_HEADER = b"SQLite format 3\0"
DUMP_HEADER = b"PGDMP"
BUSY_SECONDS = 10.0
COUNTS = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"

Counts = Mapping[str, int]
"""Rows by table."""


class BackupFailed(LcoError):
    """The copy could not be made, is not whole, or does not fit the database."""

    code = "backup_failed"


def back_up(database: Database, target: Path) -> Counts:
    """Write a whole copy of `database` to the new file `target`, while the site runs. Raises BackupFailed.

    The copy holds everything that was committed before the call. Returns what is in it; nothing for PostgreSQL,
    whose dump is read again but not counted.
    """
    if target.exists():
        raise BackupFailed(f"{target} is there already, and is not overwritten.")
    unfinished = _beside(target)
    try:
        if _is_sqlite(database):
            counts = _copy_sqlite(_path(database), unfinished)
        else:
            counts = _dump_postgresql(database.engine.url, unfinished)
        unfinished.rename(target)
    except OSError as error:
        raise BackupFailed(f"{target} cannot be written: {error.strerror}.") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return counts


def restore(database: Database, source: Path) -> Counts:
    """Replace all of `database` by the copy in `source`, with the site stopped. Raises BackupFailed.

    The copy is examined first, and the database stays as it is when the copy is not whole.
    """
    header = _header(source)
    if _is_sqlite(database):
        if not header.startswith(SQLITE_HEADER):
            raise BackupFailed(f"{source} is no backup of an SQLite database.")
        return _put_back_sqlite(database, source)
    if not header.startswith(DUMP_HEADER):
        raise BackupFailed(f"{source} is no backup of a PostgreSQL database.")
    database.close()
    options = ("--clean", "--if-exists", "--no-owner", "--single-transaction")
    _run("pg_restore", database.engine.url, *options, str(source))
    return _counted_on_server(database)


def _copy_sqlite(source: Path, target: Path) -> Counts:
    try:
        with (
            closing(sqlite3.connect(source, timeout=BUSY_SECONDS)) as origin,
            closing(sqlite3.connect(target)) as copy,
        ):
            origin.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without another beside it
            return _examined(copy, target)
    except sqlite3.Error as error:
        raise BackupFailed(f"The database cannot be copied: {error}.") from error


def _put_back_sqlite(database: Database, source: Path) -> Counts:
    path = _path(database)
    try:
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as copy:
            counts = _examined(copy, source)
            database.close()
            with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as target:
                copy.backup(target)
                target.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                if _counted(target) != counts:
                    raise BackupFailed("The database has other rows than the backup: is the site still running?")
    except sqlite3.Error as error:
        raise BackupFailed(f"{source} cannot be restored: {error}.") from error
    path.chmod(PRIVATE)
    return counts


def _examined(copy: sqlite3.Connection, name: Path) -> Counts:
    """Rows by table of a copy that is whole. Raises BackupFailed for any other."""
    (verdict,) = copy.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok":
        raise BackupFailed(f"{name} is damaged: {verdict}.")
    counts = _counted(copy)
    if "alembic_version" not in counts:
        raise BackupFailed(f"{name} holds no database of this site.")
    return counts


def _counted(connection: sqlite3.Connection) -> Counts:
    names = [name for (name,) in connection.execute(COUNTS)]
    return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608 - names of tables


def _counted_on_server(database: Database) -> Counts:
    with database.connection() as connection:
        names = inspect(connection).get_table_names()
        count = {name: select(func.count()).select_from(table(name)) for name in sorted(names)}
        return {name: connection.execute(query).scalar() or 0 for name, query in count.items()}


def _dump_postgresql(url: URL, target: Path) -> Counts:
    _run("pg_dump", url, "--format=custom", f"--file={target}")
    _run("pg_restore", None, "--list", str(target))
    return {}


def _run(program: str, url: URL | None, *arguments: str) -> None:
    """Run a program of PostgreSQL on the database at `url`. Raises BackupFailed with its first sentence."""
    found = shutil.which(program)
    if found is None:
        raise BackupFailed(
            f"{program} is not on this machine. Install PostgreSQL's client, or use your host's backups."
        )
    # The password goes through the environment: arguments can be seen by other users of the machine.
    environ = {**os.environ, "PGPASSWORD": (url.password or "") if url else ""}
    where = [f"--dbname={url.set(drivername='postgresql', password=None).render_as_string()}"] if url else []
    done = subprocess.run([found, *where, *arguments], env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - fixed programs
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise BackupFailed(f"{program} failed: {said[0] if said else done.returncode}")


def _beside(target: Path) -> Path:
    """An empty private file in the folder of `target`, to become it when it is whole."""
    try:
        number, name = tempfile.mkstemp(prefix=f"{target.name}.", suffix=".part", dir=target.parent)
    except OSError as error:
        raise BackupFailed(f"{target} cannot be written: {error.strerror}.") from error
    os.close(number)
    return Path(name)


def _header(source: Path) -> bytes:
    try:
        with source.open("rb") as file:
            return file.read(len(SQLITE_HEADER))
    except OSError as error:
        raise BackupFailed(f"{source} cannot be read: {error.strerror}.") from error


def _is_sqlite(database: Database) -> bool:
    return database.engine.dialect.name == "sqlite"


def _path(database: Database) -> Path:
    return Path(str(database.engine.url.database))
