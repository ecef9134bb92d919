from decimal import Decimal

import pytest

from lco.availability.price_breakdown import explain
from lco.domain.money import Money
from lco.domain.vehicle import Rates


def dollars(amount):
    return Money(Decimal(amount), "USD")


FULL = Rates(dollars(150), dollars(600), dollars(1800))


@pytest.mark.parametrize(
    ("days", "total", "line"),
    [
        (1, 150, "1 day at $150"),
        (3, 450, "3 days at $150"),
        (7, 600, "7 days: 1 week at $600"),
        (8, 1200, "8 days at $150"),
        (9, 1200, "9 days: 2 weeks at $600"),
        (21, 1800, "21 days: 3 weeks at $600"),
        (25, 1800, "25 days: 1 month at $1,800"),
        (31, 3000, "31 days: 5 weeks at $600"),
        (60, 3600, "60 days: 2 months at $1,800"),
    ],
)
def test_the_cheapest_single_rate_explains_the_price(days, total, line):
    assert explain(FULL, days, dollars(total)) == line


def test_a_price_that_comes_about_in_another_way_is_not_explained():
    assert explain(FULL, 8, dollars(750)) is None
    assert explain(FULL, 8, dollars("1199.99")) is None


def test_a_dearer_rate_never_explains_a_price():
    assert explain(FULL, 2, dollars(600)) is None


def test_other_currencies_and_missing_rates_explain_nothing():
    assert explain(FULL, 1, Money(Decimal(150), "CAD")) is None
    assert explain(Rates(), 1, dollars(150)) is None


def test_cents_are_kept():
    assert explain(Rates(dollars("99.50")), 2, dollars("199.00")) == "2 days at $99.50"
