"""The database: transactions that keep all or nothing, on SQLite as it has to be set up and on PostgreSQL."""

import logging
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import IntegrityError

from lco.db import Database
from lco.db.database import retry_conflicts
from lco.db.errors import DatabaseUnavailable
from lco.db.models import Delivery, UnmatchedEventRow
from lco.settings import SettingsError

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def delivery(name: str, **values) -> Delivery:
    defaults = {
        "endpoint": "booking",
        "event_type": "test",
        "subject": "booking:BK-1",
        "digest": "",
        "payload": "{}",
    }
    return Delivery(**{"id": name, **defaults, "received_at": NOON, "result": "", "tries": 0, **values})


def kept(db) -> list[str]:
    with db.session() as session:
        return list(session.scalars(select(Delivery.id).order_by(Delivery.id)))


def test_rows_added_in_a_block_are_kept_when_it_ends(db):
    with db.session() as session:
        session.add(delivery("a"))
    assert kept(db) == ["a"]


def test_nothing_of_a_block_that_raises_is_kept(db):
    def add_and_fail() -> None:
        with db.session() as session:
            session.add(delivery("a"))
            session.flush()
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        add_and_fail()
    assert kept(db) == []


def test_rows_read_in_a_block_can_be_used_after_it(db):
    with db.session() as session:
        session.add(delivery("a"))
        row = session.get(Delivery, "a")
    assert row.received_at == NOON


def test_a_duplicate_key_raises_integrity_error(db):
    with db.session() as session:
        session.add(delivery("a"))
    with pytest.raises(IntegrityError), db.session() as session:
        session.add(delivery("a", payload="a secret"))


def test_instants_keep_their_zone(db):
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-6)))
    with db.session() as session:
        session.add(delivery("a", received_at=elsewhere))
    with db.session() as session:
        row = session.get(Delivery, "a")
        assert row.received_at == NOON
        assert row.received_at.utcoffset() == timedelta(0)
        assert row.applied_at is None
        assert session.scalars(select(Delivery.id).where(Delivery.received_at < NOON)).all() == []


def test_an_instant_without_a_zone_is_refused(db):
    with pytest.raises(DatabaseUnavailable), db.session() as session:
        session.add(delivery("a", received_at=datetime(2026, 12, 1)))  # noqa: DTZ001 - this is the point


@pytest.mark.parametrize("amount", ["0.10", "1234567890.12", "640.00", "1E+3", "0.1234567890123456789"])
def test_money_is_exact_to_the_digit(db, amount):
    with db.session() as session:
        session.add(UnmatchedEventRow(reference="BK", received_at=NOON, reason="", total_amount=Decimal(amount)))
    with db.session() as session:
        assert str(session.scalars(select(UnmatchedEventRow)).one().total_amount) == str(Decimal(amount))


def test_many_threads_read_and_write_without_losing_anything(db):
    def add_one(name: str) -> None:
        with db.session() as session:
            count = len(session.scalars(select(Delivery.id)).all())
            session.add(delivery(name, payload=str(count)))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add_one, [f"{n:02}" for n in range(40)]))
    with db.session() as session:
        counts = sorted(int(row.payload) for row in session.scalars(select(Delivery)))
    assert counts == list(range(40)), "every transaction saw all that came before it"


def test_sqlite_is_set_up_for_a_server(db):
    with db.session() as session:
        asked = {name: session.execute(text(f"PRAGMA {name}")).scalar() for name in PRAGMAS}
    assert asked == PRAGMAS


PRAGMAS = {"journal_mode": "wal", "synchronous": 1, "busy_timeout": 20, "foreign_keys": 1}


def test_the_folder_of_the_database_is_made(tmp_path):
    db = Database(f"sqlite:///{tmp_path}/some/where/lco.sqlite3")
    db.migrate()
    db.ping()
    db.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_that_every_thread_would_have_for_itself_is_refused(url):
    with pytest.raises(SettingsError, match="file"):
        Database(url)


def test_an_unmigrated_database_raises_an_error_without_personal_data(tmp_path, caplog):
    db = Database(f"sqlite:///{tmp_path}/lco.sqlite3")
    with pytest.raises(DatabaseUnavailable), caplog.at_level(logging.ERROR), db.session() as session:
        session.add(delivery("a", payload="ada@example.com"))
    db.close()
    assert "no such table" in caplog.text
    assert "ada@example.com" not in caplog.text


def test_a_database_that_cannot_be_reached_is_away():
    db = Database("postgresql+psycopg://stranger@127.0.0.1:9/nothing")
    with pytest.raises(DatabaseUnavailable):
        db.ping()


@pytest.fixture
def lock(tmp_path):
    """Hold SQLite's write lock in a separate process, as a backup does."""

    @contextmanager
    def held(seconds):
        command = [sys.executable, "-c", LOCKING, str(tmp_path / "lco.sqlite3"), str(seconds)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            yield
            process.kill()

    return held


LOCKING = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
connection.execute("ROLLBACK")
"""


@pytest.fixture
def own(tmp_path):
    """A separate database, which the test may break."""
    own = Database(f"sqlite:///{tmp_path}/lco.sqlite3")
    own.migrate()
    yield own
    own.close()


def test_a_transaction_waits_while_another_process_has_the_lock(own, lock):
    with lock(1), own.session() as session:
        session.add(delivery("a"))
    assert kept(own) == ["a"]


def test_a_transaction_gives_up_when_the_lock_is_held_for_long(own, lock):
    started = time.monotonic()
    with lock(60), pytest.raises(DatabaseUnavailable):
        own.ping()
    assert 4 < time.monotonic() - started < 30


def test_the_file_alone_holds_everything_after_a_checkpoint(own, tmp_path):
    with own.session() as session:
        session.add(delivery("a"))
    own.checkpoint()
    copied = Database(f"sqlite:///{shutil.copy(tmp_path / 'lco.sqlite3', tmp_path / 'copy.sqlite3')}")
    assert kept(copied) == ["a"]
    copied.close()


def test_no_log_is_left_beside_the_file_after_closing(own, tmp_path):
    own.checkpoint()
    own.close()
    assert not (tmp_path / "lco.sqlite3-wal").exists()


@pytest.mark.parametrize("replaced", [False, True])
def test_a_deleted_or_replaced_file_is_found_and_nothing_is_written(own, tmp_path, replaced):
    path = tmp_path / "lco.sqlite3"
    copy = shutil.copy(path, tmp_path / "copy")
    path.unlink()
    if replaced:
        shutil.copy(copy, path)
    with pytest.raises(DatabaseUnavailable), own.session() as session:
        session.add(delivery("a"))
    with pytest.raises(DatabaseUnavailable):
        own.ping()


def test_a_ping_finds_that_nothing_can_be_written(own):
    with own.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    own.engine.pool.dispose()
    event.listen(own.engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only = ON"))
    with pytest.raises(DatabaseUnavailable):
        own.ping()


def test_a_schema_that_is_too_old_is_not_ready_and_a_newer_one_is(own, tmp_path):
    own.ping()
    for revision, is_good in (("0003", False), ("9999", True)):
        with own.engine.begin() as connection:
            connection.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))
        fresh = Database(f"sqlite:///{tmp_path}/lco.sqlite3")
        with nullcontext() if is_good else pytest.raises(DatabaseUnavailable):
            fresh.ping()
        fresh.close()


def test_an_empty_database_is_not_ready(tmp_path):
    empty = Database(f"sqlite:///{tmp_path}/empty.sqlite3")
    with pytest.raises(DatabaseUnavailable):
        empty.ping()
    empty.close()


def test_postgresql_ends_statements_that_wait_too_long_and_prepares_none(postgres):
    with postgres.connection() as connection:
        names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        assert [connection.execute(text(f"SHOW {name}")).scalar() for name in names] == ["5s", "3s", "10s"]
        assert connection.connection.driver_connection.prepare_threshold is None


def test_a_deadlock_is_run_again(postgres):
    """Two transactions lock two names in the two orders; the one that PostgreSQL ends is run again."""
    barrier, ran = threading.Barrier(2), []

    @retry_conflicts
    def locked(*names):
        ran.append(names)
        with postgres.connection() as connection:
            for number, name in enumerate(names):
                connection.execute(text(f"SELECT pg_advisory_xact_lock({name})"))
                if number == 0 and len(ran) <= 2:
                    barrier.wait(10)

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(locked, 1, 2), threads.submit(locked, 2, 1)]:
            done.result(30)
    assert len(ran) == 3
