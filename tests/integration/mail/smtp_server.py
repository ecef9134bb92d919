"""A real SMTP server with configurable answers, and an office that sends to it."""

import asyncio
import email
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from lco.db import Database
from lco.db.mails import Mail
from lco.mail.outbox import Counts, Outbox
from lco.mail.sender import SmtpSender
from lco.mail.worker import Worker
from tests.app.mail.fakes import mail_of, stored, with_request, write
from tests.serving import PATIENCE

ADA = "ada@x.test.com"


class Post:
    """What the server does with mails. Every mail that reached the end of DATA is in `taken`."""

    def __init__(self) -> None:
        self.taken = []
        self.taken_at = []
        self.senders = []
        self.encrypted = []
        self.connections = 0
        self.transports = []
        self.answers: dict[str, str] = {}
        """The answers instead of acceptance: by command, or by recipient."""
        self.dies_after: str | None = None
        self.held = threading.Event()
        self.held.set()
        self.is_slow_at: str | None = None
        self.is_away = False
        """Whether new connections are closed at once."""

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
        if refusal := self.answers.get(address) or self.answers.get("RCPT"):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        if "DATA" in self.answers:
            return self.answers["DATA"]
        self.taken_at.append(time.monotonic())
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
        if self.event_handler.is_away:
            transport.abort()

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
    """A database with an outbox, and mails that go to the server at `port`."""

    def __init__(self, db: Database, compose: Callable, port: int) -> None:
        self.db = db
        self.outbox = Outbox(db)
        self.port = port
        self._compose = compose

    def book(self, address: str = ADA) -> int:
        """Books for an address; the number of the mail that now waits for it."""
        write(self.db, self.outbox, "booked", with_request(stored(self.db, address), email=address))
        return self.outbox.waiting(50)[-1].id

    def send(self, scheme: str = "smtp", account: str = "", timeout: float = PATIENCE) -> None:
        """What a worker does when it looks into the outbox once."""
        sender = SmtpSender(f"{scheme}://{account}127.0.0.1:{self.port}", timeout)
        Worker(self.outbox, self._compose, sender).send_due()

    def row(self, number: int) -> Mail:
        return mail_of(self.db, number)

    def counts(self) -> Counts:
        return self.outbox.counts()
