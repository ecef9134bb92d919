from decimal import Decimal

import pytest

from lco.domain.money import Money


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("150", "USD", "$150"),
        ("150.00", "USD", "$150"),
        ("99.5", "USD", "$99.50"),
        ("1250", "USD", "$1,250"),
        ("1234567.89", "EUR", "€1,234,567.89"),
        ("80", "CAD", "CA$80"),
        ("80", "GBP", "£80"),
        ("80.10", "SEK", "SEK 80.10"),
        ("0", "USD", "$0"),
        ("0.004", "USD", "$0"),
        ("12.344", "USD", "$12.34"),
        ("1E+3", "USD", "$1,000"),
    ],
)
def test_an_amount_reads_as_people_write_it(amount, currency, text):
    assert str(Money(Decimal(amount), currency)) == text


def test_equal_amounts_of_two_currencies_are_not_the_same_money():
    assert Money(Decimal(1), "USD") != Money(Decimal(1), "CAD")
    assert Money(Decimal("1.0"), "USD") == Money(Decimal(1), "USD")
