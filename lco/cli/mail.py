"""Commands about mail: a worker of its own, what waits or failed, and another try."""

import signal
from typing import cast

import click
from flask import current_app
from flask.cli import with_appcontext

from lco.cli.output import NUMBER, Output, with_output
from lco.db.mails import Mail
from lco.mail.worker import Worker

SHOWN = 50


@click.command("mail-worker")
@with_appcontext
def mail_worker() -> None:
    """Send mails until told to stop, beside the site or instead of it."""
    # The main thread only waits, so a signal ends the waiting and never a mail that is being sent. A shell that
    # starts a program in the background has it ignore SIGINT.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    worker = _worker()
    try:
        worker.start()
        worker.join()
    except KeyboardInterrupt:
        worker.stop()
        worker.join()


@click.command("mails")
@click.option("--retry", type=NUMBER, metavar="ID", help="Send this failed mail again.")
@with_output
@with_appcontext
def mails(retry: int | None, out: Output) -> None:
    """List the mails that failed and those that wait."""
    if retry is not None:
        _retry(retry, out)
        return
    outbox = _worker().outbox
    counts = outbox.counts()
    out.line(f"{counts.failed} failed, {counts.waiting} waiting")
    for mail in [*outbox.failed(SHOWN), *outbox.waiting(SHOWN)]:
        out.line(_line(mail, out), _values(mail))


def _retry(mail_id: int, out: Output) -> None:
    if not _worker().outbox.retry(mail_id):
        raise click.ClickException(f"No failed mail has the number {mail_id}.")
    out.line(f"Mail {mail_id} is sent again.", {"id": mail_id, "state": "waiting"})


def _line(mail: Mail, out: Output) -> str:
    """One mail without anything personal."""
    attempts = "1 attempt" if mail.attempts == 1 else f"{mail.attempts} attempts"
    about = f"{mail.id}: {mail.message} about booking {mail.booking_id}, {mail.state}"
    problem = f", {mail.problem}" if mail.problem else ""
    return f"{about}, written {out.time(mail.written_at)}, {attempts}{problem}"


def _values(mail: Mail) -> dict[str, object]:
    names = ("id", "message", "booking_id", "state", "written_at", "attempts", "problem")
    return {name: getattr(mail, name) for name in names}


def _worker() -> Worker:
    return cast("Worker", current_app.extensions["lco.mail"])
