import logging
import threading
from datetime import timedelta

import pytest

from lco import clock
from lco.db import Database
from lco.db.errors import DatabaseUnavailable
from lco.db.models import Delivery
from lco.errors import NotFound, OdooUnavailable
from lco.webhooks import schemas
from lco.webhooks.inbox import MAX_AGE, MOST_TRIES, Inbox, Outcome

REMOVED = schemas.parse_event("inventory", b'{"event_type": "vehicle.removed", "vehicle_id": 7}')
ADDED = schemas.parse_event("inventory", b'{"event_type": "vehicle.added", "vehicle_id": 7}')
OTHER = schemas.parse_event("inventory", b'{"event_type": "vehicle.removed", "vehicle_id": 8}')
UNKNOWN = schemas.parse_event("inventory", b'{"event_type": "vehicle.painted", "vehicle_id": 7}')
PRICE = schemas.parse_event(
    "inventory", b'{"event_type": "price.updated", "vehicle_id": 7, "rental_price_daily": 5, "currency": "USD"}'
)
OTHER_PRICE = schemas.parse_event(
    "inventory", b'{"event_type": "price.updated", "vehicle_id": 7, "rental_price_daily": 6, "currency": "USD"}'
)
TEST = schemas.parse_event("booking", b'{"event_type": "test"}')


def modified(amount):
    body = f'{{"event_type": "booking.modified", "booking_ref": "BK-1", "changes": {{"total_amount": {amount}}}}}'
    return schemas.parse_event("booking", body.encode())


def kept(db):
    with db.session() as session:
        return session.query(Delivery).all()


def test_a_delivery_is_kept_and_applied(inbox, db, catalogue):
    assert inbox.receive(REMOVED, "msg_1") is Outcome.APPLIED
    (row,) = kept(db)
    assert (row.id, row.endpoint, row.event_type, row.payload) == (
        "msg_1",
        "inventory",
        REMOVED.type,
        REMOVED.text,
    )
    assert row.received_at <= row.applied_at
    assert catalogue.calls == [("removed", 7)]


def test_the_same_id_is_applied_once(inbox, catalogue):
    assert inbox.receive(REMOVED, "msg_1") is Outcome.APPLIED
    assert inbox.receive(REMOVED, "msg_1") is Outcome.DUPLICATE
    assert inbox.receive(REMOVED, "msg_2") is Outcome.APPLIED
    assert len(catalogue.calls) == 2


def test_the_same_id_is_applied_once_even_after_a_restart(inbox, db, catalogue, bookings):
    inbox.receive(REMOVED, "msg_1")
    assert Inbox(db, catalogue, bookings).receive(REMOVED, "msg_1") is Outcome.DUPLICATE
    assert len(catalogue.calls) == 1


@pytest.mark.parametrize("later", [timedelta(), timedelta(minutes=6), timedelta(days=29)])
def test_a_repeated_body_without_an_id_makes_odoo_be_read_and_applies_nothing(inbox, db, catalogue, later):
    events = [PRICE, OTHER_PRICE, PRICE]
    assert inbox.receive(events[0], None) is Outcome.APPLIED
    assert inbox.receive(events[1], None) is Outcome.APPLIED
    with clock.moved(later):
        assert inbox.receive(events[2], None) is Outcome.DUPLICATE
    assert [call[0] for call in catalogue.calls] == ["price_changed", "price_changed", "updated"]
    assert len(kept(db)) == 2


def test_a_body_that_came_with_an_id_is_known_without_it(inbox, catalogue):
    inbox.receive(PRICE, "msg_1")
    assert inbox.receive(PRICE, None) is Outcome.DUPLICATE
    assert [call[0] for call in catalogue.calls] == ["price_changed", "updated"]


def test_a_repeated_booking_event_without_an_id_is_not_applied_again(inbox, bookings):
    events = [modified(1), modified(2), modified(1)]
    outcomes = [inbox.receive(event, None) for event in events]
    assert outcomes == [Outcome.APPLIED, Outcome.APPLIED, Outcome.DUPLICATE]
    assert len(bookings.calls) == 2


def test_a_booking_event_waits_for_an_earlier_one_that_fails(inbox, bookings, quiet):
    bookings.fails = RuntimeError("the database hiccups")
    assert inbox.receive(modified(1), "msg_1") is Outcome.KEPT
    bookings.fails = None
    with clock.moved(timedelta(seconds=1)):
        assert inbox.receive(modified(2), "msg_2") is Outcome.APPLIED
    assert [event.amount for _, event in bookings.calls] == [1, 2], "the earlier one first"


def test_booking_events_keep_their_order_while_the_earlier_one_goes_on_failing(inbox, db, bookings, quiet):
    applied = []

    def on_changed(event):
        if event.amount == 1 and len(applied) < 1 and not bookings.is_well:
            raise RuntimeError("the database hiccups")
        applied.append(event.amount)

    bookings.is_well = False
    bookings.on_changed = on_changed
    assert inbox.receive(modified(1), "msg_1") is Outcome.KEPT
    assert inbox.receive(modified(2), "msg_2") is Outcome.KEPT
    assert inbox.receive(modified(3), "msg_3") is Outcome.KEPT
    bookings.is_well = True
    for seconds in (2, 8, 20):
        with clock.moved(timedelta(seconds=seconds)):
            inbox.retry_due()
    assert applied == [1, 2, 3]
    assert [row.result for row in kept(db)] == ["applied"] * 3


def test_an_unknown_event_is_kept_and_not_published(inbox, db, catalogue, bookings):
    assert inbox.receive(UNKNOWN, "msg_1") is Outcome.UNKNOWN
    assert inbox.receive(UNKNOWN, "msg_1") is Outcome.DUPLICATE
    assert [row.event_type for row in kept(db)] == ["vehicle.painted"]
    assert catalogue.calls == bookings.calls == []


def test_a_test_changes_nothing_at_all(inbox, db, catalogue, bookings):
    assert inbox.receive(TEST, "msg_1") is Outcome.TEST
    assert kept(db) == []
    assert catalogue.calls == bookings.calls == []


@pytest.mark.parametrize("failure", [OdooUnavailable(), RuntimeError("a mistake of ours")])
def test_a_delivery_that_fails_is_kept_and_tried_again(inbox, db, catalogue, failure, quiet):
    catalogue.fails = failure
    assert inbox.receive(REMOVED, "msg_1") is Outcome.KEPT
    (row,) = kept(db)
    assert (row.applied_at, row.tries, row.result) == (None, 1, f"failed: {type(failure).__name__}")
    assert inbox.overview().waiting == 1
    inbox.retry_due()
    assert kept(db)[0].tries == 1, "not at once"
    catalogue.fails = None
    with clock.moved(timedelta(seconds=6)):
        inbox.retry_due()
    (row,) = kept(db)
    assert (row.result, row.tries, row.due_at) == ("applied", 2, None)
    assert catalogue.calls == [("removed", 7)]


def test_a_failed_delivery_is_applied_at_once_when_it_comes_again(inbox, catalogue, quiet):
    catalogue.fails = OdooUnavailable()
    assert inbox.receive(REMOVED, "msg_1") is Outcome.KEPT
    catalogue.fails = None
    assert inbox.receive(REMOVED, "msg_1") is Outcome.APPLIED
    assert catalogue.calls == [("removed", 7)]


def test_a_delivery_that_always_fails_can_be_replayed_by_hand(inbox, db, catalogue, quiet):
    catalogue.fails = RuntimeError("a mistake of ours")
    inbox.receive(REMOVED, "msg_1")
    for minutes in range(120):
        with clock.moved(timedelta(minutes=minutes)):
            inbox.retry_due()
    assert kept(db)[0].tries == MOST_TRIES
    assert (inbox.overview().waiting, inbox.overview().failed) == (0, 1)
    assert [row.id for row in inbox.newest(10, unapplied=True)] == ["msg_1"]
    catalogue.fails = None
    inbox.replay("msg_1")
    inbox.retry_due()
    assert catalogue.calls == [("removed", 7)]
    assert inbox.overview().failed == 0
    assert inbox.newest(10, unapplied=True) == []
    assert len(inbox.newest(10)) == 1


def test_an_applied_delivery_may_be_replayed_too(inbox, catalogue):
    inbox.receive(REMOVED, "msg_1")
    inbox.replay("msg_1")
    inbox.retry_due()
    inbox.retry_due()
    assert len(catalogue.calls) == 2


def test_an_unknown_delivery_cannot_be_replayed(inbox):
    with pytest.raises(NotFound, match="msg_9"):
        inbox.replay("msg_9")


def test_a_delivery_of_a_killed_process_is_applied_by_another(inbox, db, catalogue, bookings):
    catalogue.fails = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        inbox.receive(REMOVED, "msg_1")
    catalogue.fails = None
    another = Inbox(db, catalogue, bookings)
    another.retry_due()
    assert catalogue.calls == [], "the first one may still be at it"
    with clock.moved(timedelta(minutes=1)):
        another.retry_due()
        another.retry_due()
    assert catalogue.calls == [("removed", 7)]


def test_two_processes_never_try_the_same_delivery_again_at_once(inbox, db, catalogue, bookings, quiet):
    catalogue.fails = OdooUnavailable()
    inbox.receive(REMOVED, "msg_1")
    catalogue.fails = None
    another, note = Inbox(db, catalogue, bookings), catalogue.note
    catalogue.note = lambda *call: (note(*call), another.retry_due())
    with clock.moved(timedelta(seconds=6)):
        inbox.retry_due()
    assert catalogue.calls == [("removed", 7)]


def test_the_overview_reports_the_time_of_the_last_webhook(inbox):
    assert inbox.overview().last_received is None
    before = clock.now()
    inbox.receive(REMOVED, "msg_1")
    assert before <= inbox.overview().last_received <= clock.now()


def test_of_the_same_delivery_at_the_same_moment_one_is_applied(inbox, catalogue):
    outcomes = []
    shared = threading.Barrier(8)

    def take():
        shared.wait(5)
        outcomes.append(inbox.receive(REMOVED, "msg_1"))

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
    first = threading.Thread(target=inbox.receive, args=(REMOVED, "msg_1"))
    first.start()
    assert inside.wait(5)
    assert inbox.receive(UNKNOWN, "msg_2") is Outcome.UNKNOWN
    may_end.set()
    first.join(5)


def test_without_a_database_a_delivery_is_refused_for_now(tmp_path, catalogue, bookings, caplog):
    with caplog.at_level(logging.CRITICAL), pytest.raises(DatabaseUnavailable) as refused:
        Inbox(Database(f"sqlite:///{tmp_path}/never_migrated.sqlite3"), catalogue, bookings).receive(
            REMOVED, "msg_1"
        )
    assert refused.value.status == 503
    assert catalogue.calls == []


def test_old_deliveries_are_forgotten(inbox, db):
    with clock.moved(-MAX_AGE - timedelta(days=1)):
        inbox.receive(REMOVED, "old")
    inbox.receive(REMOVED, "new")
    inbox.purge_old()
    assert [row.id for row in kept(db)] == ["new"]


@pytest.fixture
def quiet(caplog):
    """Failures that are meant are not printed."""
    caplog.set_level(logging.CRITICAL)


@pytest.fixture
def db(tmp_path):
    db = Database(f"sqlite:///{tmp_path}/lco.sqlite3")
    db.migrate()
    yield db
    db.close()


@pytest.fixture
def inbox(db, catalogue, bookings):
    return Inbox(db, catalogue, bookings)
