"""Databases: SQLite in a file, and PostgreSQL."""

import pytest

from lco.db import Database
from tests.postgres import migrated_postgres, postgres  # noqa: F401 - fixtures


@pytest.fixture
def db(tmp_path):
    db = Database(f"sqlite:///{tmp_path}/lco.sqlite3")
    db.migrate()
    yield db
    db.close()
