import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from lco.catalogue import events
from lco.domain.money import Money
from lco.domain.vehicle import Rates, Status, Vehicle

DAILY, WEEKLY = Money(Decimal("90.5"), "CAD"), Money(Decimal(350), "CAD")
SAW = Vehicle(7, "Saw", "saw", Status.AVAILABLE, Rates(DAILY), category="Power Tools", summary="<b>")
RENTED = replace(SAW, status=Status.RENTED)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (None, SAW, "vehicle.added"),
        (SAW, None, "vehicle.removed"),
        (SAW, RENTED, "availability.changed"),
        (RENTED, replace(RENTED, back_on=date(2027, 1, 5)), "availability.changed"),
        (SAW, replace(SAW, status=Status.MAINTENANCE), "maintenance.status"),
        (replace(SAW, status=Status.MAINTENANCE), RENTED, "maintenance.status"),
        (SAW, replace(SAW, rates=Rates(WEEKLY)), "price.updated"),
        (SAW, replace(RENTED, rates=Rates(WEEKLY), name="x"), "availability.changed"),
        (SAW, replace(SAW, name="Sharp saw"), "vehicle.updated"),
    ],
)
def test_every_difference_has_the_kind_that_matters_most(before, after, kind):
    assert events.event_type(before, after) == kind


def test_only_longer_rates_that_become_known_are_not_published():
    known = replace(SAW, rates=Rates(DAILY, WEEKLY, WEEKLY))
    assert events.is_completion(SAW, known)
    assert not events.is_completion(SAW, replace(known, name="Sharp saw"))
    assert not events.is_completion(SAW, replace(SAW, rates=Rates(WEEKLY, WEEKLY)))
    assert not events.is_completion(known, replace(SAW, rates=Rates(DAILY, DAILY, WEEKLY)))
    assert not events.is_completion(known, SAW)


def test_public_payloads_are_json_with_prices_as_numbers():
    vehicle = replace(RENTED, rates=Rates(DAILY, WEEKLY), back_on=date(2027, 1, 5))
    assert json.loads(json.dumps(events.public_payload(vehicle))) == {
        "vehicle_id": 7,
        "vehicle_name": "Saw",
        "category": "Power Tools",
        "availability_status": "rented",
        "available_from": "2027-01-05",
        "rental_price_daily": 90.5,
        "rental_price_weekly": 350,
        "currency": "CAD",
    }


def test_a_machine_without_rates_is_published_without_a_currency():
    assert "currency" not in events.public_payload(replace(SAW, rates=Rates()))
