"""Stores: SQLite in a file, and PostgreSQL."""

import pytest

from lco.db import Database
from tests.postgres import migrated_postgres, postgres  # noqa: F401 - fixtures


@pytest.fixture
def store(tmp_path):
    store = Database(f"sqlite:///{tmp_path}/lco.sqlite3")
    store.migrate()
    yield store
    store.close()
