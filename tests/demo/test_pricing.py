from decimal import Decimal

import pytest

from lco.demo.pricing import Rates, estimate

SNOW_BLOWER = Rates(Decimal(150), Decimal(600), Decimal(1800))


@pytest.mark.parametrize(
    ("days", "price"),
    [
        (1, 150),  # a day
        (3, 450),
        (4, 600),  # days and the week cost the same
        (5, 600),  # the week is cheaper
        (7, 600),
        (8, 1200),  # a second week has begun, and eight days cost the same
        (14, 1200),
        (15, 1800),
        (21, 1800),
        (22, 1800),  # four weeks would be 2400, the month wins
        (30, 1800),
        (31, 3000),  # five weeks beat two months
        (45, 3600),
        (60, 3600),
    ],
)
def test_the_cheapest_single_line_of_the_rate_card_wins(days, price):
    assert estimate(SNOW_BLOWER, days) == Decimal(price)


def test_without_weekly_and_monthly_rates_every_day_costs_the_same():
    assert estimate(Rates(Decimal("45.50")), 31) == Decimal("1410.50")


def test_a_missing_monthly_rate_is_not_a_free_month():
    assert estimate(Rates(Decimal(100), weekly=Decimal(500)), 30) == Decimal(2500)
