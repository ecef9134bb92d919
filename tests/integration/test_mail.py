"""Mail against a real SMTP server, which may be down, slow, picky, or die at the worst moment."""

import asyncio
import email
import os
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from lco import create_app
from lco.mail.messages import Messages
from lco.mail.outbox import Counts, Outbox
from lco.mail.sender import SmtpSender
from lco.mail.worker import Worker
from lco.settings import Settings
from lco.store import Store
from lco.store.mails import Mail
from tests.serving import ROOT, free_port, wait_until
from tests.site.mail.world import mail_of, stored, with_request, write

ADA, GRACE = "ada@x.test.com", "grace@x.test.com"
PAUSE = timedelta(seconds=31)
PATIENCE = 10.0
IMPATIENCE = 0.3


class Post:
    """What the server does with mails. Every mail that reached the end of DATA is in `taken`."""

    def __init__(self) -> None:
        self.taken = []
        self.senders = []
        self.encrypted = []
        self.connections = 0
        self.transports = []
        self.answers: dict[str, str] = {}
        """What to say instead of yes: by command, or by recipient."""
        self.dies_after: str | None = None
        self.held = threading.Event()
        self.held.set()
        self.is_slow_at: str | None = None

    async def pause_at(self, place: str) -> None:
        if self.is_slow_at == place:
            await asyncio.to_thread(self.held.wait, PATIENCE)

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if "MAIL" in self.answers:
            return self.answers["MAIL"]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        if "DATA" in self.answers:
            return self.answers["DATA"]
        self.taken.append((tuple(envelope.rcpt_tos), email.message_from_bytes(envelope.content, policy=default)))
        self.senders.append(envelope.mail_from)
        self.encrypted.append(session.ssl is not None)
        self._die_after("DATA", server)
        await self.pause_at("DATA")
        return "250 OK"

    async def handle_QUIT(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self._die_after("QUIT", server)
        return "221 Bye"

    def recipients(self) -> list[str]:
        return [recipient for recipients, _ in self.taken for recipient in recipients]

    def message_ids(self) -> list[str]:
        return [message["Message-ID"] for _, message in self.taken]

    def _die_after(self, command: str, server: SMTP) -> None:
        if self.dies_after == command:
            server.transport.abort()


class Greeter(SMTP):
    """aiosmtpd, with a greeting that may come late."""

    def connection_made(self, transport) -> None:
        self.event_handler.transports.append(transport)
        super().connection_made(transport)

    async def _handle_client(self) -> None:
        self.event_handler.connections += 1
        await self.event_handler.pause_at("greeting")
        await super()._handle_client()


class Server(Controller):
    def factory(self) -> SMTP:
        return Greeter(self.handler, **self.SMTP_kwargs)

    def hang_up(self) -> None:
        """Ends all conversations, which aiosmtpd would leave open."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(PATIENCE)

    async def _hang_up(self) -> None:
        for transport in self.handler.transports:
            transport.abort()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def serving(post: Post, port: int, **options):
    server = Server(post, hostname="127.0.0.1", port=port, **options)
    server.start()
    post.connections = 0  # the controller has tried it out itself
    try:
        yield
    finally:
        post.held.set()
        server.hang_up()
        server.stop()


class Office:
    """A store with an outbox, and mails that go to the server at `port`."""

    def __init__(self, store: Store, compose: Callable, port: int) -> None:
        self.store = store
        self.outbox = Outbox(store)
        self.port = port
        self._compose = compose

    def book(self, address: str = ADA) -> int:
        """Books for an address; the number of the mail that now waits for it."""
        write(self.store, self.outbox, "booked", with_request(stored(self.store, address), email=address))
        return self.outbox.waiting(50)[-1].id

    def send(self, scheme: str = "smtp", account: str = "", timeout: float = PATIENCE) -> None:
        """What a worker does when it looks into the outbox once."""
        sender = SmtpSender(f"{scheme}://{account}127.0.0.1:{self.port}", timeout)
        Worker(self.outbox, self._compose, sender).send_due()

    def row(self, number: int) -> Mail:
        return mail_of(self.store, number)

    def counts(self) -> Counts:
        return self.outbox.counts()


@pytest.fixture
def post():
    return Post()


@pytest.fixture
def server(post, office):
    with serving(post, office.port):
        yield


@pytest.fixture(scope="module")
def compose(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    settings = Settings(
        odoo_webhook_secret=("s",),
        database_url=f"sqlite:///{folder}/lco.sqlite3",
        cache_dir=folder / "cache",
    )
    app = create_app(settings)
    render = lambda name, values: app.jinja_env.get_template(name).render(values)  # noqa: E731 - one line says it
    yield Messages(render, settings, lambda *_: ()).compose
    app.extensions["lco.hub"].close()


@pytest.fixture
def office(tmp_path, compose):
    store = Store(f"sqlite:///{tmp_path}/lco.sqlite3")
    store.migrate()
    yield Office(store, compose, free_port())
    store.close()


def test_a_mail_arrives_with_all_its_parts(office, server, post):
    office.book()
    office.send()
    ((recipients, mail),) = post.taken
    assert recipients == (ADA,)
    assert post.senders == ["rentals@lco.example"]
    assert mail["Subject"] == "Booked: Zero-Turn Mower, 7 Jan to 11 Jan (BK-1)"
    assert "Hello Ada Lövelace," in mail.get_body(("plain",)).get_content()
    assert [part.get_filename() for part in mail.iter_attachments()] == ["booking.ics"]
    assert office.counts() == Counts(0, 0)


def test_while_the_server_is_down_mails_wait_and_then_they_arrive(office, post, later):
    numbers = [office.book(ADA), office.book(GRACE)]
    office.send()
    assert office.counts() == Counts(2, 0)
    assert "the mail server does not answer" in office.row(numbers[0]).problem
    with serving(post, office.port):
        later(PAUSE)
        office.send()
    assert sorted(post.recipients()) == [ADA, GRACE]
    assert [office.row(number).state for number in numbers] == ["sent", "sent"]


def test_a_server_that_is_slow_to_greet_is_left_alone_for_a_while(office, server, post, later):
    post.held.clear()
    post.is_slow_at = "greeting"
    number = office.book(ADA)
    office.book(GRACE)
    office.send(timeout=IMPATIENCE)
    assert post.connections == 1, "the second mail is not tried at once"
    assert "the mail server does not answer" in office.row(number).problem
    post.held.set()
    later(PAUSE)
    office.send()
    assert sorted(post.recipients()) == [ADA, GRACE]
    assert office.counts() == Counts(0, 0)


def test_a_refused_recipient_fails_at_once_and_the_others_get_their_mail(office, server, post, caplog):
    post.answers["nobody@x.test.com"] = "550 5.1.1 <nobody@x.test.com>: no such mailbox"
    office.book(ADA)
    refused = office.book("nobody@x.test.com")
    office.book(GRACE)
    office.send()
    assert post.recipients() == [ADA, GRACE]
    row = office.row(refused)
    assert (row.state, row.attempts) == ("failed", 1)
    assert row.problem == "the mail server did not take the recipient (550 5.1.1)"
    assert "550 5.1.1" in caplog.text
    assert "nobody" not in "".join(record.getMessage() for record in caplog.records if record.name[:3] == "lco")


def test_a_recipient_refused_for_now_is_tried_again(office, server, post, later):
    post.answers[ADA] = "451 4.7.1 greylisted"
    number = office.book(ADA)
    office.book(GRACE)
    office.send()
    assert post.recipients() == [GRACE]
    assert office.row(number).state == "waiting"
    post.answers.clear()
    later(PAUSE)
    office.send()
    assert post.recipients() == [GRACE, ADA]


def test_a_server_that_dies_after_data_gets_the_mail_again_under_the_same_message_id(office, server, post, later):
    post.dies_after = "DATA"
    number = office.book()
    office.send()
    assert len(post.taken) == 1
    row = office.row(number)
    assert (row.state, row.problem) == ("waiting", "the mail server stopped answering (SMTPServerDisconnected)")
    post.dies_after = None
    later(PAUSE)
    office.send()
    first, second = post.message_ids()
    assert first == second
    assert office.row(number).state == "sent"


def test_a_server_that_answers_too_late_after_data_gets_the_mail_again_too(office, server, post, later):
    post.held.clear()
    post.is_slow_at = "DATA"
    office.book()
    office.send(timeout=IMPATIENCE)
    assert len(post.taken) == 1
    assert office.counts() == Counts(1, 0)
    post.held.set()
    later(PAUSE)
    office.send()
    first, second = post.message_ids()
    assert first == second
    assert office.counts() == Counts(0, 0)


def test_a_server_that_dies_after_it_said_yes_has_taken_the_mail(office, server, post, later):
    post.dies_after = "QUIT"
    office.book()
    office.send()
    later(PAUSE)
    office.send()
    assert len(post.taken) == 1
    assert office.counts() == Counts(0, 0)


@pytest.mark.parametrize(
    ("command", "answer", "code", "state"),
    [
        ("DATA", "554 5.7.1 looks like spam", "554 5.7.1", "failed"),
        ("DATA", "452 4.2.2 mailbox full", "452 4.2.2", "waiting"),
        ("MAIL", "550 5.7.60 not your address", "550 5.7.60", "waiting"),
    ],
)
def test_other_refusals_are_told_apart(office, server, post, command, answer, code, state):
    post.answers[command] = answer
    number = office.book()
    office.send()
    row = office.row(number)
    assert row.state == state
    assert f"({code})" in row.problem


@pytest.mark.parametrize(("password", "state"), [("p%40ss%2Fw%3Ard", "sent"), ("hush", "waiting")])
def test_we_log_in_with_what_the_address_holds(office, post, password, state, caplog):
    def known(server, session, envelope, mechanism, given):
        assert isinstance(given, LoginPassword)
        is_known = (given.login, given.password) == (b"us@er", b"p@ss/w:rd")
        return AuthResult(success=is_known, handled=False)

    with serving(post, office.port, authenticator=known, auth_require_tls=False):
        number = office.book()
        office.send(account=f"us%40er:{password}@")
    assert office.row(number).state == state
    assert ("does not let us in (535 5.7.8)" in office.row(number).problem) == (state == "waiting")
    assert "hush" not in caplog.text


@pytest.mark.parametrize(("takes_it", "state"), [(True, "sent"), (False, "failed")])
def test_an_address_beyond_ascii_needs_a_server_that_takes_it(office, post, takes_it, state):
    with serving(post, office.port, enable_SMTPUTF8=takes_it):
        number = office.book("jörg@x.test.com")
        office.send()
    assert office.row(number).state == state
    assert post.recipients() == (["jörg@x.test.com"] if takes_it else [])


def test_a_line_of_a_single_dot_ends_nothing(office, server, post):
    booking = replace(stored(office.store, "dots"), vehicle_name="Saw\r\n.\r\nQUIT", reason="\r\n.\r\nQUIT\r\n")
    write(office.store, office.outbox, "cancelled", booking)
    office.send()
    ((_, mail),) = post.taken
    assert "Larson" in mail.get_body(("plain",)).get_content()


# Encryption


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that only those trust who are told to."""
    folder = tmp_path_factory.mktemp("tls")
    made = [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"),
        *("-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")),
    ]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context, folder / "certificate.pem"


def test_starttls_is_used_when_it_is_offered(office, post, certificate):
    with serving(post, office.port, tls_context=certificate[0], require_starttls=True):
        office.book()
        office.send()
    assert post.encrypted == [True]
    assert office.counts() == Counts(0, 0)


@pytest.mark.parametrize(("is_trusted", "state"), [(True, "sent"), (False, "waiting")])
def test_over_smtps_only_a_server_that_proves_itself_gets_mail(
    office, post, certificate, monkeypatch, is_trusted, state
):
    context, file = certificate
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with serving(post, office.port, ssl_context=context):
        number = office.book()
        office.send(scheme="smtps")
    assert len(post.taken) == is_trusted
    assert office.row(number).state == state


# The worker as a process of its own

PROCESS = """
from gevent import monkey
monkey.patch_all()
import sys
from flask import Flask
from lco import create_app
from lco.mail import cli
from lco.mail.messages import Messages
from lco.mail.outbox import Outbox
from lco.mail.sender import sender_of
from lco.mail.worker import Worker
from lco.settings import Settings

settings = Settings.from_environment()
app = create_app(settings)
messages = Messages(lambda name, values: app.jinja_env.get_template(name).render(values), settings, lambda *_: ())
app.extensions["lco.mail"] = Worker(Outbox(app.extensions["lco"].store), messages.compose, sender_of(settings))
app.cli.add_command(cli.mail_worker, "mail-worker-alone")
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_of_its_own_sends_and_ends_when_it_is_told_to(office, server, post, tmp_path, how):
    (tmp_path / "alone.py").write_text(PROCESS)
    office.book()
    environ = {
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
        "DATABASE_URL": str(office.store.engine.url),
        "CACHE_DIR": str(tmp_path / "cache"),
        "SMTP_URL": f"smtp://127.0.0.1:{office.port}",
    }
    command = [sys.executable, "-m", "flask", "--app", "alone", "mail-worker-alone"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environ})
    try:
        wait_until(lambda: post.taken, "the mail", 2 * PATIENCE)
        process.send_signal(how)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
