from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from lco import clock
from lco.catalogue.snapshot import Snapshot, differences
from lco.domain.money import Money
from lco.domain.vehicle import Rates, Status, Vehicle

BEGAN = clock.now()
BEFORE, AFTER = BEGAN - timedelta(seconds=1), BEGAN + timedelta(seconds=1)
NOTHING: dict = {}


def dollars(amount: int) -> Money:
    return Money(Decimal(amount), "USD")


SAW, MOWER, BLOWER = (
    Vehicle(n, name, "", Status.AVAILABLE, Rates(daily=dollars(90)))
    for n, name in ((1, "Saw"), (2, "Mower"), (3, "Blower"))
)
SHOP = Snapshot((SAW, MOWER))


def test_a_vehicle_is_changed_in_its_place_added_at_the_end_or_taken_out():
    sharp = replace(SAW, name="Sharp saw")
    assert SHOP.having(1, sharp).vehicles == (sharp, MOWER)
    assert SHOP.having(3, BLOWER).vehicles == (SAW, MOWER, BLOWER)
    assert SHOP.having(1, None).vehicles == (MOWER,)
    assert SHOP.having(9, None) == SHOP


def test_a_list_replaces_what_it_knows_as_well():
    renamed = replace(MOWER, name="Ride-on mower")
    assert SHOP.after_listing((BLOWER, renamed), BEGAN, NOTHING).vehicles == (BLOWER, renamed)


@pytest.mark.parametrize(("learned_at", "name"), [(BEFORE, "Saw"), (BEGAN, "Sharp saw"), (AFTER, "Sharp saw")])
def test_facts_newer_than_the_list_stand(learned_at, name):
    known = SHOP.having(1, replace(SAW, name="Sharp saw"))
    assert known.after_listing((SAW, MOWER), BEGAN, {1: learned_at}).by_id[1].name == name


def test_an_older_list_does_not_undo_additions_and_removals():
    known = SHOP.having(2, None).having(3, BLOWER)
    assert known.after_listing((SAW, MOWER), BEGAN, {2: AFTER, 3: AFTER}).vehicles == (SAW, BLOWER)
    assert known.after_listing((SAW, MOWER), BEGAN, {2: BEFORE, 3: BEFORE}).vehicles == (SAW, MOWER)


def test_longer_rates_missing_in_the_list_are_kept():
    known = Snapshot((replace(SAW, rates=Rates(dollars(90), dollars(350), dollars(1050))),))
    short = replace(SAW, rates=Rates(dollars(95)))
    assert known.after_listing((short,), BEGAN, NOTHING).by_id[1].rates == Rates(
        dollars(95), dollars(350), dollars(1050)
    )
    longer = replace(SAW, rates=Rates(dollars(95), dollars(360)))
    assert known.after_listing((longer,), BEGAN, NOTHING).by_id[1].rates.weekly == dollars(360)


def test_the_day_of_return_is_kept_while_the_status_is_the_same():
    rented = replace(SAW, status=Status.RENTED, back_on=date(2027, 1, 5))
    known = Snapshot((rented,))
    same, other = replace(SAW, status=Status.RENTED), replace(SAW, status=Status.RESERVED)
    assert known.after_listing((same,), BEGAN, NOTHING).by_id[1] == rented
    assert known.after_listing((other,), BEGAN, NOTHING).by_id[1].back_on is None


def test_differences_are_pairs_of_before_and_after():
    after = Snapshot((replace(MOWER, name="Ride-on mower"), BLOWER))
    assert differences(SHOP, after) == [(MOWER, after.vehicles[0]), (None, BLOWER), (SAW, None)]
    assert differences(SHOP, Snapshot(SHOP.vehicles)) == []
