import json
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import combinations

import pytest

from lco.bookings.odoo_events import OdooBookingEvents
from lco.catalogue.sync import CatalogueSync as RealCatalogue
from lco.domain.booking import BookingEvent, State
from lco.domain.money import Money
from lco.domain.vehicle import Rates, Status
from lco.webhooks import handlers, schemas
from lco.webhooks.handlers import Bookings, Catalogue, EventTargets


def dollars(amount):
    return Money(Decimal(amount), "USD")


@pytest.fixture
def inventory(catalogue, bookings):
    def apply(event_type, **fields):
        event = schemas.parse_event(
            "inventory", json.dumps({"event_type": event_type, "vehicle_id": 7, **fields}).encode()
        )
        assert handlers.apply(EventTargets(catalogue, bookings), event)
        return catalogue.calls

    return apply


@pytest.fixture
def booking(catalogue, bookings):
    def apply(event_type, **fields):
        event = schemas.parse_event(
            "booking", json.dumps({"event_type": event_type, "booking_ref": "BK-1", **fields}).encode()
        )
        assert handlers.apply(EventTargets(catalogue, bookings), event)
        return bookings.calls

    return apply


def test_availability_is_passed_on_with_its_return_day_and_public_fields(inventory):
    fields = {"availability_status": "rented", "available_from": "2026-12-05", "available_to": False}
    (call,) = inventory("vehicle.availability_changed", **fields, booking_ref="BK-1")
    public = {"availability_status": "rented", "available_from": "2026-12-05"}
    assert call == ("status_changed", 7, Status.RENTED, date(2026, 12, 5), public)


def test_a_missing_or_unknown_availability_makes_the_catalogue_read_the_vehicle(inventory):
    inventory("vehicle.availability_changed")
    calls = inventory("vehicle.availability_changed", availability_status="on the moon")
    assert calls[0] == ("status_changed", 7, None, None, {})
    assert calls[1] == ("status_changed", 7, None, None, {"availability_status": "on the moon"})


@pytest.mark.parametrize(
    ("fields", "call"),
    [
        ({"in_maintenance": True, "maintenance_until": "2026-12-03"}, (True, date(2026, 12, 3))),
        ({"in_maintenance": True, "maintenance_until": False}, (True, None)),
        ({"in_maintenance": False}, (False, None)),
        ({"maintenance_until": "2026-12-03"}, (True, date(2026, 12, 3))),
    ],
)
def test_maintenance_is_passed_on_with_its_end(inventory, fields, call):
    assert inventory("vehicle.maintenance", **fields) == [("maintenance_changed", 7, *call)]


def test_maintenance_that_says_nothing_makes_the_catalogue_look(inventory):
    assert inventory("vehicle.maintenance") == [("updated", 7)]


def test_only_the_rates_that_are_named_change(inventory):
    calls = inventory("price.updated", rental_price_daily=160, rental_price_weekly=False, currency="USD")
    assert calls == [("price_changed", 7, Rates(daily=dollars(160)))]


def test_addition_update_and_removal_are_passed_on_with_the_vehicle_id(inventory):
    inventory("vehicle.added", name="Saw", category="Wood")
    inventory("vehicle.updated", changes={"name": "Big Saw"})
    assert inventory("vehicle.removed") == [("added", 7), ("updated", 7), ("removed", 7)]


def test_a_created_booking_is_handed_over_with_all_its_terms(booking):
    ((name, event),) = booking(
        "booking.created",
        vehicle_id=7,
        customer_email="ann@example.com",
        date_from="2026-12-01",
        date_to="2026-12-05",
        total_amount=600.0,
        currency="USD",
    )
    assert name == "on_created"
    assert event == BookingEvent(
        "BK-1",
        State.BOOKED,
        vehicle_id=7,
        email="ann@example.com",
        start=date(2026, 12, 1),
        end=date(2026, 12, 5),
        amount=Decimal(600),
        currency="USD",
    )


def test_a_bare_event_names_only_its_booking_and_state(booking):
    booking("booking.created")
    booking("booking.confirmed")
    booking("booking.cancelled")
    assert booking("booking.modified") == [
        ("on_created", BookingEvent("BK-1", State.BOOKED)),
        ("on_changed", BookingEvent("BK-1", State.CONFIRMED)),
        ("on_changed", BookingEvent("BK-1", State.CANCELLED)),
        ("on_changed", BookingEvent("BK-1")),
    ]


TERMS = {
    "date_from": ("2026-12-02", "start", date(2026, 12, 2)),
    "date_to": ("2026-12-04", "end", date(2026, 12, 4)),
    "vehicle_id": (4, "vehicle_id", 4),
    "total_amount": (135.29999999999998, "amount", Decimal("135.29999999999998")),
    "currency": ("EUR", "currency", "EUR"),
    "pickup_location": ("yard", "pickup_location", "yard"),
    "return_location": (False, "return_location", ""),
    "customer_name": ("Ada L.", "customer_name", "Ada L."),
}


@pytest.mark.parametrize(
    "names", [set(c) for n in (1, 2, 8) for c in combinations(TERMS, n)], ids=lambda names: "-".join(sorted(names))
)
def test_each_term_in_changes_is_handed_over_by_itself(booking, names):
    ((_, event),) = booking("booking.modified", changes={name: TERMS[name][0] for name in names})
    assert event == BookingEvent("BK-1", **{TERMS[name][1]: TERMS[name][2] for name in names})


def test_a_price_that_was_taken_away_is_an_amount_of_zero(booking):
    ((_, event),) = booking("booking.modified", changes={"total_amount": False})
    assert event.amount == 0


@pytest.mark.parametrize(
    ("event_type", "state", "expected", "step"),
    [
        ("booking.picked_up", None, State.CONFIRMED, "picked_up"),
        ("booking.returned", "returned", State.CONFIRMED, "returned"),
        ("booking.modified", "confirmed", State.CONFIRMED, None),
        ("booking.modified", "draft", State.BOOKED, None),
        ("booking.modified", "unheard of", None, None),
        ("booking.confirmed", "cancelled", State.CANCELLED, None),
    ],
)
def test_the_state_in_the_event_wins_over_its_type(booking, event_type, state, expected, step):
    ((_, event),) = booking(event_type, state=state, version=3, at="2026-12-01T10:00:00Z")
    assert (event.state, event.step, event.version) == (expected, step, 3)
    assert event.at == datetime(2026, 12, 1, 10, tzinfo=UTC)


def test_a_cancellation_is_handed_over_with_its_reason(booking):
    ((_, event),) = booking("booking.cancelled", cancellation_reason="No snow")
    assert (event.state, event.reason) == (State.CANCELLED, "No snow")


def test_a_price_without_a_currency_makes_the_catalogue_read_the_record(inventory):
    assert inventory("price.updated", rental_price_daily=160) == [("updated", 7)]


@pytest.mark.parametrize(("asked", "real"), [(Catalogue, RealCatalogue), (Bookings, OdooBookingEvents)])
def test_the_real_services_have_all_methods_of_the_fake(asked, real):
    wanted = [name for name in vars(asked) if not name.startswith("_")]
    assert wanted
    for name in wanted:
        assert callable(getattr(real, name)), name
