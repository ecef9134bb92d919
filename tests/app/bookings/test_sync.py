"""Bookings are updated from Odoo's changes feed without any webhook."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from lco.domain.booking import BookingEvent, State
from lco.odoo.errors import DatesRefused, OutcomeUnknown
from tests.app.bookings.fakes import DAYS, usd


@pytest.fixture
def reader(services):
    services.contract.is_2 = True
    services.bookings.sync.read()
    return services.odoo


@pytest.fixture
def placed(services, reader, booking_request):
    return services.place(booking_request)


def record(number, **terms):
    """The booking BK-1 as Odoo has it in this version."""
    days = DAYS.shift(timedelta(days=number))
    base = BookingEvent("BK-1", State.BOOKED, vehicle_id=7, start=days.start, end=days.end, currency="USD")
    return replace(base, amount=Decimal(number), version=number, **terms)


def now(services, booking):
    return services.bookings.service.by_token(booking.token)


def test_a_change_without_a_webhook_reaches_page_and_mail_once(services, reader, placed):
    reader.write(record(2, state=State.CONFIRMED))
    for _ in range(2):
        services.bookings.sync.read()
    after = now(services, placed)
    assert (after.state, after.total, after.version) == (State.CONFIRMED, usd("2"), 2)
    assert after.request.days == DAYS.shift(timedelta(days=2))
    assert services.mailed() == ["booked", "confirmed"]
    assert reader.reads == ["BK-1"]


def test_many_changes_of_a_booking_are_one_call(services, reader, placed):
    for number in range(1, 4):
        reader.write(record(number))
    services.bookings.sync.read()
    assert reader.reads == ["BK-1"]
    assert now(services, placed).total == usd("3")


def test_bookings_that_were_made_in_odoo_itself_are_not_read(services, reader, placed):
    reader.write(replace(record(1), reference="BK-77"))
    services.bookings.sync.read()
    assert reader.reads == []


def test_a_deleted_booking_is_cancelled(services, reader, placed):
    reader.delete("BK-1", 9)
    services.bookings.sync.read()
    assert now(services, placed).state is State.CANCELLED


def test_an_expired_cursor_leads_to_a_full_reading(services, reader, booking_request):
    bookings = []
    for number in range(5):
        request = replace(booking_request, days=DAYS.shift(timedelta(days=7 * number)))
        bookings.append(services.place(request, str(number)))
        reader.records[bookings[-1].reference] = BookingEvent(
            bookings[-1].reference, State.CONFIRMED, amount=Decimal(number + 1), version=4
        )
    reader.epoch = "b"
    services.bookings.sync.read()
    assert [now(services, one).state for one in bookings] == [State.CONFIRMED] * 5
    reader.write(replace(record(5, state=State.CONFIRMED)))
    services.bookings.sync.read()
    assert now(services, bookings[0]).total == usd("5"), "and the feed is followed again"


def test_the_cursor_stays_when_the_changes_cannot_be_applied(services, reader, placed):
    reader.write(record(2))
    services.mails.breaks_down = True
    with pytest.raises(RuntimeError):
        services.bookings.sync.read()
    services.mails.breaks_down = False
    services.bookings.sync.read()
    assert now(services, placed).total == usd("2")


@pytest.mark.parametrize("order", list(permutations(range(2, 6))))
def test_webhooks_in_any_order_beside_the_feed_end_at_odoos_state(services, reader, placed, order):
    for number in range(2, 6):
        reader.write(record(number))
    services.bookings.events.on_changed(record(order[0]))
    services.bookings.events.on_changed(record(order[1]))
    services.bookings.sync.read()
    for number in order[2:]:
        services.bookings.events.on_changed(record(number))
    assert now(services, placed).total == usd("5")


def test_every_order_of_five_deliveries_ends_at_odoos_state(services, reader, booking_request):
    states = (State.BOOKED, State.CONFIRMED, State.CONFIRMED, State.CONFIRMED, State.CANCELLED)
    for number, order in enumerate(permutations(range(5))):
        booking = services.place(
            replace(booking_request, days=DAYS.shift(timedelta(days=7 * number))), str(number)
        )
        terms = {"vehicle_id": 7, "start": booking.request.days.start, "currency": "USD"}
        for step in order:
            end = booking.request.days.start + timedelta(days=step + 1)
            event = BookingEvent(
                booking.reference, states[step], end=end, amount=Decimal(step), version=step, **terms
            )
            services.bookings.events.on_changed(event)
        after = now(services, booking)
        assert (after.state, len(after.request.days), after.total) == (State.CANCELLED, 5, usd("4")), order


def test_an_odoo_of_version_1_is_not_asked(services, booking_request):
    services.place(booking_request)
    services.odoo.changes = None
    services.bookings.sync.read()


@pytest.fixture
def checking(services, reader, booking_request):
    reader.answer = OutcomeUnknown()
    booking = services.place(booking_request)
    reader.answer = None
    return booking


def test_a_booking_in_checking_is_settled_by_its_key(services, reader, checking, advance_clock):
    reader.by_key[checking.odoo_key] = record(3)
    advance_clock(timedelta(minutes=4))
    services.bookings.recovery.process_due()
    settled = now(services, checking)
    assert (settled.state, settled.reference, settled.total) == (State.BOOKED, "BK-1", usd("3"))


def test_a_booking_that_odoo_has_not_made_is_declined_when_others_have_its_days(
    services, reader, checking, advance_clock
):
    reader.answer = DatesRefused(upstream_status=409)
    for minutes in (4, 5):
        advance_clock(timedelta(minutes=minutes))
        services.bookings.recovery.process_due()
    assert now(services, checking).state is State.DECLINED
    assert services.mailed()[-1] == "declined"
