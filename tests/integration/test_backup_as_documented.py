"""The commands of docs/operating.md make a whole copy of a database that is being written to."""

import os
import re
import shutil
import sqlite3
import subprocess
import textwrap
from pathlib import Path

import pytest
from sqlalchemy import text

from lco.db import Database
from tests.postgres import migrated_postgres  # noqa: F401 - a fixture

PAGE = Path(__file__).parents[2] / "docs/operating.md"


def documented(first_words: str) -> str:
    """The command of the page that begins with these words, with its further lines."""
    blocks = [textwrap.dedent(block) for block in re.findall(r"(?:^    .*\n)+", PAGE.read_text(), re.MULTILINE)]
    (command,) = [block for block in blocks if block.startswith(first_words)]
    return command


def run(command: str, **options) -> None:
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stderr


def test_copy_of_a_running_sqlite_has_what_lies_in_the_log_beside_it(tmp_path: Path):
    (tmp_path / "var").mkdir()
    database = Database(f"sqlite:///{tmp_path}/var/lco.sqlite3")
    database.migrate()
    with sqlite3.connect(tmp_path / "var/lco.sqlite3") as writer:
        writer.execute("CREATE TABLE probe (id INTEGER)")
        writer.executemany("INSERT INTO probe VALUES (?)", [(number,) for number in range(1000)])
        writer.commit()
        assert (tmp_path / "var/lco.sqlite3-wal").stat().st_size, (
            "nothing lies beside the file, so this shows nothing"
        )
        run(documented("python3 -c"), cwd=tmp_path)
    writer.close()
    database.close()
    copy = sqlite3.connect(tmp_path / "backup.sqlite3")
    assert copy.execute("SELECT count(*) FROM probe").fetchone() == (1000,)
    assert copy.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
    copy.close()


def test_dump_of_postgresql_restores_into_an_empty_database(migrated_postgres: Database, tmp_path: Path):  # noqa: F811
    if shutil.which("pg_dump") is None:
        pytest.skip("no pg_dump on this machine")
    url = migrated_postgres.engine.url
    with migrated_postgres.engine.begin() as connection:
        connection.execute(text("CREATE TABLE probe AS SELECT generate_series(1, 1000) AS id"))
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    run(documented("pg_dump"), cwd=tmp_path, env={**os.environ, "DATABASE_URL": address})
    with migrated_postgres.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {url.database}_restored"))
        try:
            restored = address.replace(url.database, f"{url.database}_restored")
            run(documented("pg_restore"), cwd=tmp_path, env={**os.environ, "DATABASE_URL": restored})
            database = Database(restored)
            with database.engine.connect() as reading:
                assert reading.execute(text("SELECT count(*) FROM probe")).scalar() == 1000
            database.close()
        finally:
            connection.execute(text(f"DROP DATABASE {url.database}_restored WITH (FORCE)"))
