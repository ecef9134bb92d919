"""Which steps a customer is written about, and that the mail and the step are one."""

from datetime import timedelta

import pytest

from lco.domain.booking import State
from lco.errors import DatesTaken, OdooAway
from lco.odoo.errors import OutcomeUnknown
from tests.app.bookings.fakes import DAYS


def test_a_booking_is_written_about_once_for_each_step_that_matters(shop, wanted):
    shop.place(wanted)
    shop.bookings.on_confirmed("BK-1")
    shop.bookings.on_modified("BK-1", DAYS.moved(timedelta(days=1)), None)
    shop.bookings.on_cancelled("BK-1", "")
    shop.bookings.on_cancelled("BK-1", "")
    assert shop.mailed() == ["booked", "confirmed", "changed", "cancelled"]


@pytest.mark.parametrize("answer", [OdooAway(), OutcomeUnknown()])
def test_that_a_request_is_kept_is_written_once_however_long_it_takes(shop, wanted, later, answer):
    shop.odoo.answer = answer
    shop.place(wanted)
    for _ in range(5):
        later(timedelta(minutes=6))
        shop.bookings.attend()
    assert shop.mailed() == ["received"]
    shop.odoo.answer = None
    for _ in range(2):
        later(timedelta(minutes=6))
        shop.bookings.attend()
    assert shop.mailed() == ["received", "booked"]


def test_who_is_told_no_on_the_page_gets_no_mail(shop, wanted):
    shop.odoo.taken = [DAYS]
    with pytest.raises(DatesTaken):
        shop.place(wanted)
    assert shop.mailed() == []


def test_a_step_that_is_not_kept_is_not_written_about(shop, wanted):
    booking = shop.place(wanted)
    shop.mails.breaks_down = True
    with pytest.raises(RuntimeError):
        shop.bookings.on_confirmed("BK-1")
    shop.mails.breaks_down = False
    assert shop.bookings.by_token(booking.token).state is State.BOOKED
    assert shop.mailed() == ["booked"]
    assert shop.audit()[-1] == ("placing", "booked", "answer")
