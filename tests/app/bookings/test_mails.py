"""The steps that send a mail to the customer, and that mail and step are one transaction."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lco.bookings.errors import AlreadyRequested
from lco.domain.booking import State
from lco.errors import DatesTaken, OdooUnavailable
from lco.odoo.errors import OutcomeUnknown
from tests.app.bookings.fakes import DAYS


def test_a_booking_is_written_about_once_for_each_step_that_matters(services, booking_request):
    services.place(booking_request)
    services.on_confirmed("BK-1")
    services.on_modified("BK-1", DAYS.shift(timedelta(days=1)), None)
    services.on_cancelled("BK-1", "")
    services.on_cancelled("BK-1", "")
    assert services.mailed() == ["booked", "confirmed", "changed", "cancelled"]


def test_customer_is_written_when_the_machine_goes_out_and_when_it_is_back(services, booking_request):
    services.place(booking_request)
    services.on_modified("BK-1", picked_up_on=DAYS.start)
    services.on_modified("BK-1", DAYS.shift(timedelta(days=1)), picked_up_on=DAYS.start)
    services.on_modified("BK-1", picked_up_on=DAYS.start, returned_on=DAYS.end)
    assert services.mailed() == ["booked", "picked_up", "changed", "returned"]


@pytest.mark.parametrize("answer", [OdooUnavailable(), OutcomeUnknown()])
def test_that_a_request_is_kept_is_written_once_however_long_it_takes(
    services, booking_request, advance_clock, answer
):
    services.odoo.answer = answer
    services.place(booking_request)
    for _ in range(5):
        advance_clock(timedelta(minutes=6))
        services.bookings.recovery.process_due()
    assert services.mailed() == ["received"]
    services.odoo.answer = None
    for _ in range(2):
        advance_clock(timedelta(minutes=6))
        services.bookings.recovery.process_due()
    assert services.mailed() == ["received", "booked"]


def test_a_refusal_shown_on_the_page_is_not_mailed(services, booking_request):
    services.odoo.taken = [DAYS]
    with pytest.raises(DatesTaken):
        services.place(booking_request)
    assert services.mailed() == []


def test_a_step_that_is_not_kept_is_not_written_about(services, booking_request):
    booking = services.place(booking_request)
    services.mails.breaks_down = True
    with pytest.raises(RuntimeError):
        services.on_confirmed("BK-1")
    services.mails.breaks_down = False
    assert services.bookings.service.by_token(booking.token).state is State.BOOKED
    assert services.mailed() == ["booked"]
    assert services.audit()[-1] == ("placing", "booked", "answer")


def test_link_goes_to_the_mail_address_that_another_name_has_given(services, booking_request):
    services.place(booking_request)
    with pytest.raises(AlreadyRequested):
        services.place(replace(booking_request, name="Eve"), "another key")
    assert services.mailed() == ["booked", "link"]
    assert services.stored() == 1
