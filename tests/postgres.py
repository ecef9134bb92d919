"""A PostgreSQL database of the tests' own; the fixtures are imported by the conftests that use them."""

import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from lco.db import Database
from lco.db.models import Base

SERVER = "postgresql+psycopg://postgres@127.0.0.1:5432"
TABLES = ", ".join(Base.metadata.tables)


@pytest.fixture(scope="module")
def migrated_postgres() -> Iterator[Database]:
    """A migrated database made for this module; skipped where no PostgreSQL answers."""
    server = create_engine(f"{SERVER}/postgres", isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 2})
    name = f"lco_{uuid.uuid4().hex}"
    try:
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except OperationalError as error:
        pytest.skip(f"no PostgreSQL on this machine: {type(error.orig).__name__}")
    db = Database(f"{SERVER}/{name}")
    db.migrate()
    yield db
    db.close()
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def postgres(migrated_postgres: Database) -> Database:
    """That database, empty."""
    with migrated_postgres.session() as session:
        session.execute(text(f"TRUNCATE {TABLES} RESTART IDENTITY CASCADE"))
    return migrated_postgres
