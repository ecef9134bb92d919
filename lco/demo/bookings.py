"""One booking as Odoo keeps it, and the bookings a demo starts with."""

import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

LIVE_STATES = ("draft", "confirmed")
BOOKING_TYPES = ("inquiry", "reservation", "test_drive")


@dataclass(frozen=True)
class Stay:
    """The days a rental occupies: half-open, from `start` up to and without `end`, in the business's time zone."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    def overlaps(self, other: "Stay") -> bool:
        return self.start < other.end and other.start < self.end

    def covers(self, day: date) -> bool:
        return self.start <= day < self.end


@dataclass(frozen=True)
class Customer:
    """Who books."""

    name: str
    email: str
    phone: str


@dataclass
class Booking:
    """One customer's hold on one vehicle; `live` ones occupy their days, cancelled ones do not."""

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

    @property
    def live(self) -> bool:
        return self.state in LIVE_STATES


@dataclass(frozen=True)
class Start:
    """A booking the demo opens with, in days relative to today."""

    vehicle_id: int
    first_day: int
    days: int
    customer: Customer
    state: str = "confirmed"

    def stay(self, today: date) -> Stay:
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
    Start(6, first_day=-2, days=6, customer=PRAIRIE),
    Start(6, first_day=9, days=5, customer=NORTH),
    Start(10, first_day=0, days=2, customer=NORTH),
    Start(13, first_day=2, days=2, customer=MAPLE),
    Start(15, first_day=5, days=2, customer=PRAIRIE),
    Start(15, first_day=16, days=3, customer=MAPLE, state="draft"),
)
