"""What becomes of bookings that Odoo, or the end of a process, left open."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from lco import clock
from lco.bookings import states as rules
from lco.bookings.errors import NotBooked
from lco.db.models import BookingRow
from lco.domain.booking import Refusal, State
from lco.errors import OdooAway
from lco.odoo.errors import DatesRefused, OutcomeUnknown
from tests.app.bookings.fakes import DAYS

SOON = timedelta(seconds=6)
"""When a request that was kept for the first time is tried again."""
CHECKED = timedelta(minutes=4)


@pytest.fixture
def broken_off(shop, wanted):
    """A booking whose process ended while Odoo was being asked."""
    shop.odoo.answer = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        shop.place(wanted)
    shop.odoo.answer = None
    return shop.audit


@pytest.fixture
def kept(shop, wanted):
    """A request that could not reach Odoo, which is still away."""
    shop.odoo.answer = OdooAway()
    return shop.place(wanted)


def now(shop, booking):
    return shop.bookings.by_token(booking.token)


def attended(shop, booking) -> State:
    shop.bookings.attend()
    return now(shop, booking).state


def test_what_a_crash_broke_off_is_in_checking_after_a_start(shop, wanted, broken_off, later):
    later(timedelta(seconds=30))
    shop.another_process().attend()
    assert broken_off()[-1] == ("placing", "checking", "site")
    assert shop.told("booking:1")[-1] == "booking.changed"
    assert shop.place(wanted).state is State.CHECKING
    assert len(shop.odoo.asked) == 1, "it is not sent again blindly"


def test_what_may_still_be_placed_by_another_process_is_left_alone(shop, broken_off):
    shop.bookings.attend()
    assert broken_off()[-1][1] == "placing"


def test_attending_twice_changes_nothing_more(shop, broken_off, later):
    later(timedelta(seconds=30))
    shop.bookings.attend()
    steps = broken_off()
    shop.bookings.attend()
    assert broken_off() == steps


def test_dates_that_odoo_still_offers_were_never_booked_so_they_are_placed_again(shop, left_open, later):
    later(CHECKED)
    assert attended(shop, left_open) is State.REQUESTED
    later(SOON)
    assert attended(shop, left_open) is State.BOOKED
    assert len(shop.odoo.asked) == 2
    assert [step[1] for step in shop.audit()[2:]] == ["checking", "requested", "placing", "booked"]


def test_dates_that_are_taken_say_nothing(shop, left_open, later):
    shop.odoo.taken = [DAYS]
    later(CHECKED)
    assert attended(shop, left_open) is State.CHECKING


def test_dates_are_asked_for_when_odoo_must_have_ended_then_now_and_then_and_not_for_ever(shop, left_open, later):
    shop.odoo.taken = [DAYS]
    asked = []
    shop.odoo.while_asked = lambda _: asked.append(clock.now())
    for _ in range(180):
        later(timedelta(minutes=1))
        shop.bookings.attend()
    first, last = (moment - left_open.changed_at for moment in (asked[0], asked[-1]))
    assert timedelta(minutes=3) <= first <= timedelta(minutes=4)
    assert timedelta(minutes=55) <= last <= timedelta(minutes=70)
    assert 10 <= len(asked) <= 14
    assert now(shop, left_open).state is State.CHECKING


def test_while_odoo_is_away_nothing_is_decided(shop, left_open, later):
    shop.odoo.answer = OdooAway()
    later(CHECKED)
    assert attended(shop, left_open) is State.CHECKING


def test_an_inquiry_takes_no_dates_so_free_dates_say_nothing_about_it(shop, wanted, later):
    shop.odoo.answer = OutcomeUnknown()
    inquiry = shop.place(replace(wanted, kind="inquiry"))
    shop.odoo.answer = None
    later(CHECKED)
    assert attended(shop, inquiry) is State.CHECKING


def test_taken_dates_after_a_doubt_may_be_our_own(shop, wanted, left_open, later):
    later(CHECKED)
    shop.bookings.attend()
    shop.odoo.answer = DatesRefused(upstream_status=409)
    later(SOON)
    assert attended(shop, left_open) is State.CHECKING
    shop.bookings.on_created("BK-9", 7, wanted.email, DAYS, None)
    assert now(shop, left_open).state is State.BOOKED


def test_a_webhook_that_comes_while_odoo_is_asked_about_the_dates_is_right(shop, wanted, left_open, later):
    later(CHECKED)
    shop.odoo.while_asked = lambda _: shop.bookings.on_created("BK-9", 7, wanted.email, DAYS, None)
    assert attended(shop, left_open) is State.BOOKED


def test_a_kept_request_is_tried_with_growing_pauses_and_at_least_every_five_minutes(shop, kept, later):
    tried = [clock.now()]
    shop.odoo.while_asked = lambda _: tried.append(clock.now())
    for _ in range(1000):
        later(timedelta(seconds=1))
        shop.bookings.attend()
    pauses = [(b - a).total_seconds() for a, b in pairwise(tried)]
    assert pauses[:6] == pytest.approx([5, 10, 20, 40, 80, 160], abs=2)
    assert pauses[6:] == pytest.approx([300] * len(pauses[6:]), abs=2)
    assert now(shop, kept).state is State.REQUESTED


def test_of_many_kept_requests_one_asks_whether_odoo_is_back(shop, wanted, other, kept, later):
    shop.place(other, "another key")
    later(timedelta(seconds=30))
    before = len(shop.odoo.asked)
    shop.bookings.attend()
    assert len(shop.odoo.asked) == before + 1
    shop.odoo.answer = None
    later(timedelta(seconds=30))
    shop.bookings.attend()
    assert shop.bookings.counts()[State.BOOKED] == 2, "and when it is, all are placed"


def test_dates_taken_meanwhile_are_declined_by_mail(shop, kept, later):
    shop.odoo.answer = None
    shop.odoo.taken = [DAYS]
    later(SOON)
    shop.bookings.attend()
    assert (now(shop, kept).state, now(shop, kept).refusal) == (State.DECLINED, Refusal.DATES_TAKEN)
    assert shop.mailed() == ["received", "declined"]


def test_a_request_is_kept_until_its_first_day_begins_at_the_business(shop, wanted, kept, later):
    first_day = datetime.combine(DAYS.start, datetime.min.time(), ZoneInfo("America/Chicago"))
    later(first_day - clock.now() - timedelta(minutes=1))
    assert attended(shop, kept) is State.REQUESTED
    later(timedelta(minutes=7))
    shop.odoo.answer = None
    assert attended(shop, kept) is State.EXPIRED
    assert "nothing was booked" in now(shop, kept).reason
    assert shop.mailed() == ["received", "declined"]
    with pytest.raises(NotBooked):
        shop.place(wanted)


def test_a_request_for_today_is_tried_for_two_hours():
    zone = ZoneInfo("America/Chicago")
    noon = datetime(2030, 1, 7, 12, tzinfo=zone)
    assert rules.kept_until(noon, DAYS.start, zone) == noon + timedelta(hours=2)


def test_an_expired_request_that_odoo_has_all_the_same_is_booked(shop, wanted, kept, later):
    later(DAYS.start - clock.now().date() + timedelta(days=1))
    shop.bookings.attend()
    shop.bookings.on_created("BK-9", 7, wanted.email, DAYS, None)
    assert (now(shop, kept).state, now(shop, kept).refusal, now(shop, kept).reason) == (State.BOOKED, None, "")


def test_two_processes_never_look_after_the_same_booking(shop, kept, later):
    shop.odoo.answer = None
    later(SOON)
    other = shop.another_process()
    shop.odoo.while_asked = lambda _: other.attend()
    shop.bookings.attend()
    assert len(shop.odoo.asked) == 2, "the first attempt, and one more"
    assert now(shop, kept).state is State.BOOKED


def test_what_was_found_due_and_has_moved_on_cannot_be_claimed(shop, kept, later):
    later(SOON)
    with shop.bookings._ledger() as ledger:
        (due,) = ledger.due(clock.now())
        assert ledger.claim(due, clock.now() + SOON) is not None
        assert ledger.claim(due, clock.now() + SOON) is None


def test_an_old_answer_does_not_undo_a_newer_attempt(shop, wanted, later):
    def overtaken(_reference):
        """While the first attempt hangs, its lease ends and a second one is sent, whose answer is open too."""
        shop.odoo.while_asked = lambda _: None
        later(timedelta(seconds=20))
        for pause in (timedelta(), CHECKED, SOON):
            later(pause)
            with shop.store.session() as session:
                session.execute(update(BookingRow).values(due_at=clock.now()))
            shop.odoo.answer = OutcomeUnknown() if pause == SOON else None
            shop.bookings.attend()
        shop.odoo.answer = OdooAway()

    shop.odoo.while_asked = overtaken
    assert shop.place(wanted).state is State.CHECKING, "the first one never arrived, but the second one may have"


def test_one_booking_that_cannot_be_looked_after_does_not_hold_up_the_others(shop, other, left_open, later):
    def break_down_when_asked_for_dates(reference):
        if not reference:
            raise RuntimeError("a mistake of ours")

    shop.odoo.answer = OdooAway()
    second = shop.place(other, "another key")
    shop.odoo.answer = None
    shop.odoo.while_asked = break_down_when_asked_for_dates
    later(CHECKED)
    shop.bookings.attend()
    assert now(shop, left_open).state is State.CHECKING
    assert now(shop, second).state is State.BOOKED
