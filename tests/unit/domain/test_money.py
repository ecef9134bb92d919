from decimal import Decimal

import pytest

from lco.domain.money import Money, to_price


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
        ("12.345", "KWD", "KWD 12.345"),
        ("0.125", "BHD", "BHD 0.125"),
        ("0.0005", "KWD", "KWD 0.001"),
        ("1234.5", "JPY", "¥1,235"),
        ("12.345", "USD", "$12.35"),
        ("135.29999999999998", "USD", "$135.30"),
        ("7", "XXQ", "XXQ 7"),
    ],
)
def test_an_amount_is_formatted_as_usual(amount, currency, text):
    assert str(Money(Decimal(amount), currency)) == text


def test_equal_amounts_of_two_currencies_are_not_the_same_money():
    assert Money(Decimal(1), "USD") != Money(Decimal(1), "CAD")
    assert Money(Decimal("1.0"), "USD") == Money(Decimal(1), "USD")


@pytest.mark.parametrize(
    ("raw", "rounded", "currency"),
    [("135.29999999999998", "135.3", "USD"), ("12.3451", "12.345", "KWD"), ("99.5", "100", "JPY")],
)
def test_amounts_that_read_the_same_are_equal(raw, rounded, currency):
    assert Money(Decimal(raw), currency) == Money(Decimal(rounded), currency)
    assert hash(Money(Decimal(raw), currency)) == hash(Money(Decimal(rounded), currency))


@pytest.mark.parametrize(
    ("amount", "currency"), [(None, "USD"), ("0", "USD"), ("0.004", "USD"), ("0.4", "JPY"), ("0.0004", "KWD")]
)
def test_an_amount_that_rounds_to_zero_is_no_price(amount, currency):
    assert to_price(amount and Decimal(amount), currency) is None
    assert to_price(Decimal("0.5"), "JPY") == Money(Decimal(1), "JPY")
