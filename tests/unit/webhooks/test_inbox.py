import logging
import threading
from datetime import timedelta

import pytest

from lco import clock
from lco.odoo.errors import OdooAway
from lco.store import Store
from lco.store.errors import StoreAway
from lco.store.models import Delivery
from lco.webhooks import schemas
from lco.webhooks.inbox import Inbox, NotApplied, Outcome

REMOVED = schemas.read("inventory", b'{"event_type": "vehicle.removed", "vehicle_id": 7}')
UNKNOWN = schemas.read("inventory", b'{"event_type": "vehicle.painted", "vehicle_id": 7}')
TEST = schemas.read("booking", b'{"event_type": "test"}')


def kept(store):
    with store.session() as session:
        return session.query(Delivery).all()


def test_a_delivery_is_kept_and_applied(inbox, store, catalogue):
    assert inbox.take(REMOVED, "msg_1") is Outcome.APPLIED
    (row,) = kept(store)
    assert (row.id, row.endpoint, row.event_type, row.payload) == (
        "msg_1",
        "inventory",
        REMOVED.type,
        REMOVED.text,
    )
    assert row.received_at <= row.applied_at
    assert catalogue.calls == [("removed", 7)]


def test_the_same_id_is_applied_once(inbox, catalogue):
    assert inbox.take(REMOVED, "msg_1") is Outcome.APPLIED
    assert inbox.take(REMOVED, "msg_1") is Outcome.DUPLICATE
    assert inbox.take(REMOVED, "msg_2") is Outcome.APPLIED
    assert len(catalogue.calls) == 2


def test_the_same_id_is_applied_once_even_after_a_restart(inbox, store, catalogue, bookings):
    inbox.take(REMOVED, "msg_1")
    assert Inbox(store, catalogue, bookings).take(REMOVED, "msg_1") is Outcome.DUPLICATE
    assert len(catalogue.calls) == 1


def test_a_delivery_without_an_id_is_applied_each_time(inbox, store, catalogue):
    assert [inbox.take(REMOVED, None) for _ in range(3)] == [Outcome.APPLIED] * 3
    assert len(catalogue.calls) == 3
    assert len(kept(store)) == 3


def test_an_unknown_event_is_kept_and_tells_nobody(inbox, store, catalogue, bookings):
    assert inbox.take(UNKNOWN, "msg_1") is Outcome.UNKNOWN
    assert inbox.take(UNKNOWN, "msg_1") is Outcome.DUPLICATE
    assert [row.event_type for row in kept(store)] == ["vehicle.painted"]
    assert catalogue.calls == bookings.calls == []


def test_a_test_changes_nothing_at_all(inbox, store, catalogue, bookings):
    assert inbox.take(TEST, "msg_1") is Outcome.TEST
    assert kept(store) == []
    assert catalogue.calls == bookings.calls == []


@pytest.mark.parametrize("failure", [OdooAway(), RuntimeError("a mistake of ours")])
def test_what_could_not_be_applied_is_refused_for_now_and_applied_when_it_comes_again(
    inbox, store, catalogue, failure, caplog
):
    catalogue.fails = failure
    with caplog.at_level(logging.CRITICAL), pytest.raises(NotApplied) as refused:
        inbox.take(REMOVED, "msg_1")
    assert refused.value.status == 503
    assert refused.value.retry_after
    assert kept(store)[0].applied_at is None
    catalogue.fails = None
    assert inbox.take(REMOVED, "msg_1") is Outcome.APPLIED
    assert catalogue.calls == [("removed", 7)]


def test_of_the_same_delivery_at_the_same_moment_one_is_applied(inbox, catalogue):
    outcomes = []
    together = threading.Barrier(8)

    def take():
        together.wait(5)
        outcomes.append(inbox.take(REMOVED, "msg_1"))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(outcomes) == [Outcome.APPLIED] + [Outcome.DUPLICATE] * 7
    assert len(catalogue.calls) == 1


def test_different_deliveries_do_not_wait_for_each_other(inbox, catalogue):
    inside, may_end = threading.Event(), threading.Event()

    def wait(*call):
        inside.set()
        assert may_end.wait(5)

    catalogue.note = wait
    first = threading.Thread(target=inbox.take, args=(REMOVED, "msg_1"))
    first.start()
    assert inside.wait(5)
    assert inbox.take(UNKNOWN, "msg_2") is Outcome.UNKNOWN
    may_end.set()
    first.join(5)


def test_without_a_database_a_delivery_is_refused_for_now(tmp_path, catalogue, bookings, caplog):
    with caplog.at_level(logging.CRITICAL), pytest.raises(StoreAway) as refused:
        Inbox(Store(f"sqlite:///{tmp_path}/never_migrated.sqlite3"), catalogue, bookings).take(REMOVED, "msg_1")
    assert refused.value.status == 503
    assert catalogue.calls == []


def test_old_deliveries_are_forgotten(inbox, store):
    with clock.moved(-timedelta(days=31)):
        inbox.take(REMOVED, "old")
    inbox.take(REMOVED, "new")
    inbox.forget_old()
    assert [row.id for row in kept(store)] == ["new"]


@pytest.fixture
def store(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/lco.sqlite3")
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def inbox(store, catalogue, bookings):
    return Inbox(store, catalogue, bookings)
