"""Money: an amount in one currency, rounded to the digits of that currency."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel.numbers import format_currency, get_currency_precision, get_currency_symbol

DEFAULT_CURRENCY = "USD"
LOCALE = "en_US"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO 4217 code), rounded half up to its number of digits (CLDR).

    Two amounts are equal when they read the same: 135.29999999999998 and 135.30 US dollars are one amount.
    Amounts of two currencies are never compared or added.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", self.amount.quantize(_unit(self.currency), ROUND_HALF_UP))

    def __str__(self) -> str:
        """Return the amount as people in the United States read it: `$1,250`, `$99.50`, `KWD 12.345`."""
        return _format(self.amount, self.currency)


def to_price(amount: Decimal | None, currency: str) -> Money | None:
    """`amount` as a price. Returns None for no amount, and for one that reads as 0, which Odoo writes for it."""
    price = Money(amount, currency) if amount else None
    return price if price and price.amount else None


def to_number(money: Money | None) -> float | None:
    """The amount as JSON has it, a number. Returns None for no money."""
    return None if money is None else float(money.amount)


@lru_cache(maxsize=200)
def _unit(currency: str) -> Decimal:
    """The smallest amount of `currency`: 0.01 for US dollars, 1 for yen, 0.001 for Kuwaiti dinars."""
    return Decimal(1).scaleb(-get_currency_precision(currency))


@lru_cache(maxsize=10_000)
def _format(amount: Decimal, currency: str) -> str:
    # A code in place of a symbol stands apart from the number.
    sign = "¤ " if get_currency_symbol(currency, locale=LOCALE) == currency else "¤"
    is_whole = amount == amount.to_integral_value()
    pattern = f"{sign}#,##0" if is_whole else f"{sign}#,##0.00"
    return format_currency(amount, currency, pattern, LOCALE, currency_digits=not is_whole)
