"""The outbox on PostgreSQL, where transactions run side by side."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from lco import clock
from lco.mail.outbox import LEASE, Counts, Outbox
from lco.mail.serialization import loads
from tests.app.mail.fakes import mail_of, stored, write
from tests.postgres import migrated_postgres, postgres  # noqa: F401 - fixtures
from tests.serving import PATIENCE


@pytest.fixture
def db(postgres):  # noqa: F811 - the fixture
    return postgres


@pytest.fixture
def outbox(db):
    return Outbox(db)


def test_a_mail_goes_from_waiting_over_failed_to_sent(db, outbox):
    booking = stored(db, "ada")
    write(db, outbox, "booked", booking)
    first = outbox.claim()
    assert loads(first.snapshot) == booking
    assert outbox.claim() is None
    assert outbox.postpone(first, "away")
    with clock.moved(timedelta(seconds=31)):
        second = outbox.claim()
        outbox.give_up(second, "no such mailbox")
        assert outbox.counts() == Counts(0, 1)
        assert outbox.retry(second.id)
        third = outbox.claim()
        outbox.sent(third)
    assert (first.attempts, second.attempts, third.attempts) == (1, 2, 1)
    assert mail_of(db, third.id).state == "sent"


def test_the_same_mail_is_written_once_even_by_two_at_a_time(db, outbox):
    booking = stored(db, "ada")
    both = threading.Barrier(2)

    def write_again(_: int) -> None:
        with db.connection() as connection:
            both.wait(PATIENCE)
            outbox.write(connection, "changed", booking)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write_again, range(2)))
    assert outbox.counts() == Counts(1, 0)


def test_many_workers_get_each_mail_once_and_in_order(db, outbox):
    for number in range(12):
        booking = stored(db, f"booking {number}", f"c{number}@example.com")
        write(db, outbox, "booked", booking)
        write(db, outbox, "cancelled", replace(booking, changes=1))
    start = threading.Barrier(6)
    handled = []

    def work(_: int) -> None:
        start.wait(PATIENCE)
        own = Outbox(db)
        while mail := own.claim():
            handled.append(mail)
            own.sent(mail)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, range(6)))
    while mail := outbox.claim():  # what was kept back for another worker's mail while the others ended
        handled.append(mail)
        outbox.sent(mail)
    assert len({mail.id for mail in handled}) == len(handled) == 24
    for booking_id in {mail.booking_id for mail in handled}:
        assert [m.message for m in handled if m.booking_id == booking_id] == ["booked", "cancelled"]


def test_a_lease_that_ends_gives_the_mail_to_another_worker(db, outbox):
    write(db, outbox, "booked", stored(db, "ada"))
    slow = outbox.claim()
    with clock.moved(LEASE + timedelta(seconds=1)):
        assert Outbox(db).claim().id == slow.id
        outbox.give_up(slow, "too late to know")
    assert mail_of(db, slow.id).state == "waiting"
