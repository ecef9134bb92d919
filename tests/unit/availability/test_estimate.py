from decimal import Decimal

import pytest

from lco.availability.price_breakdown import Estimate, estimate
from lco.domain.money import Money
from lco.domain.vehicle import Rates


def usd(amount: int) -> Money:
    return Money(Decimal(amount), "USD")


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (1, Estimate(usd(110), exact=True)),
        (3, Estimate(usd(330), exact=True)),
        (5, Estimate(usd(550), exact=False)),
    ],
)
def test_without_longer_rates_a_long_rental_costs_at_most_its_days(days, expected):
    assert estimate(Rates(usd(110)), days) == expected


@pytest.mark.parametrize(("days", "total"), [(3, 330), (4, 420), (7, 420), (8, 840), (30, 1260)])
def test_with_longer_rates_the_cheapest_counts(days, total):
    assert estimate(Rates(usd(110), usd(420), usd(1260)), days) == Estimate(usd(total), exact=True)


def test_without_any_rate_there_is_no_estimate():
    assert estimate(Rates(), 3) is None
