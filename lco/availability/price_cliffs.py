"""A day more that costs nothing, a day less that saves more than a day: begun weeks and months count whole."""

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from lco.availability.price_breakdown import DAYS_A_MONTH, estimate
from lco.domain.date_range import DAY, DateRange
from lco.domain.money import Money
from lco.domain.quote import Quote
from lco.domain.vehicle import Rates

MayRent = Callable[[DateRange], bool]


class Shorter(NamedTuple):
    """A shorter rental from the same first day, and what it costs."""

    days: DateRange
    total: Money


class Cliffs(NamedTuple):
    """The hints beside a price.

    `same_until` is the last day of return at the same price. `shorter` saves more than its missing days cost.
    """

    same_until: date | None = None
    shorter: Shorter | None = None


def find_cliffs(rates: Rates, quote: Quote, may_rent: MayRent) -> Cliffs:
    """Return the cliffs beside a quote; none when its price does not come about by a single rate.

    Only days for which `may_rent` is true are named. Prices of other lengths are estimates by the same rule.
    """
    known = estimate(rates, len(quote.days))
    if quote.total is None or known is None or not known.exact or known.total != quote.total:
        return Cliffs()
    return Cliffs(
        _same_until(rates, quote.days, quote.total, may_rent), _shorter(rates, quote.days, quote.total, may_rent)
    )


def _same_until(rates: Rates, days: DateRange, total: Money, may_rent: MayRent) -> date | None:
    lengths = range(len(days) + DAYS_A_MONTH, len(days), -1)
    longer = (_from_start(days, length) for length in lengths if _price(rates, length) == total)
    return next((one.end for one in longer if may_rent(one)), None)


def _shorter(rates: Rates, days: DateRange, total: Money, may_rent: MayRent) -> Shorter | None:
    """The longest of the shorter rentals that costs less, if it saves more than its days at the daily rate."""
    for length in range(len(days) - 1, 0, -1):
        price = _price(rates, length)
        if price is None or price.amount >= total.amount:
            continue
        saves_more = rates.daily and total.amount - price.amount > (len(days) - length) * rates.daily.amount
        shorter = _from_start(days, length)
        return Shorter(shorter, price) if saves_more and may_rent(shorter) else None
    return None


def _price(rates: Rates, length: int) -> Money | None:
    known = estimate(rates, length)
    return known.total if known else None


def _from_start(days: DateRange, length: int) -> DateRange:
    return DateRange(days.start, days.start + DAY * length)
