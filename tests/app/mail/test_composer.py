"""The content of each mail, read back from the bytes that are sent."""

import logging
from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from lco import clock
from lco.domain.booking import DeclineReason, State
from lco.mail.composer import BUILDERS
from lco.mail.errors import MailRefused
from tests.app.mail.fakes import (
    BOOKING,
    BOOKINGS,
    CANCELLED,
    CONFIRMED,
    DAYS,
    KEPT,
    NOON,
    TAKEN,
    arrived,
    entries,
    html,
    mail_about,
    text,
    with_request,
)
from tests.html import parse

PAGE = "https://rent.example/bookings/secret-token"


def test_every_mail_has_a_letter_and_a_test():
    assert BUILDERS.keys() == BOOKINGS.keys()


@pytest.mark.parametrize(
    ("message", "subject", "sentence"),
    [
        ("received", "We have your request: Zero-Turn Mower, Jan 7 – Jan 11", "nothing is certain yet"),
        ("booked", "Booked: Zero-Turn Mower, Jan 7 – Jan 11 (BK-1)", "Your dates are on hold."),
        ("confirmed", "Confirmed: Zero-Turn Mower, Jan 7 – Jan 11 (BK-1)", "Monday, January 7, 2030."),
        ("declined", "Not booked: Zero-Turn Mower, Jan 7 – Jan 11", "Nothing was charged"),
        ("cancelled", "Canceled: Zero-Turn Mower, Jan 7 – Jan 11 (BK-1)", "The yard is flooded."),
        ("changed", "Changed: Zero-Turn Mower, Jan 7 – Jan 11 (BK-1)", "Your booking has changed."),
        ("picked_up", "Picked up: Zero-Turn Mower, Jan 7 – Jan 11 (BK-1)", "You have the machine."),
        ("returned", "Returned: Zero-Turn Mower, Jan 7 – Jan 11 (BK-1)", "You brought it back."),
        ("link", "Your booking: Zero-Turn Mower, Jan 7 – Jan 11 (BK-1)", "the link to your booking"),
        ("unchanged", "Not changed: Zero-Turn Mower, Jan 7 – Jan 11 (BK-1)", "stays"),
    ],
)
def test_every_mail_has_its_state_in_subject_text_and_html(read, message, subject, sentence):
    mail = read(BOOKINGS[message], message)
    assert mail["Subject"] == subject
    assert sentence in text(mail)
    assert sentence in html(mail)


@pytest.mark.parametrize("message", ["picked_up", "returned", "cancelled"])
def test_bookings_that_are_out_or_over_are_not_offered_for_change(read, message):
    mail = read(BOOKINGS[message], message)
    assert "change or cancel" not in text(mail)
    assert "change or cancel" not in html(mail)


def test_mail_and_its_entry_show_the_return_time(make_messages):
    messages = make_messages(return_time=lambda booking: time(7))
    mail = arrived(messages.compose(mail_about(BOOKING, "booked")))
    assert "Return by:      7 am on Fri, Jan 11" in text(mail)
    assert "<strong>Return by:</strong> 7 am on Fri, Jan 11</li>" in html(mail)
    ((_, calendar),) = entries(mail)
    assert "Return by: 7 am on Fri, Jan 11\n" in calendar.walk("VEVENT")[0]["DESCRIPTION"]


@pytest.mark.parametrize("message", BOOKINGS)
def test_every_mail_names_the_machine_the_days_and_how_to_reach_us_in_both_forms(read, message):
    mail = read(BOOKINGS[message], message)
    for form in (text(mail), html(mail)):
        assert "Hello Ada Lövelace," in form
        assert "Zero-Turn Mower" in form
        assert "Mon, Jan 7 – Fri, Jan 11, 2030 (4 days)" in form
        assert "(218) 555-0142" in form
        assert "1420 County Road 7, Larson, MN" in form
        assert (PAGE in form) == (message != "declined")


@pytest.mark.parametrize("message", ["booked", "confirmed", "cancelled", "changed"])
def test_a_mail_about_a_booking_has_number_and_total(read, message):
    mail = read(BOOKINGS[message], message)
    assert "Booking number: BK-1" in text(mail)
    assert "Total:          $640" in text(mail)
    assert "<strong>Total:</strong> $640" in html(mail)


@pytest.mark.parametrize("message", BOOKINGS)
def test_the_text_is_readable_in_a_plain_client(read, message):
    lines = text(read(BOOKINGS[message], message)).splitlines()
    assert max(map(len, lines)) <= 78
    assert not {"<", "{", "&"} & set("".join(lines)), "no markup"


@pytest.mark.parametrize("message", BOOKINGS)
def test_the_html_is_well_formed_and_loads_nothing(read, message):
    page = html(read(BOOKINGS[message], message))
    tags = {element.tag for element in parse(page, whole=True).iter() if isinstance(element.tag, str)}
    assert {"h1", "main", "a"} <= tags
    assert not tags & {"img", "script", "link", "style", "table", "iframe"}


def test_a_plain_client_is_shown_the_text_first(read):
    alternatives = next(p for p in read(BOOKING, "booked").walk() if p.get_content_subtype() == "alternative")
    kinds = [part.get_content_type() for part in alternatives.iter_parts()]
    assert kinds == ["text/plain", "text/html", "text/calendar"]


def test_pickup_and_return_locations_are_shown_when_chosen(read):
    mail = read(with_request(pickup_location="Dock 3; rear", return_location="Main yard"), "booked")
    assert "Pickup:         Dock 3; rear" in text(mail)
    assert "<strong>Return:</strong> Main yard" in html(mail)


def test_a_waiting_request_and_one_in_checking_get_different_texts(read):
    waits = text(read(KEPT, "received"))
    checking = text(read(replace(KEPT, state=State.CHECKING), "received"))
    assert "We place your request" in waits
    assert "We are checking" in checking


def test_the_mail_comes_from_the_business_and_is_answered_to_it(read):
    mail = read(BOOKING, "booked")
    assert mail["From"] == "Larson County Outdoor Rentals <rentals@lco.example>"
    assert mail["Reply-To"] == "rentals@lco.example"
    assert mail["To"] == "Ada Lövelace <ada@lovelace.test.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == NOON


def test_the_message_id_stays_the_same_for_a_mail_and_differs_from_every_other(read):
    first = read(BOOKING, "booked")["Message-ID"]
    assert first == read(BOOKING, "booked")["Message-ID"]
    assert first != read(BOOKING, "booked", mail_id=6)["Message-ID"]
    assert first != read(replace(BOOKING, token="another"), "booked")["Message-ID"]
    assert first.endswith("@lco.example>")
    assert "secret-token" not in first


# Calendar entries


# Alternatives


def test_a_refusal_comes_with_free_days_and_a_link_to_each(make_messages):
    asked = []

    def free(vehicle_id, days):
        asked.append((vehicle_id, days))
        return [days.shift(timedelta(days=7)), days.shift(timedelta(days=14))]

    mail = arrived(make_messages(free).compose(mail_about(TAKEN, "declined")))
    assert asked == [(7, DAYS)]
    address = "https://rent.example/equipment/7?date_from=2030-01-14&date_to=2030-01-18"
    assert f"* Mon, Jan 14 – Fri, Jan 18, 2030 (4 days)\n  {address}\n" in text(mail)
    assert f'<a href="{address.replace("&", "&amp;")}">Mon, Jan 14 – Fri, Jan 18, 2030 (4 days)</a>' in html(mail)
    assert "Mon, Jan 21" in text(mail)


@pytest.mark.parametrize("refusal", [DeclineReason.INVALID, DeclineReason.VEHICLE_GONE])
def test_no_alternative_days_are_requested_when_they_would_not_help(make_messages, refusal):
    asked = []
    messages = make_messages(lambda *query: asked.append(query) or ())
    mail = arrived(messages.compose(mail_about(replace(TAKEN, refusal=refusal), "declined")))
    assert asked == []
    assert "https://rent.example/equipment\n" in text(mail)


def test_a_refusal_goes_without_alternatives_when_they_cannot_be_had(make_messages, caplog):
    def broken(vehicle_id, days):
        raise RuntimeError("Odoo is away")

    mail = arrived(make_messages(broken).compose(mail_about(TAKEN, "declined")))
    assert "These dates have just been taken." in text(mail)
    assert "At these times" not in text(mail)
    assert "without its alternatives" in caplog.text


def test_days_that_have_passed_by_the_time_of_sending_are_not_offered(make_messages):
    messages = make_messages(lambda _, days: [days.shift(timedelta(days=7)), days.shift(timedelta(days=14))])
    with clock.moved(NOON.replace(year=2030, month=1, day=16) - clock.now()):
        said = text(arrived(messages.compose(mail_about(TAKEN, "declined"))))
    assert "Mon, Jan 14" not in said
    assert "Mon, Jan 21" in said


# Addresses and what people type


def test_a_domain_beyond_ascii_is_written_so_that_every_server_takes_it(read):
    mail = read(with_request(email="ada@bücher.com"), "booked")
    assert mail["To"].addresses[0].addr_spec == "ada@xn--bcher-kva.com"


@pytest.mark.parametrize("address", ["", "ada", "ada@", "@b.com", "a@b.com\r\nBcc: c@d.com", "a@b.com, c@d.com"])
def test_an_address_that_cannot_be_written_is_refused_for_good(messages, address):
    with pytest.raises(MailRefused) as raised:
        messages.compose(mail_about(with_request(email=address), "booked"))
    assert "a@b" not in raised.value.message


@pytest.mark.parametrize(
    "name", ["Win at https://evil.example", "Cheap pills evil.com", "me@evil.com", "www.evil.com now"]
)
def test_a_name_that_is_an_advertisement_is_left_out(read, name):
    mail = read(with_request(name=name, pickup_location=name), "booked")
    assert "evil" not in mail.as_string()
    assert text(mail).startswith("Hello,\n")
    assert "Pickup:         see your booking's page" in text(mail)
    assert mail["To"] == "ada@lovelace.test.com"


def test_the_message_of_a_customer_is_not_mailed(read):
    assert "call me maybe" not in read(with_request(message="call me maybe"), "booked").as_string()


@pytest.mark.parametrize("name", ["O'Brien, J. R.", 'Ada "Countess" Lovelace', "雪 太郎", "\U0001f69c", "a" * 100])
def test_unusual_names_are_kept(read, name):
    mail = read(with_request(name=name), "booked")
    assert mail["To"].addresses[0].display_name == name
    assert f"Hello {name},\n" in text(mail)


def test_markup_in_a_name_is_shown_and_not_run(read):
    page = html(read(with_request(name="<b>Ada<b>"), "booked"))
    assert "&lt;b&gt;Ada&lt;b&gt;" in page


def test_nothing_personal_is_logged(messages, caplog):
    with caplog.at_level(logging.DEBUG):
        for message, booking in BOOKINGS.items():
            messages.compose(mail_about(booking, message))
    assert "ada" not in caplog.text.lower()


def test_a_cancellation_without_a_reason_reads_well(read):
    said = text(read(replace(CANCELLED, reason=""), "cancelled"))
    assert "This booking is canceled.\n" in said


def test_years_are_shown_when_they_differ(read):
    over_new_year = replace(DAYS, start=date(2029, 12, 30))
    assert "Sun, Dec 30, 2029 – Fri, Jan 11, 2030" in text(
        read(with_request(CONFIRMED, days=over_new_year), "confirmed")
    )
