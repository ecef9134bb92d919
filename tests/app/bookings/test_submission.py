"""Placing a booking: never lost, never twice, whatever Odoo does."""

import hashlib
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from lco.db.errors import StoreAway
from lco.domain.booking import State
from lco.errors import DatesTaken, Gone, InvalidInput, NotFound, OdooAway, TooManyRequests
from lco.odoo.errors import BookingInvalid, OutcomeUnknown, VehicleUnknown
from tests.app.bookings.fakes import DAYS, MOWER, usd


def test_a_booking_has_odoos_reference_and_price(shop, wanted):
    booking = shop.place(wanted)
    assert booking.state is State.BOOKED
    assert booking.request == wanted
    assert (booking.reference, booking.odoo_id, booking.odoo_message) == ("BK-1", 1, "Thank you.")
    assert booking.total == usd("640")
    assert booking.vehicle_name == MOWER.name
    assert booking.changes == 0
    assert shop.bookings.by_token(booking.token) == booking


def test_every_step_leaves_a_trace(shop, wanted):
    shop.place(wanted)
    assert shop.audit() == [
        (None, "requested", "customer"),
        ("requested", "placing", "customer"),
        ("placing", "booked", "answer"),
    ]


def test_the_intent_is_stored_before_odoo_is_asked(shop, wanted):
    seen = []
    shop.odoo.while_asked = lambda _: seen.append(shop.audit()[-1])
    shop.place(wanted)
    assert seen == [("requested", "placing", "customer")]


def test_a_booking_is_told_to_open_pages_after_the_old_availability_is_forgotten(shop, wanted):
    forgotten_when_told = []
    shop.changes.listen(
        lambda change: forgotten_when_told.append((change.kind, list(shop.availability.forgotten))),
        lost=pytest.fail,
    )
    shop.place(wanted)
    assert shop.told("vehicle:7") == ["availability.changed"]
    assert shop.told("booking:1")[-1] == "booking.created"
    assert ("availability.changed", [7]) in forgotten_when_told


def test_nothing_personal_is_told(shop, wanted):
    booking = shop.place(replace(wanted, message="Ring twice", pickup_location="Elm Street 1"))
    assert booking.reference in shop.said()
    for secret in ("Ada", "ada@", "+1218", "Ring", "Elm", booking.token):
        assert secret not in shop.said()


def test_taken_dates_are_declined_and_what_is_known_of_them_forgotten(shop, wanted):
    shop.odoo.taken = [DAYS]
    with pytest.raises(DatesTaken):
        shop.place(wanted)
    assert shop.availability.forgotten == [7]
    assert shop.audit()[-1] == ("placing", "declined", "site")


def test_what_odoo_calls_invalid_is_said_in_odoos_words(shop, wanted):
    shop.odoo.answer = BookingInvalid("At least 3 days, please.", upstream_status=400)
    for _ in range(2):
        with pytest.raises(InvalidInput, match="At least 3 days, please"):
            shop.place(wanted)
    assert len(shop.odoo.asked) == 1


def test_a_vehicle_that_odoo_does_not_know_any_more_is_gone(shop, wanted):
    shop.odoo.answer = VehicleUnknown(upstream_status=404)
    with pytest.raises(Gone):
        shop.place(wanted)
    assert shop.audit()[-1][1] == "declined"


@pytest.mark.parametrize(("vehicle_id", "error"), [(8, Gone), (9, NotFound)])
def test_a_vehicle_the_shop_does_not_have_is_refused_before_anything_is_stored(shop, wanted, vehicle_id, error):
    with pytest.raises(error):
        shop.place(replace(wanted, vehicle_id=vehicle_id))
    assert shop.stored() == 0
    assert shop.hits == 0


def test_while_odoo_is_away_the_request_is_kept_and_placed_when_it_is_back(shop, wanted, later):
    shop.odoo.answer = OdooAway()
    kept = shop.place(wanted)
    assert (kept.state, kept.reference, kept.refusal) == (State.REQUESTED, None, None)
    shop.odoo.answer = None
    assert shop.place(wanted).state is State.REQUESTED, "who sends it again makes nothing happen sooner"
    later(timedelta(seconds=6))
    shop.bookings.attend()
    assert shop.bookings.by_token(kept.token).state is State.BOOKED
    assert shop.stored() == 1
    assert shop.hits == 1, "it counts once for its customer, however often Odoo is asked"
    assert [step[1:] for step in shop.audit()] == [
        ("requested", "customer"),
        ("placing", "customer"),
        ("requested", "site"),
        ("placing", "site"),
        ("booked", "answer"),
    ]


def test_every_attempt_of_a_booking_has_one_key_that_tells_nobody_its_token(shop, wanted, later):
    shop.odoo.answer = OdooAway()
    booking = shop.place(wanted)
    shop.odoo.answer = None
    later(timedelta(seconds=6))
    shop.another_process().attend()
    shop.place(replace(wanted, days=DAYS.moved(timedelta(days=30))), "another")
    first, second, other = shop.odoo.keys
    assert first == second != other
    assert re.fullmatch("[0-9a-f]{64}", first)
    secrets = [text.encode() for text in (booking.token, "key")]
    assert first not in {hashlib.sha256(secret).hexdigest() for secret in secrets}


@pytest.mark.parametrize("answer", [OutcomeUnknown(), RuntimeError("the client broke down")])
def test_an_unknown_outcome_is_said_honestly_and_never_sent_again(shop, wanted, answer):
    shop.odoo.answer = answer
    booking = shop.place(wanted)
    assert booking.state is State.CHECKING
    assert booking.reference is None
    shop.odoo.answer = None
    assert shop.place(wanted).state is State.CHECKING
    assert len(shop.odoo.asked) == 1


def test_a_refused_attempt_leaves_nothing_behind(shop, wanted):
    with pytest.raises(TooManyRequests):
        shop.bookings.place(wanted, "key", _too_many)
    assert shop.stored() == 0
    assert shop.odoo.asked == []
    assert shop.place(wanted).state is State.BOOKED


def test_a_lost_database_after_odoo_has_booked_is_not_told_as_a_no(fragile_shop, wanted, later):
    shop = fragile_shop

    def rename(before: str, after: str) -> None:
        with shop.store.engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {before} RENAME TO {after}")

    shop.odoo.while_asked = lambda _: rename("booking_changes", "lost")
    assert shop.place(wanted).state is State.CHECKING
    rename("lost", "booking_changes")
    later(timedelta(seconds=30))
    shop.bookings.attend()
    assert shop.audit()[-1] == ("placing", "checking", "site")
    assert len(shop.odoo.asked) == 1


def test_without_a_database_odoo_is_not_asked(fragile_shop, wanted):
    shop = fragile_shop
    with shop.store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE bookings RENAME TO lost")
    with pytest.raises(StoreAway):
        shop.place(wanted)
    assert shop.odoo.asked == []


@pytest.mark.parametrize("token", ["", "unknown", "\x00", "ü" * 10, "x" * 5000, "' OR 1=1 --"])
def test_an_unknown_token_is_not_found(shop, wanted, token):
    shop.place(wanted)
    with pytest.raises(NotFound):
        shop.bookings.by_token(token)


def test_tokens_cannot_be_guessed(shop, wanted, other):
    tokens = [shop.place(wanted, "1").token, shop.place(other, "2").token]
    assert tokens[0] != tokens[1]
    assert min(map(len, tokens)) >= 32


@pytest.mark.parametrize("message", ["A\x00B", "\ud800", "x" * 10_000])
def test_whatever_odoo_says_is_kept_in_a_form_the_store_can_take(shop, wanted, message):
    shop.odoo.answer = BookingInvalid(message, upstream_status=400)
    with pytest.raises(InvalidInput) as refused:
        shop.place(wanted)
    assert len(refused.value.message) <= 500
    refused.value.message.encode()


def test_a_number_too_large_for_any_database_does_not_lose_a_booking(shop, wanted):
    shop.odoo.first_id = 10**30
    booking = shop.place(wanted)
    assert (booking.state, booking.reference, booking.odoo_id) == (State.BOOKED, "BK-1", None)


def _too_many() -> None:
    raise TooManyRequests
