"""Mail against a real SMTP server, which may be down, slow, refuse mails, or end at any moment."""

from dataclasses import replace
from datetime import timedelta

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from lco.mail.outbox import Counts
from tests.app.mail.fakes import stored, write
from tests.integration.mail.smtp_server import ADA, serving

GRACE = "grace@x.test.com"
PAUSE = timedelta(seconds=31)
IMPATIENCE = 0.3


def test_a_mail_arrives_with_all_its_parts(office, server, post):
    office.book()
    office.send()
    ((recipients, mail),) = post.taken
    assert recipients == (ADA,)
    assert post.senders == ["rentals@lco.example"]
    assert mail["Subject"] == "Booked: Zero-Turn Mower, Jan 7 – Jan 11 (BK-1)"
    assert "Hello Ada Lövelace," in mail.get_body(("plain",)).get_content()
    assert [part.get_filename() for part in mail.iter_attachments()] == ["booking.ics"]
    assert office.counts() == Counts(0, 0)


def test_while_the_server_is_down_mails_wait_and_then_they_arrive(office, post, advance_clock):
    numbers = [office.book(ADA), office.book(GRACE)]
    office.send()
    assert office.counts() == Counts(2, 0)
    assert "the mail server does not answer" in office.row(numbers[0]).problem
    with serving(post, office.port):
        advance_clock(PAUSE)
        office.send()
    assert sorted(post.recipients()) == [ADA, GRACE]
    assert [office.row(number).state for number in numbers] == ["sent", "sent"]


def test_a_server_that_is_slow_to_greet_is_left_alone_for_a_while(office, server, post, advance_clock):
    post.held.clear()
    post.is_slow_at = "greeting"
    number = office.book(ADA)
    office.book(GRACE)
    office.send(timeout=IMPATIENCE)
    assert post.connections == 1, "the second mail is not tried at once"
    assert "the mail server does not answer" in office.row(number).problem
    post.held.set()
    advance_clock(PAUSE)
    office.send()
    assert sorted(post.recipients()) == [ADA, GRACE]
    assert office.counts() == Counts(0, 0)


def test_a_refused_recipient_fails_at_once_and_the_others_get_their_mail(office, server, post, caplog):
    post.answers["gone@x.test.com"] = "550 5.1.1 <gone@x.test.com>: no such mailbox"
    office.book(ADA)
    refused = office.book("gone@x.test.com")
    office.book(GRACE)
    office.send()
    assert post.recipients() == [ADA, GRACE]
    row = office.row(refused)
    assert (row.state, row.attempts) == ("failed", 1)
    assert row.problem == "the mail server did not take the recipient (550 5.1.1)"
    assert "550 5.1.1" in caplog.text
    assert "gone@" not in "".join(record.getMessage() for record in caplog.records if record.name[:3] == "lco")


def test_a_recipient_refused_for_now_is_tried_again(office, server, post, advance_clock):
    post.answers[ADA] = "451 4.7.1 greylisted"
    number = office.book(ADA)
    office.book(GRACE)
    office.send()
    assert post.recipients() == [GRACE]
    assert office.row(number).state == "waiting"
    post.answers.clear()
    advance_clock(PAUSE)
    office.send()
    assert post.recipients() == [GRACE, ADA]


def test_a_server_that_ends_after_data_gets_the_mail_again_with_the_same_message_id(
    office, server, post, advance_clock
):
    post.dies_after = "DATA"
    number = office.book()
    office.send()
    assert len(post.taken) == 1
    row = office.row(number)
    assert (row.state, row.problem) == ("waiting", "the mail server stopped answering (SMTPServerDisconnected)")
    post.dies_after = None
    advance_clock(PAUSE)
    office.send()
    first, second = post.message_ids()
    assert first == second
    assert office.row(number).state == "sent"


def test_a_server_that_answers_too_late_after_data_gets_the_mail_again_too(office, server, post, advance_clock):
    post.held.clear()
    post.is_slow_at = "DATA"
    office.book()
    office.send(timeout=IMPATIENCE)
    assert len(post.taken) == 1
    assert office.counts() == Counts(1, 0)
    post.held.set()
    advance_clock(PAUSE)
    office.send()
    first, second = post.message_ids()
    assert first == second
    assert office.counts() == Counts(0, 0)


def test_a_server_that_ends_after_accepting_has_the_mail(office, server, post, advance_clock):
    post.dies_after = "QUIT"
    office.book()
    office.send()
    advance_clock(PAUSE)
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
def test_each_other_refusal_leads_to_its_state(office, server, post, command, answer, code, state):
    post.answers[command] = answer
    number = office.book()
    office.send()
    row = office.row(number)
    assert row.state == state
    assert f"({code})" in row.problem


@pytest.mark.parametrize(("password", "state"), [("p%40ss%2Fw%3Ard", "sent"), ("hush", "waiting")])
def test_login_uses_the_credentials_in_the_address(office, post, password, state, caplog):
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
    booking = replace(stored(office.db, "dots"), vehicle_name="Saw\r\n.\r\nQUIT", reason="\r\n.\r\nQUIT\r\n")
    write(office.db, office.outbox, "cancelled", booking)
    office.send()
    ((_, mail),) = post.taken
    assert "Larson" in mail.get_body(("plain",)).get_content()
