"""What webhooks tell of bookings, twice, early, late, or about bookings that were made in Odoo itself."""

from datetime import timedelta
from itertools import permutations

import pytest

from lco.domain.booking import State
from lco.errors import DatesTaken, OdooAway
from lco.odoo.errors import DatesRefused, OutcomeUnknown
from tests.app.bookings.fakes import DAYS, usd

OTHER_DAYS = DAYS.moved(timedelta(days=1))


@pytest.fixture
def booked(shop, wanted):
    return shop.place(wanted)


@pytest.fixture
def left_open(shop, wanted):
    shop.odoo.answer = OutcomeUnknown()
    booking = shop.place(wanted)
    shop.odoo.answer = None
    return booking


def now(shop, booking):
    return shop.bookings.by_token(booking.token)


def test_a_created_booking_settles_the_one_left_open(shop, left_open):
    shop.bookings.on_created("BK-9", 7, "ADA@example.com", DAYS, usd("500"))
    settled = now(shop, left_open)
    assert (settled.state, settled.reference, settled.total) == (State.BOOKED, "BK-9", usd("500"))
    assert shop.told("booking:1")[-1] == "booking.created"
    assert shop.told("vehicle:7") == ["availability.changed"]
    assert shop.availability.forgotten == [7]


@pytest.mark.parametrize(
    ("vehicle_id", "email", "days"),
    [
        (6, "ada@example.com", DAYS),
        (7, "bob@example.com", DAYS),
        (7, "ada@example.com", OTHER_DAYS),
        (7, None, DAYS),
    ],
)
def test_somebody_elses_booking_settles_nothing(shop, left_open, vehicle_id, email, days):
    shop.bookings.on_created("BK-9", vehicle_id, email, days, None)
    assert now(shop, left_open).state is State.CHECKING
    assert shop.told("bookings") == ["booking.created"]


def test_a_created_booking_without_dates_settles_by_vehicle_and_mail(shop, left_open):
    shop.bookings.on_created("BK-9", 7, "ada@example.com", None, None)
    assert now(shop, left_open).state is State.BOOKED


def test_two_left_open_are_settled_in_the_order_they_were_sent(shop, wanted, left_open):
    shop.odoo.answer = OutcomeUnknown()
    second = shop.place(wanted, "another key")
    shop.bookings.on_created("BK-9", 7, wanted.email, DAYS, None)
    assert now(shop, left_open).state is State.BOOKED
    assert now(shop, second).state is State.CHECKING


def test_a_webhook_that_overtakes_the_answer_changes_nothing(shop, wanted):
    shop.odoo.while_asked = lambda reference: shop.bookings.on_created(
        reference, 7, wanted.email, DAYS, usd("640")
    )
    booking = shop.place(wanted)
    assert (booking.state, booking.reference, booking.odoo_message) == (State.BOOKED, "BK-1", "Thank you.")
    assert shop.told("booking:1").count("booking.created") == 1
    assert shop.told("bookings") == []


def test_a_webhook_that_overtakes_settles_what_odoo_never_answers(shop, wanted):
    shop.odoo.while_asked = lambda reference: shop.bookings.on_created(reference, 7, wanted.email, DAYS, None)
    shop.odoo.answer = OutcomeUnknown()
    booking = shop.place(wanted)
    assert (booking.state, booking.reference) == (State.BOOKED, "BK-1")


def test_a_no_is_a_no_whatever_a_webhook_says_of_a_booking_like_it(shop, wanted):
    shop.odoo.while_asked = lambda _: shop.bookings.on_created("BK-9", 7, wanted.email, DAYS, None)
    shop.odoo.answer = DatesRefused(upstream_status=409)
    with pytest.raises(DatesTaken):
        shop.place(wanted)


def test_of_two_alike_that_are_placed_at_once_the_one_that_odoo_made_is_booked(shop, wanted):
    refused = []

    def second() -> None:
        try:
            shop.place(wanted, "second")
        except DatesTaken as error:
            refused.append(error)

    def overtaken(reference: str) -> None:
        shop.odoo.while_asked = lambda _: None
        shop.odoo.taken = [DAYS]
        second()
        shop.bookings.on_created(reference, 7, wanted.email, DAYS, None)
        shop.odoo.taken = []

    shop.odoo.while_asked = overtaken
    first = shop.place(wanted, "first")
    assert (first.state, first.reference) == (State.BOOKED, "BK-1")
    assert len(refused) == 1
    assert shop.told().count("booking.created") == 1


def test_what_is_in_checking_waits_for_the_answer_to_another_like_it(shop, wanted, left_open):
    def told_of_the_first(_reference):
        shop.bookings.on_created("BK-9", 7, wanted.email, DAYS, None)
        assert now(shop, left_open).state is State.CHECKING, "it may be about the one being placed"

    shop.odoo.while_asked = told_of_the_first
    shop.odoo.answer = DatesRefused(upstream_status=409)
    with pytest.raises(DatesTaken):
        shop.place(wanted, "another key")
    assert (now(shop, left_open).state, now(shop, left_open).reference) == (State.BOOKED, "BK-9")


def test_a_confirmation_that_overtakes_the_answer_is_not_lost(shop, wanted):
    def confirmed_at_once(reference):
        shop.bookings.on_created(reference, 7, wanted.email, DAYS, None)
        shop.bookings.on_confirmed(reference)

    shop.odoo.while_asked = confirmed_at_once
    assert shop.place(wanted).state is State.CONFIRMED


@pytest.mark.parametrize("order", list(permutations(["created", "confirmed", "cancelled"])))
@pytest.mark.parametrize("moment", ["before the answer", "after it"])
def test_in_whatever_order_news_come_the_booking_ends_cancelled(shop, wanted, order, moment):
    def tell(reference):
        for event in order:
            match event:
                case "created":
                    shop.bookings.on_created(reference, 7, wanted.email, DAYS, None)
                case "confirmed":
                    shop.bookings.on_confirmed(reference)
                case "cancelled":
                    shop.bookings.on_cancelled(reference, "Flooded")

    if moment == "before the answer":
        shop.odoo.while_asked = tell
    booking = shop.place(wanted)
    if moment == "after it":
        tell("BK-1")
    settled = now(shop, booking)
    assert (settled.state, settled.reason) == (State.CANCELLED, "Flooded")
    assert shop.told("booking:1").count("booking.cancelled") == 1


def test_a_confirmation_is_told_once_however_often_it_comes(shop, booked):
    for _ in range(3):
        shop.bookings.on_confirmed(booked.reference)
    assert now(shop, booked).state is State.CONFIRMED
    assert now(shop, booked).changes == 1
    assert shop.told("booking:1").count("booking.confirmed") == 1
    assert shop.audit()[-1] == ("booked", "confirmed", "webhook")


def test_a_cancellation_sets_the_days_free_and_keeps_its_reason_private(shop, booked):
    shop.availability.forgotten.clear()
    shop.bookings.on_cancelled(booked.reference, "Customer Ada is ill")
    assert now(shop, booked).reason == "Customer Ada is ill"
    assert shop.availability.forgotten == [7]
    assert shop.told("vehicle:7") == ["availability.changed"] * 2
    assert "ill" not in shop.said()


def test_a_modification_moves_days_and_total_once(shop, booked):
    for _ in range(2):
        shop.bookings.on_modified(booked.reference, OTHER_DAYS, usd("700"))
    modified = now(shop, booked)
    assert (modified.request.days, modified.total, modified.changes) == (OTHER_DAYS, usd("700"), 1)
    assert shop.told("booking:1").count("booking.modified") == 1
    assert modified.state is State.BOOKED


@pytest.mark.parametrize(("days", "total"), [(OTHER_DAYS, None), (None, usd("1"))])
def test_a_modification_leaves_what_it_does_not_mention(shop, booked, days, total):
    shop.bookings.on_modified(booked.reference, days, total)
    modified = now(shop, booked)
    assert modified.request.days == (days or DAYS)
    assert modified.total == (total or booked.total)


def test_a_modification_that_does_not_say_what_changed_is_passed_on(shop, booked):
    shop.bookings.on_modified(booked.reference, None, None)
    assert shop.told("booking:1")[-1] == "booking.modified"
    assert now(shop, booked) == booked


def test_a_replay_still_works_after_a_modification(shop, wanted, booked):
    shop.bookings.on_modified(booked.reference, OTHER_DAYS, None)
    assert shop.place(wanted).token == booked.token


def test_bookings_made_in_odoo_itself_are_public_too(shop):
    shop.bookings.on_created("BK-77", 7, "someone@example.com", DAYS, usd("1"))
    shop.bookings.on_confirmed("BK-77")
    shop.bookings.on_modified("BK-77", OTHER_DAYS, None)
    shop.bookings.on_cancelled("BK-77", "Someone is ill")
    assert shop.told("bookings") == [
        "booking.created",
        "booking.confirmed",
        "booking.modified",
        "booking.cancelled",
    ]
    assert shop.told("vehicle:7") == ["availability.changed"]
    first = shop.changes.since(shop.start)[0]
    assert first.data == {
        "booking_ref": "BK-77",
        "vehicle_id": 7,
        "date_from": "2030-01-07",
        "date_to": "2030-01-11",
    }
    assert "ill" not in shop.said()
    assert "someone" not in shop.said()


def test_a_stranger_is_told_once_however_often_it_comes(shop):
    for _ in range(2):
        shop.bookings.on_created("BK-77", 7, "someone@example.com", DAYS, None)
        shop.bookings.on_confirmed("BK-77")
    assert shop.told("bookings") == ["booking.created", "booking.confirmed"]


def test_a_strangers_vehicle_that_nobody_knows_is_no_obstacle(shop):
    shop.catalogue.vehicles.clear()
    shop.bookings.on_created("BK-77", 7, "someone@example.com", DAYS, None)
    assert shop.told() == ["booking.created"]


@pytest.mark.parametrize("reference", ["", "\x00", "\ud800", "x" * 5000])
def test_odd_references_change_nothing(shop, booked, reference):
    shop.bookings.on_cancelled(reference, "odd")
    assert now(shop, booked).state is State.BOOKED


def test_early_news_are_forgotten_after_a_day(shop, wanted, later):
    shop.bookings.on_cancelled("BK-1", "an old one")
    later(timedelta(days=2))
    shop.bookings.on_confirmed("BK-2")
    assert shop.place(wanted).state is State.BOOKED


def test_a_kept_request_that_somebody_booked_in_odoo_by_hand_is_booked(shop, wanted, later):
    shop.odoo.answer = OdooAway()
    kept = shop.place(wanted)
    shop.bookings.on_created("BK-9", 7, wanted.email, DAYS, None)
    shop.odoo.answer = None
    later(timedelta(hours=1))
    shop.bookings.attend()
    assert (now(shop, kept).state, now(shop, kept).reference) == (State.BOOKED, "BK-9")
    assert len(shop.odoo.asked) == 1, "and it is not sent any more"


def test_what_odoo_told_before_the_customer_asked_is_another_booking(shop, wanted, later):
    shop.bookings.on_created("BK-0", 7, wanted.email, DAYS, None)
    shop.bookings.on_cancelled("BK-0", "by phone")
    later(timedelta(minutes=1))
    shop.odoo.answer = OutcomeUnknown()
    assert shop.place(wanted).state is State.CHECKING
