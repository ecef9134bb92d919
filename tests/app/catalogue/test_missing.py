"""A list from Odoo that lacks vehicles: which are removed, read again or kept."""

from datetime import timedelta

import pytest

from lco import clock
from lco.catalogue.sync import LIST_MAX_AGE
from lco.errors import Gone
from tests.serving import wait_until

LATER = LIST_MAX_AGE + timedelta(seconds=1)


@pytest.fixture
def lists(front, catalogue):
    """Replaces what the next lists of Odoo hold, by a function of the real listing."""
    read = front.client.listing
    changes = []

    def listing():
        return (changes.pop(0) if changes else lambda one: one)(read())

    front.client.listing = listing
    return changes


def without(*vehicle_ids: int, unreadable: bool = False):
    def changed(listing):
        left = tuple(vehicle for vehicle in listing.vehicles if vehicle.id not in vehicle_ids)
        return listing._replace(vehicles=left, unreadable=frozenset(vehicle_ids if unreadable else ()))

    return changed


def refresh(catalogue) -> set[int]:
    with clock.moved(LATER):
        catalogue.refresh()
        return set(catalogue.vehicles().by_id)


ALL = set(range(1, 16))


def test_a_machine_that_the_list_lacks_without_a_404_of_its_own_stays(catalogue, lists, front):
    lists.append(without(3, 5))
    assert refresh(catalogue) == ALL
    assert front.published() == []


def test_a_machine_with_a_404_of_its_own_is_gone(catalogue, odoo, front):
    odoo.remove(3)
    assert refresh(catalogue) == ALL - {3}
    with pytest.raises(Gone), clock.moved(LATER):
        catalogue.find(3)
    assert front.published() == [("vehicle:3", "vehicle.removed")]


def test_a_record_that_cannot_be_read_keeps_its_last_good_form(catalogue, lists, front):
    lists.append(without(3, unreadable=True))
    before = catalogue.find(3)
    assert refresh(catalogue) == ALL
    assert catalogue.find(3) == before
    assert front.published() == []


def test_an_empty_list_is_not_believed_but_read_again(catalogue, lists, front):
    catalogue.sync.recheck_pause = timedelta(milliseconds=10)
    lists.append(without(*ALL))
    before = front.client.transport.last_success
    assert refresh(catalogue) == ALL
    wait_until(lambda: lists == [] and front.client.transport.last_success > before, "the second reading")
    assert refresh(catalogue) == ALL
    assert front.published() == []


def test_most_machines_missing_twice_are_gone(catalogue, lists, front):
    catalogue.sync.recheck_pause = timedelta(milliseconds=10)
    gone = set(range(1, 11))
    lists += [without(*gone)] * 20
    with clock.moved(LATER):
        catalogue.refresh()
        wait_until(lambda: set(catalogue.vehicles().by_id) == ALL - gone, "the second reading")
    assert {kind for _, kind in front.published()} == {"vehicle.removed"}


def test_while_odoo_cannot_answer_for_it_a_missing_machine_stays(catalogue, lists, odoo):
    def broken(listing):
        odoo.fail()
        return without(3)(listing)

    lists.append(broken)
    assert refresh(catalogue) == ALL
    odoo.recover()
