"""The store: transactions that keep all or nothing, on SQLite as it has to be set up and on PostgreSQL."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from lco.db import Database
from lco.db.errors import DatabaseUnavailable
from lco.db.models import Delivery, EarlyNews
from lco.settings import SettingsError

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def delivery(name: str, **values) -> Delivery:
    told = {"endpoint": "booking", "event_type": "test", "subject": "booking:BK-1", "digest": "", "payload": "{}"}
    return Delivery(**{"id": name, **told, "received_at": NOON, "result": "", "tries": 0, **values})


def kept(store) -> list[str]:
    with store.session() as session:
        return list(session.scalars(select(Delivery.id).order_by(Delivery.id)))


def test_what_a_block_adds_is_kept_when_it_ends(store):
    with store.session() as session:
        session.add(delivery("a"))
    assert kept(store) == ["a"]


def test_nothing_of_a_block_that_raises_is_kept(store):
    def add_and_fail() -> None:
        with store.session() as session:
            session.add(delivery("a"))
            session.flush()
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        add_and_fail()
    assert kept(store) == []


def test_what_was_read_can_be_used_after_the_block(store):
    with store.session() as session:
        session.add(delivery("a"))
        row = session.get(Delivery, "a")
    assert row.received_at == NOON


def test_a_doubled_key_is_told_as_such(store):
    with store.session() as session:
        session.add(delivery("a"))
    with pytest.raises(IntegrityError), store.session() as session:
        session.add(delivery("a", payload="a secret"))


def test_instants_keep_their_zone(store):
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-6)))
    with store.session() as session:
        session.add(delivery("a", received_at=elsewhere))
    with store.session() as session:
        row = session.get(Delivery, "a")
        assert row.received_at == NOON
        assert row.received_at.utcoffset() == timedelta(0)
        assert row.applied_at is None
        assert session.scalars(select(Delivery.id).where(Delivery.received_at < NOON)).all() == []


def test_an_instant_without_a_zone_is_refused(store):
    with pytest.raises(DatabaseUnavailable), store.session() as session:
        session.add(delivery("a", received_at=datetime(2026, 12, 1)))  # noqa: DTZ001 - this is the point


@pytest.mark.parametrize("amount", ["0.10", "1234567890.12", "640.00", "1E+3", "0.1234567890123456789"])
def test_money_is_exact_to_the_digit(store, amount):
    with store.session() as session:
        session.add(EarlyNews(reference="BK", received_at=NOON, reason="", total_amount=Decimal(amount)))
    with store.session() as session:
        assert str(session.scalars(select(EarlyNews)).one().total_amount) == str(Decimal(amount))


def test_many_threads_read_and_write_without_losing_anything(store):
    def add_one(name: str) -> None:
        with store.session() as session:
            count = len(session.scalars(select(Delivery.id)).all())
            session.add(delivery(name, payload=str(count)))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add_one, [f"{n:02}" for n in range(40)]))
    with store.session() as session:
        counts = sorted(int(row.payload) for row in session.scalars(select(Delivery)))
    assert counts == list(range(40)), "every transaction saw all that came before it"


def test_sqlite_is_set_up_for_a_server(store):
    with store.session() as session:
        asked = {name: session.execute(text(f"PRAGMA {name}")).scalar() for name in PRAGMAS}
    assert asked == PRAGMAS


PRAGMAS = {"journal_mode": "wal", "synchronous": 1, "busy_timeout": 5000, "foreign_keys": 1}


def test_the_folder_of_the_database_is_made(tmp_path):
    store = Database(f"sqlite:///{tmp_path}/some/where/lco.sqlite3")
    store.migrate()
    store.ping()
    store.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_that_every_thread_would_have_for_itself_is_refused(url):
    with pytest.raises(SettingsError, match="file"):
        Database(url)


def test_a_store_that_is_not_migrated_says_so_without_quoting_people(tmp_path, caplog):
    store = Database(f"sqlite:///{tmp_path}/lco.sqlite3")
    with pytest.raises(DatabaseUnavailable), caplog.at_level(logging.ERROR), store.session() as session:
        session.add(delivery("a", payload="ada@example.com"))
    store.close()
    assert "no such table" in caplog.text
    assert "ada@example.com" not in caplog.text


def test_a_database_that_cannot_be_reached_is_away():
    store = Database("postgresql+psycopg://nobody@127.0.0.1:9/nothing")
    with pytest.raises(DatabaseUnavailable):
        store.ping()
