"""A backup made during bookings has every one that was answered before, and can be restored."""

import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import create_engine, func, select, text

from lco import clock
from lco.bookings.repository import BookingRepository
from lco.db import Database
from lco.db.backup import BackupFailed, back_up, restore
from lco.db.models import BookingChange, BookingRow
from lco.domain.booking import Actor, BookingRequest, OdooBooking, State
from lco.domain.date_range import DAY, DateRange
from lco.mail.outbox import Outbox
from tests.postgres import migrated_postgres, postgres  # noqa: F401 - fixtures

EACH = 1 / 50
"""Seconds between two bookings."""


class Customers:
    """They book, fifty a second, until stopped; `answered` holds the tokens of committed bookings."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._book)
        self.answered: list[str] = []
        self.problems: list[Exception] = []

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + 30
        while len(self.answered) < 20 and time.monotonic() < deadline:
            time.sleep(EACH)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _book(self) -> None:
        start = clock.now().date() + timedelta(days=20)
        while not self._stopped.wait(EACH):
            number = len(self.answered)
            booking_request = BookingRequest(
                1, DateRange(start, start + DAY), "Ann", f"c{number}@example.com", "+1218555"
            )
            try:
                with self._database.connection() as connection:
                    repository = BookingRepository(connection, Outbox(self._database))
                    placing = repository.transition(
                        repository.add(booking_request, f"key {number}", "Saw"), State.PLACING, "customer"
                    )
                    made = repository.accept(placing, OdooBooking(f"BK-{number}", None, "", None), Actor.ANSWER)
                self.answered.append(made.token)
            except Exception as error:  # noqa: BLE001 - the test reports it
                self.problems.append(error)
                return


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def database(request, tmp_path: Path) -> Iterator[Database]:
    if request.param == "PostgreSQL":
        yield request.getfixturevalue("postgres")
        return
    database = Database(f"sqlite:///{tmp_path}/lco.sqlite3")
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def empty(database: Database, tmp_path: Path) -> Iterator[Database]:
    """Another database of the same kind, without any table."""
    if database.engine.dialect.name == "sqlite":
        other = Database(f"sqlite:///{tmp_path}/other.sqlite3")
        yield other
        other.close()
        return
    url = database.engine.url.set(database=f"{database.engine.url.database}_other")
    server = create_engine(database.engine.url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {url.database}"))
    other = Database(url.render_as_string(hide_password=False))
    yield other
    other.close()
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {url.database} WITH (FORCE)"))
    server.dispose()


def tokens(database: Database) -> set[str]:
    with database.session() as session:
        return set(session.scalars(select(BookingRow.token)))


def test_backup_under_fifty_bookings_a_second_has_every_answered_booking(database, empty, tmp_path: Path):
    with Customers(database) as customers:
        before = list(customers.answered)
        back_up(database, tmp_path / "copy")
        after = len(customers.answered)
    assert not customers.problems
    assert len(customers.answered) >= after
    restore(empty, tmp_path / "copy")
    restored = tokens(empty)
    assert set(before) <= restored
    with empty.session() as session:
        steps = session.scalar(select(func.count()).select_from(BookingChange))
    assert steps == 3 * len(restored), "a booking is there whole or not at all"
    assert empty.revisions()[0] == empty.revisions()[1]


def test_restore_replaces_the_existing_database(database, empty, tmp_path: Path):
    with Customers(database):
        pass
    back_up(database, tmp_path / "copy")
    kept = tokens(database)
    empty.migrate()
    with Customers(empty):
        pass
    assert tokens(empty) != kept
    counts = restore(empty, tmp_path / "copy")
    assert counts["bookings"] == len(kept)
    assert tokens(empty) == kept


def test_backup_is_private_and_overwrites_nothing(database, tmp_path: Path):
    back_up(database, tmp_path / "copy")
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600
    content = (tmp_path / "copy").read_bytes()
    with pytest.raises(BackupFailed, match="there already"):
        back_up(database, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == content
    assert [path.name for path in tmp_path.glob("*.part")] == []


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0 and no more", b"PGDMP and no more", b"\0" * 9000])
def test_an_incomplete_copy_changes_nothing(database, tmp_path: Path, content: bytes):
    with Customers(database):
        pass
    before = tokens(database)
    (tmp_path / "copy").write_bytes(content)
    with pytest.raises(BackupFailed):
        restore(database, tmp_path / "copy")
    assert tokens(database) == before


def test_copy_by_another_application_is_refused(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path}/lco.sqlite3")
    database.migrate()
    with sqlite3.connect(tmp_path / "other") as other:
        other.execute("CREATE TABLE songs (id INTEGER)")
    other.close()
    with pytest.raises(BackupFailed, match="no database of this site"):
        restore(database, tmp_path / "other")
    assert tokens(database) == set()
    database.close()


def test_damaged_copy_is_refused(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path}/lco.sqlite3")
    database.migrate()
    with Customers(database):
        pass
    back_up(database, tmp_path / "copy")
    content = bytearray((tmp_path / "copy").read_bytes())
    content[8192:40960] = b"\xff" * (40960 - 8192)
    (tmp_path / "copy").write_bytes(content)
    before = tokens(database)
    with pytest.raises(BackupFailed):
        restore(database, tmp_path / "copy")
    assert tokens(database) == before
    database.close()


def test_missing_program_of_postgresql_is_reported(postgres, tmp_path: Path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupFailed, match="pg_dump is not on this machine"):
        back_up(postgres, tmp_path / "copy")
