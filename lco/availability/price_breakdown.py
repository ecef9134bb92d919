"""How a price comes about, in one line. The price itself is always Odoo's (docs/odoo-contract.md, section 1)."""

from lco.domain.money import Money
from lco.domain.vehicle import Rates

DAYS_A_WEEK = 7
DAYS_A_MONTH = 30


def explain(rates: Rates, days: int, total: Money) -> str | None:
    """`8 days: 2 weeks at $600`, when `total` is what the cheapest single rate makes of `days`; else None.

    Started weeks and months count whole. A price that comes about in another way is not explained, since any
    line about it would be a guess.
    """
    lines = [line for line in _lines(rates, days) if line[0].currency == total.currency]
    cheapest = min(lines, key=lambda line: line[0].amount, default=None)
    return cheapest[1] if cheapest and cheapest[0] == total else None


def _lines(rates: Rates, days: int) -> list[tuple[Money, str]]:
    """What each rate makes of `days`, and how to say so."""
    lines = []
    for rate, length, word in (
        (rates.daily, 1, "day"),
        (rates.weekly, DAYS_A_WEEK, "week"),
        (rates.monthly, DAYS_A_MONTH, "month"),
    ):
        if rate:
            number = -(-days // length)
            lead = "" if length == 1 else f"{_counted(days, 'day')}: "
            lines.append((Money(number * rate.amount, rate.currency), f"{lead}{_counted(number, word)} at {rate}"))
    return lines


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
