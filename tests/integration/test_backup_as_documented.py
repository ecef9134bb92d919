"""The commands that docs/operating.md gives for PostgreSQL by hand make a whole copy."""

import os
import re
import shutil
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
