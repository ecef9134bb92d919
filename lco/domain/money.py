"""Money: an exact amount with its currency."""

from dataclasses import dataclass
from decimal import Decimal

DEFAULT_CURRENCY = "USD"
SYMBOLS = {"USD": "$", "CAD": "CA$", "EUR": "€", "GBP": "£"}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO 4217 code). Amounts of two currencies are never compared or added."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        """As people read it: `$1,250`, `$99.50`; the code stands in front where no symbol is known."""
        symbol = SYMBOLS.get(self.currency, f"{self.currency} ")
        return f"{symbol}{self.amount:,.2f}".removesuffix(".00")
