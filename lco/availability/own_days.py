"""The days around a booking that only the booking itself keeps, for its customer who chooses others."""

from collections.abc import Callable, Collection
from datetime import date

from lco.domain.date_range import DAY, DateRange

IsFree = Callable[[DateRange], bool]


def own_days(own: DateRange, taken: Collection[date], is_free: IsFree) -> frozenset[date]:
    """Return the days of `own`, and the taken ones next to it that are free without it: its buffer.

    `is_free` says whether at most the booking itself stands in the way of a range. It is asked once for each side
    on which days are taken, more often only when those of another booking follow.
    """
    before, after = _run(own.start - DAY, -1, taken), _run(own.end, 1, taken)
    first = own.start - DAY * _longest(before, lambda days: is_free(DateRange(own.start - DAY * days, own.start)))
    last = own.end + DAY * _longest(after, lambda days: is_free(DateRange(own.end, own.end + DAY * days)))
    return frozenset(DateRange(first, last))


def _run(day: date, step: int, taken: Collection[date]) -> int:
    """The number of days in a row that are taken from `day` on, forwards or backwards."""
    days = 0
    while day + DAY * step * days in taken:
        days += 1
    return days


def _longest(limit: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to `limit` that fits, when all smaller ones do; 0 always fits.

    A buffer is short and another booking may be long, so the search begins with small numbers.
    """
    if limit == 0 or fits(limit):
        return limit
    low, high, probe = 0, limit, 1
    while high - low > 1:
        if fits(probe):
            low, probe = probe, min(probe * 2, (probe + high + 1) // 2)
        else:
            high = probe
            probe = (low + high) // 2
    return low
