"""Recovery of bookings that Odoo, or the end of a process, left open."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from lco import clock
from lco.bookings import states
from lco.bookings.errors import NotBooked
from lco.db.models import BookingRow
from lco.domain.booking import DeclineReason, State
from lco.errors import OdooUnavailable
from lco.odoo.errors import DatesRefused, OutcomeUnknown
from tests.app.bookings.fakes import DAYS

SOON = timedelta(seconds=6)
"""When a request that was kept for the first time is tried again."""
CHECKED = timedelta(minutes=4)


@pytest.fixture
def broken_off(services, booking_request):
    """A booking whose process ended while Odoo was being asked."""
    services.odoo.answer = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        services.place(booking_request)
    services.odoo.answer = None
    return services.audit


@pytest.fixture
def kept(services, booking_request):
    """A request that could not reach Odoo, which is still away."""
    services.odoo.answer = OdooUnavailable()
    return services.place(booking_request)


def now(services, booking):
    return services.bookings.service.by_token(booking.token)


def attended(services, booking) -> State:
    services.bookings.recovery.process_due()
    return now(services, booking).state


def test_a_booking_broken_off_by_a_crash_is_in_checking_after_a_start(
    services, booking_request, broken_off, advance_clock
):
    advance_clock(timedelta(seconds=30))
    services.another_process().recovery.process_due()
    assert broken_off()[-1] == ("placing", "checking", "site")
    assert services.published("booking:1")[-1] == "booking.changed"
    assert services.place(booking_request).state is State.CHECKING
    assert len(services.odoo.asked) == 1, "it is not sent again blindly"


def test_a_booking_that_another_process_may_be_placing_is_left_alone(services, broken_off):
    services.bookings.recovery.process_due()
    assert broken_off()[-1][1] == "placing"


def test_attending_twice_changes_nothing_more(services, broken_off, advance_clock):
    advance_clock(timedelta(seconds=30))
    services.bookings.recovery.process_due()
    steps = broken_off()
    services.bookings.recovery.process_due()
    assert broken_off() == steps


def test_dates_that_odoo_still_offers_were_never_booked_so_they_are_placed_again(
    services, left_open, advance_clock
):
    advance_clock(CHECKED)
    assert attended(services, left_open) is State.REQUESTED
    advance_clock(SOON)
    assert attended(services, left_open) is State.BOOKED
    assert len(services.odoo.asked) == 2
    assert [step[1] for step in services.audit()[2:]] == ["checking", "requested", "placing", "booked"]


def test_taken_dates_decide_nothing(services, left_open, advance_clock):
    services.odoo.taken = [DAYS]
    advance_clock(CHECKED)
    assert attended(services, left_open) is State.CHECKING


def test_dates_are_checked_after_3_minutes_then_every_5_for_an_hour(services, left_open, advance_clock):
    services.odoo.taken = [DAYS]
    asked = []
    services.odoo.while_asked = lambda _: asked.append(clock.now())
    for _ in range(180):
        advance_clock(timedelta(minutes=1))
        services.bookings.recovery.process_due()
    first, last = (moment - left_open.changed_at for moment in (asked[0], asked[-1]))
    assert timedelta(minutes=3) <= first <= timedelta(minutes=4)
    assert timedelta(minutes=55) <= last <= timedelta(minutes=70)
    assert 10 <= len(asked) <= 14
    assert now(services, left_open).state is State.CHECKING


def test_while_odoo_is_away_nothing_is_decided(services, left_open, advance_clock):
    services.odoo.answer = OdooUnavailable()
    advance_clock(CHECKED)
    assert attended(services, left_open) is State.CHECKING


def test_an_inquiry_takes_no_dates_so_free_dates_decide_nothing_about_it(services, booking_request, advance_clock):
    services.odoo.answer = OutcomeUnknown()
    inquiry = services.place(replace(booking_request, kind="inquiry"))
    services.odoo.answer = None
    advance_clock(CHECKED)
    assert attended(services, inquiry) is State.CHECKING


def test_taken_dates_after_a_doubt_may_be_our_own(services, booking_request, left_open, advance_clock):
    advance_clock(CHECKED)
    services.bookings.recovery.process_due()
    services.odoo.answer = DatesRefused(upstream_status=409)
    advance_clock(SOON)
    assert attended(services, left_open) is State.CHECKING
    services.on_created("BK-9", 7, booking_request.email, DAYS, None)
    assert now(services, left_open).state is State.BOOKED


def test_a_webhook_that_comes_while_odoo_is_asked_about_the_dates_is_right(
    services, booking_request, left_open, advance_clock
):
    advance_clock(CHECKED)
    services.odoo.while_asked = lambda _: services.on_created("BK-9", 7, booking_request.email, DAYS, None)
    assert attended(services, left_open) is State.BOOKED


def test_a_kept_request_is_tried_with_growing_pauses_and_at_least_every_five_minutes(
    services, kept, advance_clock
):
    tried = [clock.now()]
    services.odoo.while_asked = lambda _: tried.append(clock.now())
    for _ in range(1000):
        advance_clock(timedelta(seconds=1))
        services.bookings.recovery.process_due()
    pauses = [(b - a).total_seconds() for a, b in pairwise(tried)]
    assert pauses[:6] == pytest.approx([5, 10, 20, 40, 80, 160], abs=2)
    assert pauses[6:] == pytest.approx([300] * len(pauses[6:]), abs=2)
    assert now(services, kept).state is State.REQUESTED


def test_of_many_kept_requests_one_asks_whether_odoo_is_back(
    services, booking_request, other, kept, advance_clock
):
    services.place(other, "another key")
    advance_clock(timedelta(seconds=30))
    before = len(services.odoo.asked)
    services.bookings.recovery.process_due()
    assert len(services.odoo.asked) == before + 1
    services.odoo.answer = None
    advance_clock(timedelta(seconds=30))
    services.bookings.recovery.process_due()
    assert services.bookings.admin.counts()[State.BOOKED] == 2, "and when it is, all are placed"


def test_of_many_kept_requests_one_finds_out_that_odoo_takes_calls_and_never_answers(
    services, other, kept, advance_clock
):
    """Each would delay the others for as long as a call may take (F11b)."""
    services.odoo.answer = OdooUnavailable()
    rest = services.place(other, "another key")
    advance_clock(timedelta(seconds=30))
    services.odoo.answer = OutcomeUnknown()
    before = len(services.odoo.asked)
    services.bookings.recovery.process_due()
    assert len(services.odoo.asked) == before + 1
    assert [now(services, kept).state, now(services, rest).state] == [State.CHECKING, State.REQUESTED]


def test_dates_taken_meanwhile_are_declined_by_mail(services, kept, advance_clock):
    services.odoo.answer = None
    services.odoo.taken = [DAYS]
    advance_clock(SOON)
    services.bookings.recovery.process_due()
    assert (now(services, kept).state, now(services, kept).refusal) == (State.DECLINED, DeclineReason.DATES_TAKEN)
    assert services.mailed() == ["received", "declined"]


def test_a_request_is_kept_until_its_first_day_begins_at_the_business(
    services, booking_request, kept, advance_clock
):
    first_day = datetime.combine(DAYS.start, datetime.min.time(), ZoneInfo("America/Chicago"))
    advance_clock(first_day - clock.now() - timedelta(minutes=1))
    assert attended(services, kept) is State.REQUESTED
    advance_clock(timedelta(minutes=7))
    services.odoo.answer = None
    assert attended(services, kept) is State.EXPIRED
    assert "nothing was booked" in now(services, kept).reason
    assert services.mailed() == ["received", "declined"]
    with pytest.raises(NotBooked):
        services.place(booking_request)


def test_a_request_for_today_is_tried_for_two_hours():
    zone = ZoneInfo("America/Chicago")
    noon = datetime(2030, 1, 7, 12, tzinfo=zone)
    assert states.kept_until(noon, DAYS.start, zone) == noon + timedelta(hours=2)


def test_an_expired_request_that_odoo_has_all_the_same_is_booked(services, booking_request, kept, advance_clock):
    advance_clock(DAYS.start - clock.now().date() + timedelta(days=1))
    services.bookings.recovery.process_due()
    services.on_created("BK-9", 7, booking_request.email, DAYS, None)
    assert (now(services, kept).state, now(services, kept).refusal, now(services, kept).reason) == (
        State.BOOKED,
        None,
        "",
    )


def test_two_processes_never_look_after_the_same_booking(services, kept, advance_clock):
    services.odoo.answer = None
    advance_clock(SOON)
    other = services.another_process()
    services.odoo.while_asked = lambda _: other.recovery.process_due()
    services.bookings.recovery.process_due()
    assert len(services.odoo.asked) == 2, "the first attempt, and one more"
    assert now(services, kept).state is State.BOOKED


def test_a_due_booking_that_has_changed_cannot_be_claimed(services, kept, advance_clock):
    advance_clock(SOON)
    with services.bookings.recovery._uow() as repository:
        (due,) = repository.due(clock.now())
        assert repository.claim(due, clock.now() + SOON) is not None
        assert repository.claim(due, clock.now() + SOON) is None


def test_an_old_answer_does_not_undo_a_newer_attempt(services, booking_request, advance_clock):
    def overtaken(_reference):
        """While the first attempt hangs, its lease ends and a second one is sent, whose answer is open too."""
        services.odoo.while_asked = lambda _: None
        advance_clock(timedelta(seconds=20))
        for pause in (timedelta(), CHECKED, SOON):
            advance_clock(pause)
            with services.db.session() as session:
                session.execute(update(BookingRow).values(due_at=clock.now()))
            services.odoo.answer = OutcomeUnknown() if pause == SOON else None
            services.bookings.recovery.process_due()
        services.odoo.answer = OdooUnavailable()

    services.odoo.while_asked = overtaken
    assert services.place(booking_request).state is State.CHECKING, (
        "the first one never arrived, but the second one may have"
    )


def test_one_booking_that_cannot_be_looked_after_does_not_hold_up_the_others(
    services, other, left_open, advance_clock
):
    def break_down_when_asked_for_dates(reference):
        if not reference:
            raise RuntimeError("a mistake of ours")

    services.odoo.answer = OdooUnavailable()
    second = services.place(other, "another key")
    services.odoo.answer = None
    services.odoo.while_asked = break_down_when_asked_for_dates
    advance_clock(CHECKED)
    services.bookings.recovery.process_due()
    assert now(services, left_open).state is State.CHECKING
    assert now(services, second).state is State.BOOKED


@pytest.mark.parametrize("shift", [-3, 0, 3])
def test_dates_that_another_customer_got_meanwhile_are_declined(services, left_open, advance_clock, shift):
    services.on_created("BK-9", 7, "eve@example.com", DAYS.shift(timedelta(days=shift)))
    services.odoo.taken = [DAYS]
    advance_clock(CHECKED)
    assert attended(services, left_open) is State.DECLINED
    assert "Another customer has booked" in now(services, left_open).reason
    assert services.mailed() == ["received", "declined"]


def test_bookings_of_others_that_leave_the_dates_free_decide_nothing(services, left_open, advance_clock):
    services.on_created("BK-7", 7, "eve@example.com", DAYS.shift(timedelta(days=7)))
    services.on_created("BK-8", 8, "eve@example.com", DAYS)
    services.on_created("BK-9", 7, "eve@example.com", DAYS)
    services.on_cancelled("BK-9")
    services.on_created("BK-10", 7, "eve@example.com", DAYS)
    services.on_modified("BK-10", DAYS.shift(timedelta(days=30)))
    services.odoo.taken = [DAYS]
    advance_clock(CHECKED)
    assert attended(services, left_open) is State.CHECKING


def test_declined_for_another_customer_is_booked_when_odoo_reports_it(services, left_open, advance_clock):
    services.on_created("BK-9", 7, "eve@example.com", DAYS)
    services.odoo.taken = [DAYS]
    advance_clock(CHECKED)
    attended(services, left_open)
    services.on_created("BK-1", 7, "ada@example.com", DAYS)
    assert now(services, left_open).state is State.BOOKED


def test_request_whose_clock_was_an_hour_ahead_is_placed_at_once(services, kept):
    """An instant later than any pause is a mistake of a clock: the request is not left alone for an hour (F15)."""
    with services.db.session() as session:
        session.execute(update(BookingRow).values(due_at=clock.now() + timedelta(hours=1)))
    services.odoo.answer = None
    services.bookings.recovery.process_due()
    assert now(services, kept).state is State.BOOKED
