"""A late answer does not undo a newer change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lco.caching.memory import CachedValue
from lco.catalogue.serialization import VehicleVersion
from lco.catalogue.state import CatalogueState
from lco.domain.vehicle import Rates, Status, Vehicle

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SAW = Vehicle(7, "Saw", "saw", Status.AVAILABLE, Rates())
RENTED = replace(SAW, status=Status.RENTED)


@pytest.fixture
def known():
    known = CatalogueState()
    known.apply_listing(CachedValue((SAW,), NOON))
    return known


def present(known: CatalogueState) -> Vehicle | None:
    return known.version_of(7).vehicle


def test_facts_of_another_process_are_known(known):
    known.apply_replica(7, VehicleVersion(NOON + SECOND, RENTED))
    assert present(known) == RENTED
    known.apply_replica(7, VehicleVersion(NOON + 2 * SECOND, None))
    assert present(known) is None


def test_facts_older_than_the_list_are_in_the_list(known):
    known.apply_replica(7, VehicleVersion(NOON - SECOND, RENTED))
    assert present(known) == SAW


def test_facts_older_than_a_webhook_are_old(known):
    known.apply_webhook(7, lambda _: RENTED, NOON + 2 * SECOND)
    known.apply_replica(7, VehicleVersion(NOON + SECOND, SAW))
    assert present(known) == RENTED


def test_a_list_that_was_asked_for_before_does_not_undo_it(known):
    known.apply_replica(7, VehicleVersion(NOON + 2 * SECOND, RENTED))
    known.apply_listing(CachedValue((SAW,), NOON + SECOND))
    assert present(known) == RENTED


def test_without_a_list_there_is_nothing_to_add_to():
    known = CatalogueState()
    known.apply_replica(7, VehicleVersion(NOON, RENTED))
    assert known.version_of(7) is None
