"""The calendar entries that come with mails."""

import pytest

from tests.app.mail.fakes import (
    BOOKING,
    BOOKINGS,
    DAYS,
    arrived,
    entries,
    mail_about,
    text,
)


@pytest.mark.parametrize(
    ("message", "method", "status", "sequence"),
    [
        ("booked", "REQUEST", "TENTATIVE", 0),
        ("confirmed", "REQUEST", "CONFIRMED", 1),
        ("changed", "REQUEST", "CONFIRMED", 1),
        ("picked_up", "REQUEST", "CONFIRMED", 2),
        ("cancelled", "CANCEL", "CANCELLED", 2),
    ],
)
def test_mails_about_a_booking_have_a_calendar_entry(read, message, method, status, sequence):
    ((in_header, calendar),) = entries(read(BOOKINGS[message], message))
    (event,) = calendar.walk("VEVENT")
    assert (in_header, calendar["METHOD"]) == (method, method)
    assert (event["STATUS"], event["SEQUENCE"]) == (status, sequence)
    assert event["ATTENDEE"] == "mailto:ada@lovelace.test.com"
    assert event["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (DAYS.start, DAYS.end)


def test_all_entries_of_a_booking_have_one_uid(read):
    uids = {
        entries(read(BOOKINGS[m], m))[0][1].walk("VEVENT")[0]["UID"] for m in ("booked", "changed", "cancelled")
    }
    assert len(uids) == 1


def test_the_entry_is_attached_too(read):
    (attached,) = read(BOOKING, "booked").iter_attachments()
    assert attached.get_filename() == "booking.ics"
    assert attached.get_content().startswith(b"BEGIN:VCALENDAR\r\n")


@pytest.mark.parametrize("message", ["received", "declined", "link", "returned"])
def test_mails_without_a_booking_have_no_entry(read, message):
    assert entries(read(BOOKINGS[message], message)) == []


def test_a_failing_entry_does_not_stop_the_mail(make_messages, caplog):
    def broken(booking, *_):
        raise ValueError(booking.request.email)

    mail = arrived(make_messages(entry=broken).compose(mail_about(BOOKING, "booked")))
    assert entries(mail) == []
    assert "Your dates are on hold." in text(mail)
    assert "without its calendar entry: ValueError" in caplog.text
    assert "lovelace" not in caplog.text
