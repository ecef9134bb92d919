"""What comes late does not undo what is newer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lco.caching.entries import Reading
from lco.catalogue.serialization import Learned
from lco.catalogue.state import Known
from lco.domain.vehicle import Rates, Status, Vehicle

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SAW = Vehicle(7, "Saw", "saw", Status.AVAILABLE, Rates())
RENTED = replace(SAW, status=Status.RENTED)


@pytest.fixture
def known():
    known = Known()
    known.take_list(Reading((SAW,), NOON))
    return known


def present(known: Known) -> Vehicle | None:
    return known.learned(7).vehicle


def test_what_another_process_has_learned_is_known(known):
    known.take_over(7, Learned(NOON + SECOND, RENTED))
    assert present(known) == RENTED
    known.take_over(7, Learned(NOON + 2 * SECOND, None))
    assert present(known) is None


def test_what_it_learned_before_the_list_was_read_here_is_in_the_list(known):
    known.take_over(7, Learned(NOON - SECOND, RENTED))
    assert present(known) == SAW


def test_what_it_learned_before_a_webhook_came_here_is_old(known):
    known.take_word(7, lambda _: RENTED, NOON + 2 * SECOND)
    known.take_over(7, Learned(NOON + SECOND, SAW))
    assert present(known) == RENTED


def test_a_list_that_was_asked_for_before_does_not_undo_it(known):
    known.take_over(7, Learned(NOON + 2 * SECOND, RENTED))
    known.take_list(Reading((SAW,), NOON + SECOND))
    assert present(known) == RENTED


def test_without_a_list_there_is_nothing_to_add_to():
    known = Known()
    known.take_over(7, Learned(NOON, RENTED))
    assert known.learned(7) is None
