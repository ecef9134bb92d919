from datetime import date
from decimal import Decimal

import pytest

from lco.availability.price_cliffs import Cliffs, Shorter, find_cliffs
from lco.domain.date_range import DAY, DateRange
from lco.domain.money import Money
from lco.domain.quote import Quote
from lco.domain.vehicle import Rates

START = date(2026, 12, 7)


def usd(amount: int) -> Money:
    return Money(Decimal(amount), "USD")


COMPACTOR = Rates(usd(110), usd(420), usd(1260))


def quote(days: int, total: int) -> Quote:
    return Quote(9, DateRange(START, START + DAY * days), available=True, total=usd(total))


def shorter(days: int, total: int) -> Shorter:
    return Shorter(DateRange(START, START + DAY * days), usd(total))


@pytest.mark.parametrize(
    ("days", "total", "same_for", "fewer"),
    [
        (3, 330, None, None),
        (4, 420, 7, None),
        (7, 420, None, None),
        (8, 840, 14, shorter(7, 420)),
        (9, 840, 14, shorter(7, 420)),
        (12, 840, 14, None),
        (22, 1260, 30, None),
        (31, 2100, 35, shorter(30, 1260)),
    ],
)
def test_neighbours_that_cost_the_same_or_much_less_are_named(days, total, same_for, fewer):
    expected = Cliffs(START + DAY * same_for if same_for else None, fewer)
    assert find_cliffs(COMPACTOR, quote(days, total), lambda _: True) == expected


def test_days_that_cannot_be_rented_are_not_named():
    assert find_cliffs(COMPACTOR, quote(8, 840), lambda days: len(days) == 12) == Cliffs(START + DAY * 12)
    assert find_cliffs(COMPACTOR, quote(8, 840), lambda _: False) == Cliffs()


def test_price_that_comes_about_in_another_way_has_no_neighbours():
    assert find_cliffs(COMPACTOR, quote(8, 800), lambda _: True) == Cliffs()
    assert find_cliffs(Rates(usd(110)), quote(5, 550), lambda _: True) == Cliffs()
    assert find_cliffs(Rates(), quote(5, 550), lambda _: True) == Cliffs()
