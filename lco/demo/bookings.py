"""One booking as Odoo keeps it, and the bookings a demo starts with."""

import secrets
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from lco import clock

LIVE_STATES = ("draft", "confirmed", "picked_up")
NEXT_STATES = {
    "draft": ("confirmed", "cancelled"),
    "confirmed": ("picked_up", "cancelled"),
    "picked_up": ("returned",),
    "returned": (),
    "cancelled": (),
}
BOOKING_TYPES = ("inquiry", "reservation", "test_drive")


@dataclass(frozen=True)
class Stay:
    """The days a rental occupies: half-open, from `start` up to and without `end`, in the business's time zone."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """The number of days that are paid."""
        return (self.end - self.start).days

    def overlaps(self, other: "Stay") -> bool:
        """Whether both have a day in common."""
        return self.start < other.end and other.start < self.end

    def covers(self, day: date) -> bool:
        """Whether `day` is one of the days; the day of return is not."""
        return self.start <= day < self.end

    def moved_to(self, start: date) -> "Stay":
        """A stay of the same length from another day on."""
        return Stay(start, start + (self.end - self.start))


@dataclass(frozen=True)
class Customer:
    """The person of a booking."""

    name: str
    email: str
    phone: str


@dataclass
class Booking:
    """One customer's booking of one vehicle; `version` grows by one with each change that a customer could see."""

    id: int
    ref: str
    vehicle_id: int
    stay: Stay
    customer: Customer
    total_amount: Decimal
    currency: str
    booking_type: str = "reservation"
    pickup_location: str = ""
    return_location: str = ""
    message: str = ""
    state: str = "draft"
    cancellation_reason: str = ""
    picked_up_on: date | None = None
    returned_on: date | None = None
    version: int = 1
    write_date: datetime = field(default_factory=clock.now)

    @property
    def live(self) -> bool:
        """Whether the booking still takes part in anything."""
        return self.state in LIVE_STATES

    @property
    def holds_days(self) -> bool:
        """True while the booking takes its days; an inquiry never does."""
        return self.live and self.booking_type != "inquiry"

    def held(self, today: date) -> Stay:
        """The days on which the machine is away: from an early pick-up on, and through today when it is late."""
        if self.state != "picked_up":
            return self.stay
        start = min(self.stay.start, self.picked_up_on or self.stay.start)
        return Stay(start, max(self.stay.end, today + timedelta(days=1)))


@dataclass(frozen=True)
class Start:
    """A booking the demo opens with, in days relative to today."""

    vehicle_id: int
    first_day: int
    days: int
    customer: Customer
    state: str = "confirmed"

    def stay(self, today: date) -> Stay:
        """The days, counted from `today`."""
        start = today + timedelta(days=self.first_day)
        return Stay(start, start + timedelta(days=self.days))


def new_ref(today: date) -> str:
    """A fresh reference like BK-20240115-A1B2C3D4."""
    return f"BK-{today:%Y%m%d}-{secrets.token_hex(4).upper()}"


MAPLE = Customer("Dana Whitfield", "dana@maple-street.example", "+1 312 555 0142")
NORTH = Customer("Northside Grounds", "office@northside.example", "+1 773 555 0117")
PRAIRIE = Customer("Luis Ortega", "luis@prairie-homes.example", "+1 847 555 0163")

STARTING_BOOKINGS = (
    Start(1, first_day=1, days=2, customer=MAPLE),
    Start(2, first_day=6, days=7, customer=NORTH),
    Start(3, first_day=3, days=3, customer=NORTH),
    Start(3, first_day=12, days=7, customer=PRAIRIE, state="draft"),
    Start(5, first_day=4, days=1, customer=MAPLE, state="draft"),
    Start(6, first_day=-2, days=6, customer=PRAIRIE, state="picked_up"),
    Start(6, first_day=9, days=5, customer=NORTH),
    Start(10, first_day=0, days=2, customer=NORTH),
    Start(13, first_day=2, days=2, customer=MAPLE),
    Start(15, first_day=5, days=2, customer=PRAIRIE),
    Start(15, first_day=16, days=3, customer=MAPLE, state="draft"),
)
