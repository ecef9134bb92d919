"""The worker: its attempts for each mail, their order, and its log messages."""

import logging
import threading
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import update

from lco.db import Database
from lco.db.errors import DatabaseUnavailable
from lco.db.mails import Mail
from lco.mail.errors import MailPostponed, MailRefused, MailServerUnavailable
from lco.mail.outbox import LEASE, Counts, Outbox
from lco.mail.sender import FileSender
from lco.mail.worker import Worker
from tests.app.mail.fakes import mail_of, stored, write
from tests.serving import wait_until

SOON = 3.0
"""Less than the five seconds after which a worker looks by itself."""


class Post:
    """A sender that records its mails; `answers` are raised instead, one for each attempt."""

    def __init__(self) -> None:
        self.answers: list[Exception] = []
        self.given = []
        self.taken = []
        self.introduced = 0

    def log_destination(self) -> None:
        self.introduced += 1

    def send(self, message) -> None:
        self.given.append(message)
        if self.answers:
            raise self.answers.pop(0)
        self.taken.append(message)


@pytest.fixture
def post():
    return Post()


@pytest.fixture
def worker(outbox, messages, post):
    worker = Worker(outbox, messages.compose, post)
    yield worker
    worker.stop()
    worker.join()


@pytest.fixture
def write_some(db, outbox):
    def write_some(count: int) -> None:
        for number in range(count):
            write(db, outbox, "booked", stored(db, f"booking {number}", f"c{number}@example.com"))

    return write_some


def counted(what: str) -> float:
    return REGISTRY.get_sample_value("lco_background_failures_total", {"what": what}) or 0.0


def mails(outcome: str) -> float:
    return REGISTRY.get_sample_value("lco_mails_total", {"outcome": outcome}) or 0.0


def test_all_that_is_due_is_sent_once(worker, outbox, post, write_some):
    write_some(3)
    worker.send_due()
    worker.send_due()
    assert len({message["Message-ID"] for message in post.taken}) == len(post.taken) == 3
    assert outbox.counts() == Counts(0, 0)


def test_mail_that_was_sent_while_the_database_was_away_does_not_go_twice(
    worker, outbox, post, write_some, advance_clock, monkeypatch
):
    write_some(2)
    with monkeypatch.context() as database:
        database.setattr(outbox, "sent", lambda mail: _away())
        with pytest.raises(DatabaseUnavailable):
            worker.send_due()
        with pytest.raises(DatabaseUnavailable):
            worker.send_due()
    assert len(post.taken) == 1, "nothing more is sent before the first is written down"
    advance_clock(LEASE + timedelta(seconds=1))
    worker.send_due()
    assert len({message["Message-ID"] for message in post.taken}) == len(post.taken) == 2
    assert outbox.counts() == Counts(0, 0)


def _away() -> None:
    raise DatabaseUnavailable


def test_without_a_server_mails_lie_in_a_folder(outbox, messages, write_some, tmp_path):
    write_some(1)
    Worker(outbox, messages.compose, FileSender(tmp_path / "mail", is_meant=True)).send_due()
    (file,) = (tmp_path / "mail").iterdir()
    assert file.name.startswith("booked.")
    assert b"Your dates are on hold." in file.read_bytes()
    assert outbox.counts() == Counts(0, 0)


def test_a_refused_mail_fails_at_once_and_the_next_one_goes(worker, outbox, post, write_some):
    before = mails("failed")
    write_some(2)
    post.answers = [MailRefused("the mail server did not take the recipient (550 5.1.1)")]
    worker.send_due()
    assert (len(post.given), len(post.taken)) == (2, 1)
    (failed,) = outbox.failed(10)
    assert (failed.attempts, failed.problem) == (1, "the mail server did not take the recipient (550 5.1.1)")
    assert mails("failed") == before + 1


def test_a_postponed_mail_is_tried_again_under_the_same_message_id(
    worker, outbox, post, write_some, advance_clock
):
    before = mails("postponed")
    write_some(2)
    post.answers = [MailPostponed("greylisted")]
    worker.send_due()
    assert (len(post.given), len(post.taken)) == (2, 1), "the other one goes at once"
    assert outbox.counts() == Counts(1, 0)
    assert mails("postponed") == before + 1
    advance_clock(timedelta(seconds=31))
    worker.send_due()
    assert post.given[2]["Message-ID"] == post.given[0]["Message-ID"]
    assert outbox.counts() == Counts(0, 0)


def test_while_the_server_is_away_one_attempt_is_enough(worker, outbox, post, write_some):
    write_some(3)
    post.answers = [MailServerUnavailable()]
    worker.send_due()
    assert len(post.given) == 1
    assert outbox.counts() == Counts(3, 0)


@pytest.mark.parametrize(
    "broken", ["{}", "ada@lovelace.test.com", '{"state": "x", "total": null, "refusal": null}']
)
def test_a_mail_that_cannot_be_made_is_kept_and_the_others_go(
    db, worker, outbox, post, write_some, caplog, broken
):
    write_some(2)
    first = outbox.waiting(1)[0]
    with db.session() as session:
        session.execute(update(Mail).where(Mail.id == first.id).values(snapshot=broken))
    worker.send_due()
    assert len(post.taken) == 1
    row = mail_of(db, first.id)
    assert row.state == "waiting"
    assert row.problem.startswith("an error of ours (")
    assert "lovelace" not in caplog.text


def test_an_unwritable_address_fails_at_once(db, worker, outbox, write_some):
    write_some(1)
    mail = outbox.waiting(1)[0]
    with db.session() as session:
        poisoned = mail.snapshot.replace("c0@example.com", "a@b.com\\nBcc: c@d.com")
        session.execute(update(Mail).values(snapshot=poisoned))
    worker.send_due()
    assert outbox.counts() == Counts(0, 1)


def test_logs_name_neither_people_nor_addresses(worker, post, write_some, caplog):
    write_some(4)
    post.answers = [MailRefused(), MailPostponed(), RuntimeError("ada@lovelace.test.com")]
    with caplog.at_level(logging.DEBUG):
        worker.send_due()
    assert len(post.taken) == 1
    assert "RuntimeError" in caplog.text
    assert "lovelace" not in caplog.text.lower()


def test_a_commit_wakes_the_worker_at_once(worker, post, write_some):
    worker.start()
    write_some(1)
    wait_until(lambda: post.taken, "the mail", SOON)


def test_beginning_twice_is_beginning_once(worker, post):
    worker.start()
    worker.start()
    assert post.introduced == 1
    assert sum(thread.name == "mail" for thread in threading.enumerate()) == 1


def test_a_stopped_worker_ends_and_does_not_begin_again(worker, post, write_some):
    worker.start()
    worker.stop()
    worker.join(SOON)
    assert not any(thread.name == "mail" for thread in threading.enumerate())
    worker.start()
    write_some(1)
    worker.send_due()
    assert post.given == []


def test_two_workers_send_each_mail_once(db, messages, post, write_some):
    workers = [Worker(Outbox(db), messages.compose, post) for _ in range(2)]
    write_some(8)
    for worker in workers:
        worker.start()
    wait_until(lambda: len(post.taken) >= 8, "all mails", SOON)
    for worker in workers:
        worker.stop()
        worker.join(SOON)
    assert len(post.given) == 8


def test_a_database_that_fails_does_not_end_the_worker(tmp_path, messages, post):
    db = Database(f"sqlite:///{tmp_path}/lco.sqlite3")
    outbox = Outbox(db)
    worker = Worker(outbox, messages.compose, post)
    before = counted("mail worker")
    worker.start()
    wait_until(lambda: counted("mail worker") > before, "the failure", SOON)
    db.migrate()
    write(db, outbox, "booked", stored(db, "advance_clock"))
    wait_until(lambda: post.taken, "the mail", SOON)
    worker.stop()
    worker.join(SOON)
    db.close()
