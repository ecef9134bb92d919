"""The explanation of a price in one line. The price itself is always Odoo's (docs/odoo-contract.md, section 1)."""

from typing import NamedTuple

from lco.domain.money import Money
from lco.domain.vehicle import Rates

DAYS_A_WEEK = 7
DAYS_A_MONTH = 30
LONG_RENTAL = 4
"""From so many days on, a week's rate may be less than the days', as businesses usually set them."""


class Estimate(NamedTuple):
    """The price of some days by the known rates; not `exact` when a rate that is not known may make it less."""

    total: Money
    exact: bool


def estimate(rates: Rates, days: int) -> Estimate | None:
    """Return the price of `days` by the cheapest known rate, for lists, where Odoo is not asked.

    Returns None when no rate is known.

    A list may leave out the longer rates. From the fourth day on, a week may then cost less than its days.
    """
    cheapest = min((line[0] for line in _lines(rates, days)), key=lambda money: money.amount, default=None)
    if cheapest is None:
        return None
    return Estimate(cheapest, exact=rates.weekly is not None or rates.monthly is not None or days < LONG_RENTAL)


def explain(rates: Rates, days: int, total: Money) -> str | None:
    """`8 days: 2 weeks at $600`, when `total` is what the cheapest single rate makes of `days`; else None.

    Started weeks and months count whole. A price that comes about in another way is not explained, since any
    line about it would be a guess.
    """
    lines = [line for line in _lines(rates, days) if line[0].currency == total.currency]
    cheapest = min(lines, key=lambda line: line[0].amount, default=None)
    return cheapest[1] if cheapest and cheapest[0] == total else None


def _lines(rates: Rates, days: int) -> list[tuple[Money, str]]:
    """The price of `days` by each rate, with its wording."""
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
