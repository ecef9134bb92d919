"""The migrations lead to exactly the schema of the models, on both databases."""

from concurrent.futures import ThreadPoolExecutor

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from lco.db import Database
from lco.db.models import Base


def differences(db) -> list[object]:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, Base.metadata)


def test_on_sqlite_migrations_and_models_agree(db):
    assert differences(db) == []


def test_on_postgresql_migrations_and_models_agree(postgres):
    assert differences(postgres) == []


def test_the_comparison_would_find_a_difference(db):
    with db.engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_bookings_reference")
    assert differences(db)


def test_migrating_twice_changes_nothing(db):
    db.migrate()
    assert differences(db) == []


def test_two_processes_may_migrate_at_once(tmp_path):
    databases = [Database(f"sqlite:///{tmp_path}/lco.sqlite3") for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(Database.migrate, databases))
    assert differences(databases[0]) == []
    for db in databases:
        db.close()
