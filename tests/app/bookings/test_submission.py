"""Placing a booking: never lost and never twice, with every behaviour of Odoo."""

import hashlib
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from lco.db.errors import DatabaseUnavailable
from lco.domain.booking import State
from lco.errors import DatesTaken, Gone, InvalidInput, NotFound, OdooUnavailable, TooManyRequests
from lco.odoo.errors import BookingInvalid, OutcomeUnknown, VehicleUnknown
from tests.app.bookings.fakes import DAYS, MOWER, usd


def test_a_booking_has_odoos_reference_and_price(services, booking_request):
    booking = services.place(booking_request)
    assert booking.state is State.BOOKED
    assert booking.request == booking_request
    assert (booking.reference, booking.odoo_id, booking.odoo_message) == ("BK-1", 1, "Thank you.")
    assert booking.total == usd("640")
    assert booking.vehicle_name == MOWER.name
    assert booking.changes == 0
    assert services.bookings.service.by_token(booking.token) == booking


def test_every_step_leaves_a_trace(services, booking_request):
    services.place(booking_request)
    assert services.audit() == [
        (None, "requested", "customer"),
        ("requested", "placing", "customer"),
        ("placing", "booked", "answer"),
    ]


def test_the_intent_is_stored_before_odoo_is_asked(services, booking_request):
    seen = []
    services.odoo.while_asked = lambda _: seen.append(services.audit()[-1])
    services.place(booking_request)
    assert seen == [("requested", "placing", "customer")]


def test_a_booking_is_published_after_the_old_availability_is_dropped_from_the_cache(services, booking_request):
    dropped_when_published = []
    services.changes.subscribe(
        lambda change: dropped_when_published.append((change.kind, list(services.availability.forgotten))),
        on_gap=pytest.fail,
    )
    services.place(booking_request)
    assert services.published("vehicle:7") == ["availability.changed"]
    assert services.published("booking:1")[-1] == "booking.created"
    assert ("availability.changed", [7]) in dropped_when_published


def test_no_personal_data_is_published(services, booking_request):
    booking = services.place(replace(booking_request, message="Ring twice", pickup_location="Elm Street 1"))
    assert booking.reference in services.said()
    for secret in ("Ada", "ada@", "+1218", "Ring", "Elm", booking.token):
        assert secret not in services.said()


def test_taken_dates_are_declined_and_their_cached_availability_is_dropped(services, booking_request):
    services.odoo.taken = [DAYS]
    with pytest.raises(DatesTaken):
        services.place(booking_request)
    assert services.availability.forgotten == [7]
    assert services.audit()[-1] == ("placing", "declined", "site")


def test_a_refusal_as_invalid_has_the_sentence_of_odoo(services, booking_request):
    services.odoo.answer = BookingInvalid("At least 3 days, please.", upstream_status=400)
    for _ in range(2):
        with pytest.raises(InvalidInput, match="At least 3 days, please"):
            services.place(booking_request)
    assert len(services.odoo.asked) == 1


def test_a_vehicle_that_odoo_does_not_know_any_more_is_gone(services, booking_request):
    services.odoo.answer = VehicleUnknown(upstream_status=404)
    with pytest.raises(Gone):
        services.place(booking_request)
    assert services.audit()[-1][1] == "declined"


@pytest.mark.parametrize(("vehicle_id", "error"), [(8, Gone), (9, NotFound)])
def test_a_vehicle_the_shop_does_not_have_is_refused_before_anything_is_stored(
    services, booking_request, vehicle_id, error
):
    with pytest.raises(error):
        services.place(replace(booking_request, vehicle_id=vehicle_id))
    assert services.stored() == 0
    assert services.hits == 0


def test_while_odoo_is_away_the_request_is_kept_and_placed_when_it_is_back(
    services, booking_request, advance_clock
):
    services.odoo.answer = OdooUnavailable()
    kept = services.place(booking_request)
    assert (kept.state, kept.reference, kept.refusal) == (State.REQUESTED, None, None)
    services.odoo.answer = None
    assert services.place(booking_request).state is State.REQUESTED, (
        "who sends it again makes nothing happen sooner"
    )
    advance_clock(timedelta(seconds=6))
    services.bookings.recovery.process_due()
    assert services.bookings.service.by_token(kept.token).state is State.BOOKED
    assert services.stored() == 1
    assert services.hits == 1, "it counts once for its customer, however often Odoo is asked"
    assert [step[1:] for step in services.audit()] == [
        ("requested", "customer"),
        ("placing", "customer"),
        ("requested", "site"),
        ("placing", "site"),
        ("booked", "answer"),
    ]


def test_every_attempt_of_a_booking_has_one_key_without_its_token(services, booking_request, advance_clock):
    services.odoo.answer = OdooUnavailable()
    booking = services.place(booking_request)
    services.odoo.answer = None
    advance_clock(timedelta(seconds=6))
    services.another_process().recovery.process_due()
    services.place(replace(booking_request, days=DAYS.shift(timedelta(days=30))), "another")
    first, second, other = services.odoo.keys
    assert first == second != other
    assert re.fullmatch("[0-9a-f]{64}", first)
    secrets = [text.encode() for text in (booking.token, "key")]
    assert first not in {hashlib.sha256(secret).hexdigest() for secret in secrets}


@pytest.mark.parametrize("answer", [OutcomeUnknown(), RuntimeError("the client broke down")])
def test_an_unknown_outcome_is_shown_and_never_sent_again(services, booking_request, answer):
    services.odoo.answer = answer
    booking = services.place(booking_request)
    assert booking.state is State.CHECKING
    assert booking.reference is None
    services.odoo.answer = None
    assert services.place(booking_request).state is State.CHECKING
    assert len(services.odoo.asked) == 1


def test_a_refused_attempt_leaves_nothing_behind(services, booking_request):
    with pytest.raises(TooManyRequests):
        services.bookings.service.place(booking_request, "key", _too_many)
    assert services.stored() == 0
    assert services.odoo.asked == []
    assert services.place(booking_request).state is State.BOOKED


def test_a_lost_database_after_odoo_has_booked_is_not_shown_as_a_refusal(
    fragile_services, booking_request, advance_clock
):
    services = fragile_services

    def rename(before: str, after: str) -> None:
        with services.db.engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {before} RENAME TO {after}")

    services.odoo.while_asked = lambda _: rename("booking_changes", "lost")
    assert services.place(booking_request).state is State.CHECKING
    rename("lost", "booking_changes")
    advance_clock(timedelta(seconds=30))
    services.bookings.recovery.process_due()
    assert services.audit()[-1] == ("placing", "checking", "site")
    assert len(services.odoo.asked) == 1


def test_without_a_database_odoo_is_not_asked(fragile_services, booking_request):
    services = fragile_services
    with services.db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE bookings RENAME TO lost")
    with pytest.raises(DatabaseUnavailable):
        services.place(booking_request)
    assert services.odoo.asked == []


@pytest.mark.parametrize("token", ["", "unknown", "\x00", "ü" * 10, "x" * 5000, "' OR 1=1 --"])
def test_an_unknown_token_is_not_found(services, booking_request, token):
    services.place(booking_request)
    with pytest.raises(NotFound):
        services.bookings.service.by_token(token)


def test_tokens_cannot_be_guessed(services, booking_request, other):
    tokens = [services.place(booking_request, "1").token, services.place(other, "2").token]
    assert tokens[0] != tokens[1]
    assert min(map(len, tokens)) >= 32


@pytest.mark.parametrize("message", ["A\x00B", "\ud800", "x" * 10_000])
def test_every_message_of_odoo_is_stored_in_a_form_the_database_takes(services, booking_request, message):
    services.odoo.answer = BookingInvalid(message, upstream_status=400)
    with pytest.raises(InvalidInput) as refused:
        services.place(booking_request)
    assert len(refused.value.message) <= 500
    refused.value.message.encode()


def test_a_number_too_large_for_any_database_does_not_lose_a_booking(services, booking_request):
    services.odoo.first_id = 10**30
    booking = services.place(booking_request)
    assert (booking.state, booking.reference, booking.odoo_id) == (State.BOOKED, "BK-1", None)


def _too_many() -> None:
    raise TooManyRequests(timedelta(minutes=1))
