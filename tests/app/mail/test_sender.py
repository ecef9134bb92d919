"""The transport of mails, and the log messages about it."""

import logging
from dataclasses import replace
from email.headerregistry import Address

import pytest

from lco.mail.errors import MailServerUnavailable
from lco.mail.sender import FileSender, SmtpSender, create_sender
from lco.settings import Settings, SettingsError
from tests.app.mail.fakes import BOOKING, mail_about
from tests.environment import read_settings


def read(**environ: str) -> Settings:
    return read_settings({"ODOO_WEBHOOK_SECRET": "a-secret-of-24-characters", **environ})


@pytest.mark.parametrize(
    ("environ", "host", "port"),
    [
        ({"SMTP_URL": "smtp://mail.example"}, "mail.example", 587),
        ({"SMTP_URL": "smtps://mail.example"}, "mail.example", 465),
        ({"SMTP_URL": "smtp://localhost:25"}, "localhost", 25),
        ({"SENDGRID_API_KEY": "SG.a/b"}, "smtp.sendgrid.net", 587),
        ({"RESEND_API_KEY": "re_1"}, "smtp.resend.com", 465),
        ({"SENDGRID_API_KEY": "k", "RESEND_API_KEY": "k"}, "smtp.sendgrid.net", 587),
        ({"SMTP_URL": "smtp://mail.example:26", "RESEND_API_KEY": "k"}, "mail.example", 26),
    ],
)
def test_the_settings_name_the_server(environ, host, port):
    sender = create_sender(read(**environ))
    assert isinstance(sender, SmtpSender)
    assert (sender.host, sender.port) == (host, port)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "mail.example",
            "http://mail.example",
            "smtp://",
            "smtp://mail.example/path",
            "smtp://mail.example?tls=1",
        ),
        *("smtp://u:hush/hush@mail.example", "smtp://u:p@mail.example:hush", "smtp://mail.example:0", "smtp://[x"),
    ],
)
def test_an_odd_address_of_a_server_is_refused_without_quoting_a_password(url):
    with pytest.raises(SettingsError, match=r"^SMTP_URL: expected smtp://user") as raised:
        read(SMTP_URL=url)
    assert "hush" not in str(raised.value)
    assert raised.value.__cause__ is None or "hush" not in str(raised.value.__cause__)


@pytest.mark.parametrize(
    ("text", "mailbox"),
    [
        ("rent@a.example", Address("", "rent", "a.example")),
        ("Rentals <rent@a.example>", Address("Rentals", "rent", "a.example")),
        ('"Rentals, Inc." <rent@a.example>', Address("Rentals, Inc.", "rent", "a.example")),
    ],
)
def test_mail_comes_from_the_sender_of_the_settings(text, mailbox):
    assert read(MAIL_FROM=text).mailbox() == mailbox


def test_mail_comes_from_the_business_by_default():
    settings = read(BUSINESS_NAME="Rentals", BUSINESS_EMAIL="a@b.example")
    assert settings.mailbox() == Address("Rentals", "a", "b.example")


@pytest.mark.parametrize("name", ["MAIL_FROM", "BUSINESS_EMAIL"])
@pytest.mark.parametrize("text", ["rentals", "a@", "@b", "a@b\r\nBcc: c@d", "näme@b.example"])
def test_an_unusable_sender_address_is_refused_at_start(name, text):
    with pytest.raises(SettingsError, match=f"^{name}: expected an address"):
        read(**{name: text})


def test_a_site_for_customers_without_a_server_warns_at_start(caplog):
    with caplog.at_level(logging.INFO):
        create_sender(read(ODOO_URL="https://odoo.example")).log_destination()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "NO MAIL IS SENT" in record.getMessage()
    assert "SMTP_URL" in record.getMessage()


def test_a_demo_logs_the_folder_of_mails_and_does_not_warn(caplog):
    with caplog.at_level(logging.INFO):
        create_sender(read(MAIL_DIR="some/where")).log_destination()
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert "some/where" in record.getMessage()


def test_a_password_is_not_logged(caplog):
    with caplog.at_level(logging.DEBUG):
        create_sender(read(SMTP_URL="smtp://user:hush@mail.example")).log_destination()
    assert "mail.example" in caplog.text
    assert "hush" not in caplog.text


def test_a_mail_sent_twice_lies_in_the_folder_once(messages, tmp_path, caplog):
    sender = FileSender(tmp_path, is_meant=True)
    message = messages.compose(mail_about(BOOKING, "booked"))
    with caplog.at_level(logging.INFO):
        sender.send(message)
        sender.send(message)
    (file,) = tmp_path.iterdir()
    assert file.read_bytes() == message.as_bytes()
    assert str(file) in caplog.text
    assert "lovelace" not in caplog.text


def test_a_folder_that_cannot_be_written_is_a_server_that_is_away(messages, tmp_path):
    (tmp_path / "mail").write_text("a file, not a folder")
    with pytest.raises(MailServerUnavailable, match="folder"):
        FileSender(tmp_path / "mail", is_meant=True).send(messages.compose(mail_about(replace(BOOKING), "booked")))


class Elsewhere:
    """A connection to a mail server on another machine, which offers no encryption."""

    sock = property(lambda self: self)
    logged_in = False

    def getpeername(self) -> tuple[str, int]:
        return "192.0.2.1", 587

    def ehlo_or_helo_if_needed(self) -> None:
        """The greeting succeeds."""

    def has_extn(self, name: str) -> bool:
        return False

    def login(self, user: str, password: str) -> None:
        self.logged_in = True


def test_a_password_never_leaves_this_machine_in_the_clear():
    connection = Elsewhere()
    with pytest.raises(MailServerUnavailable, match="no encryption"):
        SmtpSender("smtp://user:hush@mail.example")._introduced(connection)
    assert not connection.logged_in


def test_without_a_password_a_server_without_encryption_will_do():
    SmtpSender("smtp://mail.example")._introduced(Elsewhere())
