"""Ranges of days: half-open, in the business's time zone; the day of return is not part of the rental."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class DateRange:
    """The days from `start` up to but not including `end` (docs/odoo-contract.md, section 1). Never empty."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError("a range of days ends after it starts")

    def __len__(self) -> int:
        return (self.end - self.start).days

    def __iter__(self) -> Iterator[date]:
        return (self.start + DAY * n for n in range(len(self)))

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def overlaps(self, other: "DateRange") -> bool:
        """Whether both ranges have a day in common."""
        return self.start < other.end and other.start < self.end

    def shift(self, by: timedelta) -> "DateRange":
        """The same number of days, `by` later (or earlier, when negative)."""
        return DateRange(self.start + by, self.end + by)

    def split(self) -> tuple["DateRange", "DateRange"]:
        """Two ranges that make up this one; only for ranges of two days or more."""
        middle = self.start + DAY * (len(self) // 2)
        return DateRange(self.start, middle), DateRange(middle, self.end)
