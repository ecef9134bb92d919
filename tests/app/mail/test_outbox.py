"""The outbox: written with the step, leased to one worker, and final at the end."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from lco import clock
from lco.db.mails import Mail
from lco.db.models import BookingChange
from lco.failures import backoff
from lco.mail.outbox import ATTEMPTS, FIRST_PAUSE, LEASE, LONGEST_PAUSE, Counts, Outbox
from lco.mail.serialization import dumps, loads
from tests.app.mail.fakes import BOOKINGS, mail_of, stored, write

A_MOMENT = timedelta(seconds=1)
LONG = 10.0


@pytest.fixture
def ada(db):
    return stored(db, "ada")


@pytest.fixture
def grace(db):
    return stored(db, "grace")


# Writing


@pytest.mark.parametrize("booking", BOOKINGS.values())
def test_a_snapshot_keeps_all_of_a_booking(booking):
    assert loads(dumps(booking)) == booking


def test_a_mail_is_written_with_a_snapshot_of_its_booking(db, outbox, ada):
    write(db, outbox, "booked", ada)
    mail = outbox.claim()
    assert (mail.message, mail.booking_id, mail.changes) == ("booked", ada.id, 0)
    assert loads(mail.snapshot) == ada


def test_a_step_that_is_undone_leaves_no_mail(db, outbox, ada):
    with pytest.raises(RuntimeError, match="undone"):
        write_and_undo(db, outbox, ada)
    assert outbox.counts() == Counts(0, 0)


def write_and_undo(db, outbox, booking) -> None:
    with db.connection() as connection:
        outbox.write(connection, "booked", booking)
        raise RuntimeError("undone")


def test_the_same_mail_is_written_once(db, outbox, ada):
    write(db, outbox, "changed", ada)
    write(db, outbox, "changed", ada)
    assert outbox.counts().waiting == 1
    write(db, outbox, "changed", replace(ada, changes=1))
    write(db, outbox, "cancelled", ada)
    assert outbox.counts().waiting == 3


def test_a_sent_mail_is_not_written_again(db, outbox, ada):
    write(db, outbox, "booked", ada)
    outbox.sent(outbox.claim())
    write(db, outbox, "booked", ada)
    assert outbox.claim() is None


def test_a_commit_ends_the_waiting_and_an_undone_step_does_not(db, outbox, ada):
    began = clock.seconds()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(outbox.wait, LONG)
        write(db, outbox, "booked", ada)
        waiting.result(LONG)
    assert clock.seconds() - began < LONG
    with pytest.raises(RuntimeError, match="undone"):
        write_and_undo(db, outbox, ada)
    began = clock.seconds()
    outbox.wait(0.05)
    assert clock.seconds() - began >= 0.05


# Leases


def test_a_leased_mail_is_not_leased_again(db, outbox, ada, advance_clock):
    write(db, outbox, "booked", ada)
    first = outbox.claim()
    assert Outbox(db).claim() is None
    advance_clock(LEASE - A_MOMENT)
    assert Outbox(db).claim() is None
    advance_clock(2 * A_MOMENT)
    second = Outbox(db).claim()
    assert (second.id, second.attempts) == (first.id, first.attempts + 1)


def test_many_workers_get_each_mail_once(db, outbox):
    for number in range(12):
        write(db, outbox, "booked", stored(db, f"booking {number}", f"c{number}@example.com"))
    start = threading.Barrier(6)

    def work(_: int) -> list[int]:
        start.wait(LONG)
        return [mail.id for mail in iter(Outbox(db).claim, None)]

    with ThreadPoolExecutor(6) as threads:
        claimed = [mail_id for ids in threads.map(work, range(6)) for mail_id in ids]
    assert len(claimed) == len(set(claimed)) == 12


def test_the_mails_of_one_booking_come_in_order_and_others_go_on(db, outbox, ada, grace):
    for message in ("booked", "confirmed"):
        write(db, outbox, message, ada)
    write(db, outbox, "booked", grace)
    first, second = outbox.claim(), outbox.claim()
    assert [(m.booking_id, m.message) for m in (first, second)] == [(ada.id, "booked"), (grace.id, "booked")]
    assert outbox.claim() is None
    outbox.sent(first)
    assert outbox.claim().message == "confirmed"


def test_a_failed_mail_keeps_none_back(db, outbox, ada):
    for message in ("booked", "confirmed"):
        write(db, outbox, message, ada)
    outbox.give_up(outbox.claim(), "no")
    assert outbox.claim().message == "confirmed"


# Ends


def test_a_sent_mail_is_final_and_keeps_no_personal_data(db, outbox, ada):
    write(db, outbox, "booked", ada)
    mail = outbox.claim()
    outbox.sent(mail)
    row = mail_of(db, mail.id)
    assert (row.state, row.snapshot) == ("sent", "")
    assert row.settled_at
    assert outbox.counts() == Counts(0, 0)
    assert not outbox.retry(mail.id)


def test_a_mail_sent_after_its_lease_is_sent(db, outbox, ada, advance_clock):
    write(db, outbox, "booked", ada)
    slow = outbox.claim()
    advance_clock(LEASE + A_MOMENT)
    outbox.claim()
    outbox.sent(slow)
    assert mail_of(db, slow.id).state == "sent"


def test_a_failure_after_the_lease_does_not_meddle_with_the_next_attempt(db, outbox, ada, advance_clock):
    write(db, outbox, "booked", ada)
    slow = outbox.claim()
    advance_clock(LEASE + A_MOMENT)
    now_mine = outbox.claim()
    outbox.give_up(slow, "too late to know")
    outbox.postpone(slow, "too late to know")
    row = mail_of(db, slow.id)
    assert (row.state, row.problem, row.due_at) == ("waiting", "", now_mine.due_at)


def test_a_postponed_mail_comes_back_after_its_pause(db, outbox, ada, advance_clock):
    write(db, outbox, "booked", ada)
    assert outbox.postpone(outbox.claim(), "away")
    advance_clock(timedelta(seconds=29))
    assert outbox.claim() is None
    advance_clock(timedelta(seconds=2))
    again = outbox.claim()
    assert (again.attempts, again.problem) == (2, "away")


def test_pauses_double_from_half_a_minute_to_half_an_hour_and_end_after_a_day():
    pauses = [backoff(attempts, FIRST_PAUSE, LONGEST_PAUSE) for attempts in range(1, ATTEMPTS)]
    assert [pause.total_seconds() for pause in pauses[:8]] == [30, 60, 120, 240, 480, 960, 1800, 1800]
    assert timedelta(hours=24) <= sum(pauses, timedelta()) < timedelta(hours=24.5)


def test_the_last_attempt_leaves_the_mail_failed_and_visible(db, outbox, ada, advance_clock):
    write(db, outbox, "booked", ada)
    with db.session() as session:
        session.execute(update(Mail).values(attempts=ATTEMPTS - 2))
    assert outbox.postpone(outbox.claim(), "away"), "there is one more"
    advance_clock(backoff(ATTEMPTS - 1, FIRST_PAUSE, LONGEST_PAUSE) + A_MOMENT)
    assert not outbox.postpone(outbox.claim(), "still away")
    assert outbox.counts() == Counts(0, 1)
    (failed,) = outbox.failed(10)
    assert (failed.message, failed.problem, failed.attempts) == ("booked", "still away", ATTEMPTS)
    assert failed.settled_at


def test_an_operator_can_have_a_failed_mail_sent_again(db, outbox, ada):
    write(db, outbox, "booked", ada)
    mail = outbox.claim()
    assert not outbox.retry(mail.id), "it has not failed"
    outbox.give_up(mail, "x" * 500)
    assert outbox.claim() is None
    assert outbox.retry(mail.id)
    again = outbox.claim()
    assert (again.id, again.attempts) == (mail.id, 1)
    assert loads(again.snapshot) == ada
    assert not outbox.retry(999)


def test_operators_see_the_oldest_first(db, outbox, ada, grace):
    for booking in (grace, ada):
        write(db, outbox, "booked", booking)
    assert [mail.booking_id for mail in outbox.waiting(10)] == [grace.id, ada.id]
    assert len(outbox.waiting(1)) == 1
    assert outbox.failed(10) == []


# Strangers


def test_fourth_mail_in_a_day_to_an_address_without_a_confirmed_booking_is_withheld(db, outbox, advance_clock):
    bookings = [stored(db, f"booking {number}", "ann@example.com") for number in range(5)]
    shouted = replace(bookings[3], request=replace(bookings[3].request, email="ANN@example.com"))
    for booking in (*bookings[:3], shouted):
        write(db, outbox, "booked", booking)
    write(db, outbox, "booked", stored(db, "another", "bob@example.com"))
    assert outbox.counts() == (4, 1)
    (withheld,) = outbox.failed(10)
    assert withheld.booking_id == bookings[3].id
    assert "3 mails a day" in withheld.problem
    assert outbox.retry(withheld.id), "people may send it all the same"
    advance_clock(timedelta(hours=24, seconds=1))
    write(db, outbox, "booked", bookings[4])
    assert outbox.counts().failed == 0


def test_address_with_a_confirmed_booking_gets_every_mail(db, outbox):
    bookings = [stored(db, f"kept {number}", "ann@example.com") for number in range(8)]
    with db.session() as session:
        step = {
            "at": clock.now(),
            "actor": "webhook",
            "from_state": "booked",
            "to_state": "confirmed",
            "reason": "",
        }
        session.execute(insert(BookingChange).values(step | {"booking_id": bookings[0].id}))
    for booking in bookings:
        write(db, outbox, "booked", booking)
    assert outbox.counts() == (8, 0)
