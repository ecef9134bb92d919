"""Odoo's answer about one vehicle and one range of days: free or not, and the price."""

from dataclasses import dataclass

from lco.domain.date_range import DateRange
from lco.domain.money import Money
from lco.domain.rental import Reason


@dataclass(frozen=True, slots=True)
class Quote:
    """One answer of Odoo.

    `available` knows bookings, maintenance and sale only. `total` is Odoo's own price, the only one; None when the
    days are taken, and when there is no price. An Odoo of version 2 also says whether the days can be booked,
    every reason why not, and the next days of the same length that can (docs/odoo-contract.md, section 4.2).
    """

    vehicle_id: int
    days: DateRange
    available: bool
    total: Money | None = None
    bookable: bool | None = None
    reasons: tuple[Reason, ...] = ()
    next_free: DateRange | None = None

    @property
    def is_bookable(self) -> bool:
        """Whether Odoo would take a booking of these days, as far as it says so."""
        return self.available if self.bookable is None else self.bookable
