"""The commands about mail, on an application that has a worker."""

import re
from dataclasses import replace

import pytest
from flask import Flask

from lco.cli import mail as cli
from lco.mail.sender import FileSender
from lco.mail.worker import Worker
from tests.app.mail.fakes import stored, write


@pytest.fixture
def run(outbox, messages, tmp_path):
    app = Flask("commands")
    app.extensions["lco.mail"] = Worker(outbox, messages.compose, FileSender(tmp_path, is_meant=True))
    for command in (cli.mails, cli.mail_worker):
        app.cli.add_command(command)
    return lambda *arguments: app.test_cli_runner().invoke(args=arguments)


def test_failed_and_waiting_mails_are_listed_without_personal_data(run, db, outbox):
    booking = stored(db, "ada")
    write(db, outbox, "booked", booking)
    outbox.give_up(outbox.claim(), "the mail server did not take the recipient (550 5.1.1)")
    write(db, outbox, "confirmed", replace(booking, changes=1))
    done = run("mails")
    assert done.exit_code == 0, done.output
    head, failed, waiting = done.output.splitlines()
    assert head == "1 failed, 1 waiting"
    assert re.fullmatch(
        rf"\d+: booked about booking {booking.id}, failed, written \S+ \S+ UTC, 1 attempt, "
        r"the mail server did not take the recipient \(550 5\.1\.1\)",
        failed,
    )
    assert "confirmed" in waiting
    assert waiting.endswith("0 attempts")
    assert "lovelace" not in done.output.lower()


def test_a_failed_mail_is_sent_again_on_request(run, db, outbox):
    write(db, outbox, "booked", stored(db, "ada"))
    mail = outbox.claim()
    outbox.give_up(mail, "no")
    done = run("mails", "--retry", str(mail.id))
    assert (done.exit_code, done.output) == (0, f"Mail {mail.id} is sent again.\n")
    assert outbox.claim().id == mail.id


def test_a_mail_that_has_not_failed_cannot_be_retried(run):
    done = run("mails", "--retry", "999")
    assert done.exit_code == 1
    assert "No failed mail has the number 999." in done.output
