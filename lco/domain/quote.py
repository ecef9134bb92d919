"""Odoo's answer about one vehicle and one range of days: free or not, and the price."""

from dataclasses import dataclass

from lco.domain.date_range import DateRange
from lco.domain.money import Money


@dataclass(frozen=True, slots=True)
class Quote:
    """`total` is Odoo's own price, the only one (contract section 1); None when the days are taken."""

    vehicle_id: int
    days: DateRange
    available: bool
    total: Money | None = None
