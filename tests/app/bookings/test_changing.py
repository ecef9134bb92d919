"""A change is made once in spite of lost answers, and never beside another one."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lco.bookings.errors import (
    ChangedMeanwhile,
    ChangeTaken,
    ChangeTooLate,
    ChangeUnderWay,
    NotChangeable,
    NotChanged,
)
from lco.bookings.ical import calendar_entry
from lco.bookings.repository import BookingRepository
from lco.domain.booking import Booking, State
from lco.domain.change import ChangeState, WantedChange
from lco.domain.date_range import DAY, DateRange
from lco.errors import InvalidInput, KeyReused, LcoError, OdooUnavailable
from lco.odoo.errors import BookingInvalid, OutcomeUnknown
from lco.odoo.errors import ChangeTooLate as OdooSaysTooLate
from lco.settings import Settings
from tests.app.bookings.fakes import DAYS, MOWER, BookingServices, FakeOutbox

LONGER = DateRange(DAYS.start, DAYS.end + DAY)
SOON = timedelta(seconds=20)
LATER = timedelta(hours=2)


@pytest.fixture
def rented(services, booking_request) -> Booking:
    """A booking in an Odoo of version 2."""
    services.contract.is_2 = True
    services.place(booking_request)
    return services.bookings.changes.current(services.bookings.service.by_token(token(services)))


def token(services) -> str:
    with services.db.connection() as connection:
        return BookingRepository(connection, FakeOutbox()).read(1).token


def change(services, booking, days=LONGER, key="change", before_odoo: Callable[[], None] = lambda: None, **more):
    booking_request = WantedChange(days, more.pop("version", booking.version), **more)
    return services.bookings.changes.request(booking, booking_request, key, before_odoo)


def now(services, booking) -> Booking:
    return services.bookings.service.by_token(booking.token)


def sequence(booking: Booking) -> int:
    entry = calendar_entry(booking, Settings().business(), "http://localhost").decode()
    return int(entry.partition("SEQUENCE:")[2].split()[0])


def test_change_reaches_page_mail_calendar_and_open_pages(services, rented):
    before = len(services.published())
    assert change(services, rented).state is ChangeState.DONE
    changed = now(services, rented)
    assert changed.request.days == LONGER
    assert sequence(changed) == sequence(rented) + 1
    assert services.mailed()[-1] == "changed"
    assert services.audit()[-1] == ("booked", "booked", "customer")
    assert services.availability.forgotten == [MOWER.id, MOWER.id]
    assert services.published()[before:] == ["booking.modified", "availability.changed", "booking.changed"]


def test_cancellation_is_a_step_of_the_customers(services, rented):
    assert change(services, rented, None, reason="Rain").state is ChangeState.DONE
    cancelled = now(services, rented)
    assert (cancelled.state, cancelled.reason) == (State.CANCELLED, "Rain")
    assert services.audit()[-1] == ("booked", "cancelled", "customer")
    assert services.mailed()[-1] == "cancelled"
    assert services.odoo.taken == []


def test_repeated_key_gives_the_same_outcome_and_is_checked_once(services, rented):
    checks = []
    for _ in range(3):
        assert change(services, rented, before_odoo=lambda: checks.append(1)).state is ChangeState.DONE
    assert (len(services.odoo.attempts), len(checks)) == (1, 1)
    with pytest.raises(KeyReused):
        change(services, rented, DAYS.shift(DAY))


def test_another_customers_same_key_is_another_one(services, rented, other):
    services.place(other, "other")
    second = services.bookings.changes.current(now(services, services.place(other, "other")))
    assert change(services, rented).state is ChangeState.DONE
    assert change(services, second, None).state is ChangeState.DONE


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (BookingInvalid("Closed on that day.", upstream_status=400), InvalidInput),
        (OdooSaysTooLate(upstream_status=403, details={"until": "2030-01-05T06:00:00Z"}), ChangeTooLate),
        (OdooUnavailable(), OdooUnavailable),
    ],
)
def test_refusal_changes_nothing_and_is_the_answer_to_its_key(services, rented, answer, error):
    services.odoo.refuses = answer
    for _ in range(2):
        with pytest.raises(error) as raised:
            change(services, rented)
    assert now(services, rented).request.days == DAYS
    assert "unchanged" not in services.mailed()
    if error is ChangeTooLate:
        assert raised.value.until == datetime(2030, 1, 5, 6, tzinfo=UTC)


def test_odoo_out_of_reach_leaves_the_key_free(services, rented):
    services.odoo.refuses = OdooUnavailable()
    with pytest.raises(OdooUnavailable):
        change(services, rented)
    services.odoo.refuses = None
    assert change(services, rented).state is ChangeState.DONE
    assert len(set(services.odoo.attempts)) == 1


def test_taken_days_are_read_again(services, rented, other):
    services.place(replace(other, days=DateRange(DAYS.end, DAYS.end + DAY)), "next")
    forgotten = len(services.availability.forgotten)
    with pytest.raises(ChangeTaken):
        change(services, rented)
    assert services.availability.forgotten[forgotten:] == [MOWER.id]


def test_change_of_an_older_version_shows_the_newer_one(services, rented):
    moved = DAYS.shift(DAY * 30)
    services.odoo.booked["BK-1"] = replace(
        services.odoo.booked["BK-1"], start=moved.start, end=moved.end, version=2
    )
    with pytest.raises(ChangedMeanwhile):
        change(services, rented)
    assert now(services, rented).request.days == moved
    assert now(services, rented).version == 2


def test_lost_answer_is_settled_by_the_same_key(services, rented, advance_clock):
    services.odoo.loses_answers = True
    assert change(services, rented).state is ChangeState.SENDING
    assert services.bookings.changes.pending(rented)
    with pytest.raises(ChangeUnderWay):
        change(services, rented, None, key="another")
    services.odoo.loses_answers = False
    advance_clock(SOON)
    services.bookings.change_sender.process_due()
    assert services.bookings.changes.pending(rented) is None
    assert now(services, rented).request.days == LONGER
    assert len(set(services.odoo.attempts)) == 1
    assert services.odoo.booked["BK-1"].version == 2
    assert services.mailed().count("changed") == 1
    assert change(services, rented).state is ChangeState.DONE


def test_refusal_after_a_lost_answer_is_mailed(services, rented, advance_clock):
    services.odoo.refuses = OutcomeUnknown()
    assert change(services, rented).state is ChangeState.SENDING
    services.odoo.refuses = OdooSaysTooLate(upstream_status=403)
    advance_clock(SOON)
    services.bookings.change_sender.process_due()
    assert services.mailed()[-1] == "unchanged"
    with pytest.raises(ChangeTooLate):
        change(services, rented)


def test_odoo_away_after_a_lost_answer_settles_nothing(services, rented, advance_clock):
    services.odoo.loses_answers = True
    change(services, rented)
    services.odoo.refuses = OdooUnavailable()
    advance_clock(SOON)
    services.bookings.change_sender.process_due()
    assert services.bookings.changes.pending(rented)


@pytest.mark.parametrize("is_made", [True, False])
def test_request_without_an_outcome_for_an_hour_is_settled_by_reading(services, rented, advance_clock, is_made):
    services.odoo.loses_answers = is_made
    services.odoo.refuses = None if is_made else OutcomeUnknown()
    assert change(services, rented).state is ChangeState.SENDING
    services.odoo.refuses, services.odoo.loses_answers = None, False
    advance_clock(LATER)
    services.bookings.change_sender.process_due()
    assert len(services.odoo.attempts) == 1
    assert services.bookings.changes.pending(rented) is None
    assert now(services, rented).request.days == (LONGER if is_made else DAYS)
    if not is_made:
        with pytest.raises(NotChanged):
            change(services, rented)


def test_many_processes_settle_one_request_once(services, rented, advance_clock):
    services.odoo.loses_answers = True
    change(services, rented)
    services.odoo.loses_answers = False
    advance_clock(SOON)
    processes = [services.another_process() for _ in range(6)]
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda process: process.change_sender.process_due(), processes))
    assert len(services.odoo.attempts) == 2
    assert services.mailed().count("changed") == 1


def test_with_version_1_or_a_rental_that_is_over_there_is_nothing_to_change(services, rented):
    services.contract.is_2 = False
    with pytest.raises(NotChangeable):
        change(services, rented)
    services.contract.is_2 = True
    with pytest.raises(NotChangeable):
        change(services, replace(rented, returned_on=DAYS.end))
    change(services, rented, None)
    with pytest.raises(NotChangeable):
        change(services, now(services, rented), key="again")


def test_extension_and_bookings_of_the_same_day_at_once_have_one_winner(services, rented, booking_request):
    """25 times the extension, from windows of one customer, against 25 other customers who want its day."""
    day = DateRange(DAYS.end, DAYS.end + DAY)

    def extend(number: int) -> bool:
        try:
            return change(services, rented, key=f"extend {number}").state is ChangeState.DONE
        except LcoError:
            return False

    def book(number: int) -> bool:
        request = replace(booking_request, days=day, email=f"c{number}@example.com")
        try:
            return services.place(request, f"book {number}").state is State.BOOKED
        except LcoError:
            return False

    tries = [(extend if number % 2 else book, number) for number in range(50)]
    with ThreadPoolExecutor(16) as threads:
        won = list(threads.map(lambda one: one[0](one[1]), tries))
    assert won.count(True) == 1
    taken = sorted(services.odoo.taken)
    assert all(not one.overlaps(after) for one, after in itertools.pairwise(taken))
    winner = tries[won.index(True)][0]
    assert now(services, rented).request.days == (LONGER if winner is extend else DAYS)


def test_longer_unconfirmed_booking_keeps_to_the_limit_of_days(db, booking_request):
    services = BookingServices(db, max_open_days=6)
    services.contract.is_2 = True
    services.place(booking_request)
    booking = services.bookings.changes.current(now(services, services.place(booking_request)))
    with pytest.raises(InvalidInput, match="at most 6"):
        change(services, booking, DateRange(DAYS.start, DAYS.start + DAY * 7))
    assert change(services, booking, DateRange(DAYS.start, DAYS.start + DAY * 6)).state is ChangeState.DONE
