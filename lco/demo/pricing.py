"""The price of a rental: the cheapest single line of the rate card."""

from decimal import Decimal
from typing import NamedTuple

DAYS_A_WEEK = 7
DAYS_A_MONTH = 30


class Rates(NamedTuple):
    """Prices for one day, a week (7 days) and a month (30 days) in one currency; the last two may be missing."""

    daily: Decimal
    weekly: Decimal | None = None
    monthly: Decimal | None = None


def estimate(rates: Rates, days: int) -> Decimal:
    """The price of `days` days: started weeks and months count whole, and the cheapest single line wins."""
    lines = [days * rates.daily]
    if rates.weekly is not None:
        lines.append(started(days, DAYS_A_WEEK) * rates.weekly)
    if rates.monthly is not None:
        lines.append(started(days, DAYS_A_MONTH) * rates.monthly)
    return min(lines)


def started(days: int, length: int) -> int:
    """The number of periods of `length` days that have begun after `days` days."""
    return -(-days // length)
