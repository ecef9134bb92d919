"""Webhooks about bookings: twice, early, late, or about bookings that were made in Odoo itself."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import combinations, permutations

import pytest

from lco.domain.booking import BookingEvent, State
from lco.domain.money import Money
from lco.errors import DatesTaken, OdooUnavailable
from lco.odoo.errors import DatesRefused, OutcomeUnknown
from tests.app.bookings.fakes import DAYS, SAW, usd

OTHER_DAYS = DAYS.shift(timedelta(days=1))


@pytest.fixture
def booked(services, booking_request):
    return services.place(booking_request)


@pytest.fixture
def left_open(services, booking_request):
    services.odoo.answer = OutcomeUnknown()
    booking = services.place(booking_request)
    services.odoo.answer = None
    return booking


def now(services, booking):
    return services.bookings.service.by_token(booking.token)


def test_a_created_booking_settles_the_one_left_open(services, left_open):
    services.on_created("BK-9", 7, "ADA@example.com", DAYS, usd("500"))
    settled = now(services, left_open)
    assert (settled.state, settled.reference, settled.total) == (State.BOOKED, "BK-9", usd("500"))
    assert services.published("booking:1")[-1] == "booking.created"
    assert services.published("vehicle:7") == ["availability.changed"]
    assert services.availability.forgotten == [7]


@pytest.mark.parametrize(
    ("vehicle_id", "email", "days"),
    [
        (6, "ada@example.com", DAYS),
        (7, "bob@example.com", DAYS),
        (7, "ada@example.com", OTHER_DAYS),
        (7, None, DAYS),
    ],
)
def test_another_persons_booking_settles_nothing(services, left_open, vehicle_id, email, days):
    services.on_created("BK-9", vehicle_id, email, days, None)
    assert now(services, left_open).state is State.CHECKING
    assert services.published("bookings") == ["booking.created"]


def test_a_created_booking_without_dates_settles_by_vehicle_and_mail(services, left_open):
    services.on_created("BK-9", 7, "ada@example.com", None, None)
    assert now(services, left_open).state is State.BOOKED


def test_two_left_open_are_settled_in_the_order_they_were_sent(services, booking_request, left_open):
    services.odoo.answer = OutcomeUnknown()
    second = services.place(replace(booking_request, kind="inquiry"), "another key")
    services.on_created("BK-9", 7, booking_request.email, DAYS, None)
    assert now(services, left_open).state is State.BOOKED
    assert now(services, second).state is State.CHECKING


def test_a_webhook_that_overtakes_the_answer_changes_nothing(services, booking_request):
    services.odoo.while_asked = lambda reference: services.on_created(
        reference, 7, booking_request.email, DAYS, usd("640")
    )
    booking = services.place(booking_request)
    assert (booking.state, booking.reference, booking.odoo_message) == (State.BOOKED, "BK-1", "Thank you.")
    assert services.published("booking:1").count("booking.created") == 1
    assert services.published("bookings") == []


def test_a_webhook_before_the_answer_settles_a_booking_that_odoo_never_answers(services, booking_request):
    services.odoo.while_asked = lambda reference: services.on_created(
        reference, 7, booking_request.email, DAYS, None
    )
    services.odoo.answer = OutcomeUnknown()
    booking = services.place(booking_request)
    assert (booking.state, booking.reference) == (State.BOOKED, "BK-1")


def test_a_refusal_stays_one_beside_a_webhook_about_a_booking_like_it(services, booking_request):
    services.odoo.while_asked = lambda _: services.on_created("BK-9", 7, booking_request.email, DAYS, None)
    services.odoo.answer = DatesRefused(upstream_status=409)
    with pytest.raises(DatesTaken):
        services.place(booking_request)


def test_of_two_alike_that_are_placed_at_once_the_one_that_odoo_made_is_booked(services, booking_request):
    refused = []

    def second() -> None:
        try:
            services.place(replace(booking_request, kind="inquiry"), "second")
        except DatesTaken as error:
            refused.append(error)

    def overtaken(reference: str) -> None:
        services.odoo.while_asked = lambda _: None
        services.odoo.taken = [DAYS]
        second()
        services.on_created(reference, 7, booking_request.email, DAYS, None)
        services.odoo.taken = []

    services.odoo.while_asked = overtaken
    first = services.place(booking_request, "first")
    assert (first.state, first.reference) == (State.BOOKED, "BK-1")
    assert len(refused) == 1
    assert services.published().count("booking.created") == 1


def test_a_booking_in_checking_waits_for_the_answer_to_one_like_it(services, booking_request, left_open):
    def send_webhook_of_the_first(_reference):
        services.on_created("BK-9", 7, booking_request.email, DAYS, None)
        assert now(services, left_open).state is State.CHECKING, "it may be about the one being placed"

    services.odoo.while_asked = send_webhook_of_the_first
    services.odoo.answer = DatesRefused(upstream_status=409)
    with pytest.raises(DatesTaken):
        services.place(replace(booking_request, kind="inquiry"), "another key")
    assert (now(services, left_open).state, now(services, left_open).reference) == (State.BOOKED, "BK-9")


def test_a_confirmation_that_overtakes_the_answer_is_not_lost(services, booking_request):
    def confirmed_at_once(reference):
        services.on_created(reference, 7, booking_request.email, DAYS, None)
        services.on_confirmed(reference)

    services.odoo.while_asked = confirmed_at_once
    assert services.place(booking_request).state is State.CONFIRMED


@pytest.mark.parametrize("order", list(permutations(["created", "confirmed", "cancelled"])))
@pytest.mark.parametrize("moment", ["before the answer", "after it"])
def test_in_every_order_of_events_the_booking_ends_cancelled(services, booking_request, order, moment):
    def send_webhook(reference):
        for event in order:
            match event:
                case "created":
                    services.on_created(reference, 7, booking_request.email, DAYS, None)
                case "confirmed":
                    services.on_confirmed(reference)
                case "cancelled":
                    services.on_cancelled(reference, "Flooded")

    if moment == "before the answer":
        services.odoo.while_asked = send_webhook
    booking = services.place(booking_request)
    if moment == "after it":
        send_webhook("BK-1")
    settled = now(services, booking)
    assert (settled.state, settled.reason) == (State.CANCELLED, "Flooded")
    assert services.published("booking:1").count("booking.cancelled") == 1


def test_a_confirmation_received_several_times_is_published_once(services, booked):
    for _ in range(3):
        services.on_confirmed(booked.reference)
    assert now(services, booked).state is State.CONFIRMED
    assert now(services, booked).changes == 1
    assert services.published("booking:1").count("booking.confirmed") == 1
    assert services.audit()[-1] == ("booked", "confirmed", "webhook")


def test_a_cancellation_sets_the_days_free_and_keeps_its_reason_private(services, booked):
    services.availability.forgotten.clear()
    services.on_cancelled(booked.reference, "Customer Ada is ill")
    assert now(services, booked).reason == "Customer Ada is ill"
    assert services.availability.forgotten == [7]
    assert services.published("vehicle:7") == ["availability.changed"] * 2
    assert "ill" not in services.said()


def test_a_modification_moves_days_and_total_once(services, booked):
    for _ in range(2):
        services.on_modified(booked.reference, OTHER_DAYS, usd("700"))
    modified = now(services, booked)
    assert (modified.request.days, modified.total, modified.changes) == (OTHER_DAYS, usd("700"), 1)
    assert services.published("booking:1").count("booking.modified") == 1
    assert modified.state is State.BOOKED


@pytest.mark.parametrize(("days", "total"), [(OTHER_DAYS, None), (None, usd("1"))])
def test_a_modification_keeps_the_fields_it_does_not_name(services, booked, days, total):
    services.on_modified(booked.reference, days, total)
    modified = now(services, booked)
    assert modified.request.days == (days or DAYS)
    assert modified.total == (total or booked.total)


def test_a_modification_without_changed_fields_is_passed_on(services, booked):
    services.on_modified(booked.reference, None, None)
    assert services.published("booking:1")[-1] == "booking.modified"
    assert now(services, booked) == booked


def test_a_replay_still_works_after_a_modification(services, booking_request, booked):
    services.on_modified(booked.reference, OTHER_DAYS, None)
    assert services.place(booking_request).token == booked.token


def test_bookings_made_in_odoo_itself_are_public_too(services):
    services.on_created("BK-77", 7, "someone@example.com", DAYS, usd("1"))
    services.on_confirmed("BK-77")
    services.on_modified("BK-77", OTHER_DAYS, None)
    services.on_cancelled("BK-77", "Someone is ill")
    assert services.published("bookings") == [
        "booking.created",
        "booking.confirmed",
        "booking.modified",
        "booking.cancelled",
    ]
    assert services.published("vehicle:7") == ["availability.changed"]
    first = services.changes.since(services.start)[0]
    assert first.data == {
        "booking_ref": "BK-77",
        "vehicle_id": 7,
        "date_from": "2030-01-07",
        "date_to": "2030-01-11",
    }
    assert "ill" not in services.said()
    assert "someone" not in services.said()


def test_an_unknown_booking_received_several_times_is_published_once(services):
    for _ in range(2):
        services.on_created("BK-77", 7, "someone@example.com", DAYS, None)
        services.on_confirmed("BK-77")
    assert services.published("bookings") == ["booking.created", "booking.confirmed"]


def test_a_booking_of_an_unknown_vehicle_is_published(services):
    services.catalogue.vehicles.clear()
    services.on_created("BK-77", 7, "someone@example.com", DAYS, None)
    assert services.published() == ["booking.created"]


@pytest.mark.parametrize("reference", ["", "\x00", "\ud800", "x" * 5000])
def test_odd_references_change_nothing(services, booked, reference):
    services.on_cancelled(reference, "odd")
    assert now(services, booked).state is State.BOOKED


def test_early_events_are_forgotten_after_a_day(services, booking_request, advance_clock):
    services.on_cancelled("BK-1", "an old one")
    advance_clock(timedelta(days=2))
    services.on_confirmed("BK-2")
    assert services.place(booking_request).state is State.BOOKED


def test_a_kept_request_that_staff_booked_in_odoo_is_booked(services, booking_request, advance_clock):
    services.odoo.answer = OdooUnavailable()
    kept = services.place(booking_request)
    services.on_created("BK-9", 7, booking_request.email, DAYS, None)
    services.odoo.answer = None
    advance_clock(timedelta(hours=1))
    services.bookings.recovery.process_due()
    assert (now(services, kept).state, now(services, kept).reference) == (State.BOOKED, "BK-9")
    assert len(services.odoo.asked) == 1, "and it is not sent any more"


def test_an_event_from_before_the_request_is_about_another_booking(services, booking_request, advance_clock):
    services.on_created("BK-0", 7, booking_request.email, DAYS, None)
    services.on_cancelled("BK-0", "by phone")
    advance_clock(timedelta(minutes=1))
    services.odoo.answer = OutcomeUnknown()
    assert services.place(booking_request).state is State.CHECKING


TERMS = {
    "start": DAYS.start - timedelta(days=1),
    "end": DAYS.end + timedelta(days=2),
    "vehicle_id": SAW.id,
    "amount": Decimal(306),
    "currency": "EUR",
    "pickup_location": "the yard",
    "return_location": "the barn",
    "customer_name": "Ada King",
    "picked_up_on": DAYS.start,
    "returned_on": DAYS.end,
}


def shown(booking):
    """The terms of a booking, named as in events."""
    return {
        "start": booking.request.days.start,
        "end": booking.request.days.end,
        "vehicle_id": booking.request.vehicle_id,
        "vehicle_name": booking.vehicle_name,
        "amount": booking.total.amount,
        "currency": booking.total.currency,
        "pickup_location": booking.request.pickup_location,
        "return_location": booking.request.return_location,
        "customer_name": booking.request.name,
        "picked_up_on": booking.picked_up_on,
        "returned_on": booking.returned_on,
    }


MAILS = {"returned_on": "returned", "picked_up_on": "picked_up"}


@pytest.mark.parametrize("names", [c for n in (1, 2, 10) for c in combinations(TERMS, n)], ids=" ".join)
def test_each_term_in_an_event_replaces_that_term_alone(services, booked, names):
    changed = {name: TERMS[name] for name in names}
    services.on_modified(booked.reference, **changed)
    expected = shown(booked) | changed | ({"vehicle_name": SAW.name} if "vehicle_id" in names else {})
    after = now(services, booked)
    assert shown(after) == expected
    assert after.changes == 1
    message = next((MAILS[name] for name in MAILS if name in names), "changed")
    assert services.mailed() == ["booked", message]
    assert services.published("booking:1").count("booking.modified") == 1


def test_an_exchanged_vehicle_is_announced_for_both_vehicles(services, booked):
    services.availability.forgotten.clear()
    services.on_modified(booked.reference, vehicle_id=SAW.id)
    assert set(services.availability.forgotten) == {7, SAW.id}
    assert services.published(f"vehicle:{SAW.id}") == ["availability.changed"]
    assert services.published("vehicle:7")[-1] == "availability.changed"


def test_an_exchange_for_an_unknown_vehicle_does_not_keep_the_old_name(services, booked):
    services.on_modified(booked.reference, vehicle_id=99)
    assert now(services, booked).vehicle_name == "Machine no. 99"


def test_an_unknown_vehicle_gets_its_name_later_in_the_same_version(services, booked):
    services.on_modified(booked.reference, vehicle_id=99, version=2)
    services.on_modified(booked.reference, vehicle_id=99, vehicle_name="Log Splitter", version=2)
    assert now(services, booked).vehicle_name == "Log Splitter"


@pytest.mark.parametrize(("amount", "total"), [(0, None), ("640.004", usd("640")), ("700", usd("700"))])
def test_an_amount_without_a_currency_has_the_currency_of_the_booking(services, booked, amount, total):
    services.on_modified(booked.reference, amount=Decimal(amount))
    assert now(services, booked).total == total


def test_an_amount_without_any_currency_has_that_of_the_vehicle(services, left_open):
    services.catalogue.vehicles[7] = replace(services.catalogue.vehicles[7], currency="EUR")
    services.on_created("BK-9", 7, "ada@example.com", DAYS, amount=Decimal(500))
    assert now(services, left_open).total == Money(Decimal(500), "EUR")


def test_an_agreed_price_without_a_currency_has_that_of_the_shop(services, booked):
    services.catalogue.vehicles[7] = replace(services.catalogue.vehicles[7], currency="EUR")
    services.on_modified(booked.reference, amount=Decimal(0))
    services.on_modified(booked.reference, amount=Decimal(500))
    assert now(services, booked).total == Money(Decimal(500), "EUR")


def test_an_amount_that_reads_as_nothing_is_no_price(services, booked):
    services.on_modified(booked.reference, amount=Decimal("0.001"))
    assert now(services, booked).total is None


@pytest.mark.parametrize(
    "same",
    [
        {"amount": Decimal("640.0000001")},
        {"start": DAYS.start, "end": DAYS.end},
        {"vehicle_id": 7, "customer_name": "Ada Lovelace", "currency": "USD"},
        {"version": 5},
    ],
)
def test_an_event_without_a_visible_difference_is_neither_mailed_nor_published(services, booked, same):
    published = services.published()
    services.on_modified(booked.reference, **same)
    assert services.published() == published
    assert services.mailed() == ["booked"]
    assert now(services, booked).changes == 0


def test_ends_that_make_no_range_are_left_as_they_are(services, booked):
    services.on_modified(booked.reference, start=DAYS.end + timedelta(days=3))
    assert now(services, booked).request.days == DAYS


def test_a_state_and_terms_in_one_event_are_one_change(services, booked):
    services.on_confirmed(booked.reference, end=TERMS["end"], amount=Decimal(700))
    after = now(services, booked)
    assert (after.state, after.request.days.end, after.changes) == (State.CONFIRMED, TERMS["end"], 1)
    assert services.mailed() == ["booked", "confirmed"]


def test_another_reason_after_the_cancellation_reaches_the_customer(services, booked):
    services.on_cancelled(booked.reference, "")
    services.on_cancelled(booked.reference, "Flooded")
    services.on_cancelled(booked.reference, "Flooded")
    assert now(services, booked).reason == "Flooded"
    assert services.mailed() == ["booked", "cancelled", "cancelled"]


def versioned(number):
    """The event of version `number`: each has all terms."""
    days = DAYS.shift(timedelta(days=number))
    state = State.BOOKED if number < 3 else State.CONFIRMED
    return BookingEvent(
        "BK-1", state, vehicle_id=7, start=days.start, end=days.end, amount=Decimal(number), version=number
    )


@pytest.mark.parametrize("order", list(permutations(range(1, 6))))
@pytest.mark.parametrize("moment", ["before the answer", "after it"])
def test_versions_in_any_order_end_at_the_newest(services, booking_request, order, moment):
    def send_webhook(_reference):
        for number in order:
            services.bookings.events.on_changed(versioned(number))

    if moment == "before the answer":
        services.odoo.while_asked = send_webhook
    booking = services.place(booking_request)
    if moment == "after it":
        send_webhook(booking.reference)
    after = now(services, booking)
    assert (after.state, after.version, after.total) == (State.CONFIRMED, 5, usd("5"))
    assert after.request.days == DAYS.shift(timedelta(days=5))


PARTS = (
    BookingEvent("BK-1", end=DAYS.end + timedelta(days=2)),
    BookingEvent("BK-1", amount=Decimal(700)),
    BookingEvent("BK-1", state=State.CONFIRMED),
    BookingEvent("BK-1", vehicle_id=4, end=DAYS.end + timedelta(days=3)),
)
"""Events that Odoo sends one after the other, each with the changed fields only."""


@pytest.mark.parametrize("by", ["version", "at"])
@pytest.mark.parametrize("order", list(permutations(range(4)))[::2])
def test_parts_in_any_order_and_twice_end_with_the_newest_of_each_term(services, booked, order, by):
    noon = datetime(2029, 12, 1, 12, tzinfo=UTC)
    for number in order * 2:
        stamp = {"version": number + 2} if by == "version" else {"at": noon + timedelta(seconds=number)}
        services.bookings.events.on_changed(replace(PARTS[number], **stamp))
    after = now(services, booked)
    assert (after.state, after.total, after.request.vehicle_id) == (State.CONFIRMED, usd("700"), 4)
    assert after.request.days == replace(DAYS, end=DAYS.end + timedelta(days=3))
    assert after.version == (5 if by == "version" else None)


def test_an_older_cancellation_does_not_end_a_booking_confirmed_by_a_newer_event(services, booked):
    services.bookings.events.on_changed(BookingEvent("BK-1", State.CONFIRMED, version=3))
    services.bookings.events.on_changed(BookingEvent("BK-1", State.CANCELLED, reason="Flooded", version=2))
    assert (now(services, booked).state, now(services, booked).reason) == (State.CONFIRMED, "")


def test_an_older_event_by_odoos_time_changes_nothing(services, booked):
    noon = datetime(2029, 12, 1, 12, tzinfo=UTC)
    services.on_modified(booked.reference, amount=Decimal(300), at=noon)
    services.on_modified(booked.reference, amount=Decimal(200), at=noon - timedelta(seconds=1))
    assert now(services, booked).total == usd("300")


def test_a_step_has_the_business_day_of_its_time(services, booked):
    late = datetime(2030, 1, 8, 3, tzinfo=UTC)  # the evening of the 7th in Chicago
    services.on_confirmed(booked.reference, step="picked_up", at=late)
    assert now(services, booked).picked_up_on == date(2030, 1, 7)
