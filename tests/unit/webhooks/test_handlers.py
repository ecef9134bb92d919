import json
from datetime import date
from decimal import Decimal

import pytest

from lco.bookings.odoo_events import OdooBookingEvents
from lco.catalogue.service import Catalogue as RealCatalogue
from lco.domain.date_range import DateRange
from lco.domain.money import Money
from lco.domain.vehicle import Rates, Status
from lco.webhooks import handlers, schemas
from lco.webhooks.handlers import Bookings, Catalogue, Services


def dollars(amount):
    return Money(Decimal(amount), "USD")


@pytest.fixture
def inventory(catalogue, bookings):
    def tell(event_type, **fields):
        event = schemas.parse_event(
            "inventory", json.dumps({"event_type": event_type, "vehicle_id": 7, **fields}).encode()
        )
        assert handlers.apply(Services(catalogue, bookings), event)
        return catalogue.calls

    return tell


@pytest.fixture
def booking(catalogue, bookings):
    def tell(event_type, **fields):
        event = schemas.parse_event(
            "booking", json.dumps({"event_type": event_type, "booking_ref": "BK-1", **fields}).encode()
        )
        assert handlers.apply(Services(catalogue, bookings), event)
        return bookings.calls

    return tell


def test_availability_is_told_with_the_day_it_is_back_and_what_may_be_public(inventory):
    told = {"availability_status": "rented", "available_from": "2026-12-05", "available_to": False}
    (call,) = inventory("vehicle.availability_changed", **told, booking_ref="BK-1")
    public = {"availability_status": "rented", "available_from": "2026-12-05"}
    assert call == ("status_changed", 7, Status.RENTED, date(2026, 12, 5), public)


def test_a_bare_or_unheard_of_availability_still_makes_the_catalogue_look(inventory):
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
def test_maintenance_is_told_with_its_end(inventory, fields, call):
    assert inventory("vehicle.maintenance", **fields) == [("maintenance_changed", 7, *call)]


def test_maintenance_that_says_nothing_makes_the_catalogue_look(inventory):
    assert inventory("vehicle.maintenance") == [("updated", 7)]


def test_only_the_rates_that_are_named_change(inventory):
    calls = inventory("price.updated", rental_price_daily=160, rental_price_weekly=False, rental_price_monthly=0)
    assert calls == [("price_changed", 7, Rates(daily=dollars(160)))]


def test_coming_going_and_changing_is_told_by_number(inventory):
    inventory("vehicle.added", name="Saw", category="Wood")
    inventory("vehicle.updated", changes={"name": "Big Saw"})
    assert inventory("vehicle.removed") == [("added", 7), ("updated", 7), ("removed", 7)]


def test_a_new_booking_is_told_with_all_that_is_known(booking):
    calls = booking(
        "booking.created",
        vehicle_id=7,
        customer_email="ann@example.com",
        date_from="2026-12-01",
        date_to="2026-12-05",
        total_amount=600.0,
        currency="USD",
    )
    days = DateRange(date(2026, 12, 1), date(2026, 12, 5))
    assert calls == [("on_created", "BK-1", 7, "ann@example.com", days, dollars(600))]


def test_a_bare_booking_is_told_by_its_reference(booking):
    booking("booking.created")
    booking("booking.confirmed")
    booking("booking.cancelled")
    assert booking("booking.modified") == [
        ("on_created", "BK-1", None, None, None, None),
        ("on_confirmed", "BK-1"),
        ("on_cancelled", "BK-1", ""),
        ("on_modified", "BK-1", None, None),
    ]


def test_a_moved_booking_is_told_with_its_new_days_and_price(booking):
    changes = {"date_from": "2026-12-02", "date_to": "2026-12-04", "total_amount": 300}
    days = DateRange(date(2026, 12, 2), date(2026, 12, 4))
    assert booking("booking.modified", changes=changes) == [("on_modified", "BK-1", days, dollars(300))]


def test_a_cancellation_is_told_with_its_reason(booking):
    assert booking("booking.cancelled", cancellation_reason="No snow") == [("on_cancelled", "BK-1", "No snow")]


def test_an_unknown_event_tells_nobody(catalogue, bookings):
    event = schemas.parse_event("inventory", b'{"event_type": "vehicle.painted", "vehicle_id": 7}')
    assert not handlers.apply(Services(catalogue, bookings), event)
    assert catalogue.calls == bookings.calls == []


def test_every_type_that_can_be_read_has_a_handler():
    known = {event_type for types in schemas.SCHEMAS.values() for event_type in types}
    assert known == handlers.HANDLERS.keys()


@pytest.mark.parametrize(("asked", "real"), [(Catalogue, RealCatalogue), (Bookings, OdooBookingEvents)])
def test_the_real_services_can_be_told_all_of_this(asked, real):
    wanted = [name for name in vars(asked) if not name.startswith("_")]
    assert wanted
    for name in wanted:
        assert callable(getattr(real, name)), name
