"""Nothing that people or Odoo write can add a header, a recipient or a part to a mail."""

import email
from dataclasses import replace
from email.policy import default

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.app.mail.fakes import BOOKING, BOOKINGS, mail_about, with_request

NASTY = st.sampled_from(
    [
        *("\r\nBcc: eve@evil.com", "\nBcc: eve@evil.com\n\n<html>", "\r", "\x0b\x0cBcc: x", "\u2028Bcc: x\u2029"),
        *("=?utf-8?q?=0D=0ABcc:_eve?=", "=?utf-8?b?DQpCY2M6IGV2ZQ==?=", '"', '"<eve@evil.com>', "\\", ",", "\x00"),
        *("\u202e", "\ufeff", "\u0085Bcc: x", "(comment", "a" * 300, "BEGIN:VEVENT", "--==", "\n.\n", "ß\n "),
    ]
)
TEXT = st.lists(st.one_of(NASTY, st.text(st.characters(codec="utf-8"), max_size=20)), max_size=4).map("".join)
HEADERS = {
    *("From", "To", "Reply-To", "Message-ID", "Date", "Auto-Submitted", "Subject"),
    *("MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
}


@settings(max_examples=40, deadline=None)
@given(message=st.sampled_from(sorted(BOOKINGS)), name=TEXT, place=TEXT, machine=TEXT, reason=TEXT)
@example("booked", "\x0b\x0cBcc: x\x0b\x0cBcc: x" + "a" * 300, "", "", "")
@example("booked", "=?utf-8?q?=0D=0ABcc:_eve=40evil.com?=", "", "=?utf-8?q?=0AX:_1?=", "")
@example("cancelled", "Ada\r\nBcc: eve@evil.com", "\r\nX: 1", "Saw\r\n\r\nhello", "\r\n.\r\n")
def test_a_mail_keeps_its_headers_its_one_recipient_and_its_parts(messages, message, name, place, machine, reason):
    booking = with_request(BOOKINGS[message], name=name, pickup_location=place, message=name)
    booking = replace(booking, vehicle_name=machine, reason=reason, reference=machine or None)
    mail = arrived(messages.compose(mail_about(booking, message)))
    assert set(mail.keys()) <= HEADERS
    assert len(mail.keys()) == len(set(mail.keys()))
    assert [address.addr_spec for address in mail["To"].addresses] == ["ada@lovelace.test.com"]
    assert not any(part.defects for part in mail.walk())
    assert kinds(mail) == kinds(arrived(messages.compose(mail_about(BOOKINGS[message], message))))


@pytest.mark.parametrize("field", ["vehicle_name", "reference"])
def test_a_line_end_in_a_subject_becomes_a_blank(messages, field):
    booking = replace(BOOKING, **{field: "A\r\nBcc: eve@evil.com"})
    mail = arrived(messages.compose(mail_about(booking, "booked")))
    assert "A  Bcc: eve@evil.com" in mail["Subject"] or "A Bcc: eve@evil.com" in mail["Subject"]
    assert mail["Bcc"] is None


def arrived(message):
    return email.message_from_bytes(message.as_bytes(), policy=default)


def kinds(mail) -> list[str]:
    return [part.get_content_type() for part in mail.walk()]
