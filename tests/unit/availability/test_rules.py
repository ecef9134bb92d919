"""What can be rented: each obstacle with its code, its sentence and its field."""

from datetime import date, datetime, time
from decimal import Decimal

import pytest

from lco import clock
from lco.availability.rules import RentalRules
from lco.domain.business_calendar import BusinessCalendar, CalendarSettings, OpeningHours
from lco.domain.date_range import DAY, DateRange
from lco.domain.money import Money
from lco.domain.quote import Quote
from lco.domain.rental import Reason, ReasonCode
from lco.domain.vehicle import Status
from lco.errors import InvalidInput, NotRentable
from tests.unit.availability.conftest import ZONE, machine

THURSDAY = date(2026, 12, 10)
WEEKDAYS_ONLY = (*[OpeningHours(time(7), time(18))] * 5, None, None)


def days(start: int, length: int = 1) -> DateRange:
    """So many days, `start` days after Thursday, the tenth of December."""
    return DateRange(THURSDAY + DAY * start, THURSDAY + DAY * (start + length))


@pytest.fixture(autouse=True)
def noon():
    with clock.moved(datetime.combine(THURSDAY, time(12), ZONE) - clock.now()):
        yield


def rules(**calendar: object) -> RentalRules:
    return RentalRules(lambda: BusinessCalendar(**calendar), ZONE)


def codes(reasons) -> list[str]:
    return [reason.code.value for reason in reasons]


@pytest.mark.parametrize(
    ("calendar", "wanted", "expected"),
    [
        ({}, days(0), []),
        ({}, days(-1), [("too_soon", 0, "The rental cannot start before today.", "date_from")]),
        (
            {"lead_days": 3},
            days(2),
            [("too_soon", 3, "We need some time to prepare. Choose Sun, Dec 13 or later.", "date_from")],
        ),
        ({"lead_days": 3}, days(3), []),
        (
            {"cut_off": time(12)},
            days(0),
            [("too_soon", 0, "Today can be booked until 12 pm. Choose Fri, Dec 11 or later.", "date_from")],
        ),
        ({"cut_off": time(12, 1)}, days(0), []),
        ({"cut_off": time(12)}, days(1), []),
        ({"horizon_days": 30}, days(30), []),
        (
            {"horizon_days": 30},
            days(31),
            [("too_far", 30, "We take bookings that start on Sat, Jan 9, 2027 at the latest.", "date_from")],
        ),
        (
            {"weekdays": WEEKDAYS_ONLY},
            days(2, 2),
            [("closed_start", None, "We are closed on Sat, Dec 12. Choose another first day.", "date_from")],
        ),
        (
            {"closed": {THURSDAY + DAY * 4: "Inventory"}},
            days(1, 3),
            [
                (
                    "closed_return",
                    None,
                    "We are closed on Mon, Dec 14 (Inventory). Choose another day to bring it back.",
                    "date_to",
                )
            ],
        ),
        ({"weekdays": WEEKDAYS_ONLY}, days(1, 3), []),
    ],
)
def test_days_that_hold_for_every_machine(calendar, wanted, expected):
    found = rules(**calendar).check_days(wanted)
    assert [(r.code.value, r.limit, r.sentence, r.field) for r in found] == expected


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (1, [("too_short", 2, "This machine is rented for 2 days or more.", "date_to")]),
        (2, []),
        (5, []),
        (6, [("too_long", 5, "This machine is rented for at most 5 days.", "date_to")]),
    ],
)
def test_limits_of_the_machine(length, expected):
    found = rules().check(machine(minimum_days=2, maximum_days=5), days(1, length))
    assert [(r.code.value, r.limit, r.sentence, r.field) for r in found] == expected


def test_limits_that_are_not_known_are_no_obstacle():
    assert rules().check(machine(), days(1, 300)) == ()


def in_status(status: Status, back_on: date | None = None):
    return machine(back_on=back_on, status=status)


@pytest.mark.parametrize(
    ("vehicle", "expected"),
    [
        (in_status(Status.SOLD), ["not_for_rent"]),
        (in_status(Status.MAINTENANCE, THURSDAY + DAY * 3), ["in_maintenance"]),
        (in_status(Status.MAINTENANCE, THURSDAY + DAY), []),
        (in_status(Status.MAINTENANCE), []),
        (in_status(Status.RENTED), []),
        (in_status(Status.UNKNOWN), []),
    ],
)
def test_a_status_is_a_reason_for_the_days_it_concerns(vehicle, expected):
    assert codes(rules().check(vehicle, days(1))) == expected


@pytest.mark.parametrize(
    ("vehicle", "expected"),
    [
        (in_status(Status.AVAILABLE), "taken"),
        (in_status(Status.RENTED), "taken"),
        (in_status(Status.SOLD), "not_for_rent"),
        (in_status(Status.MAINTENANCE), "in_maintenance"),
        (in_status(Status.MAINTENANCE, THURSDAY + DAY * 3), "in_maintenance"),
        (in_status(Status.MAINTENANCE, THURSDAY + DAY), "taken"),
    ],
)
def test_an_old_odoo_says_no_and_the_status_says_why(vehicle, expected):
    assert codes(rules().check(vehicle, days(1), Quote(7, days(1), available=False))) == [expected]


def test_an_odoo_that_offers_the_days_knows_better_than_the_status():
    quote = Quote(7, days(1), available=True, total=Money(Decimal(1), "USD"))
    assert rules().check(in_status(Status.MAINTENANCE, THURSDAY + DAY * 3), days(1), quote) == ()


def test_reasons_of_odoo_are_shown_once_in_the_texts_of_the_site():
    reasons = (
        Reason(ReasonCode.TAKEN, "Belegt."),
        Reason(ReasonCode.TOO_SHORT, "Zu kurz.", 2),
        Reason(ReasonCode.OTHER, "The yard is flooded."),
    )
    quote = Quote(7, days(1), available=False, bookable=False, reasons=reasons)
    found = rules().check(machine(minimum_days=2), days(1), quote)
    assert [(r.code.value, r.sentence) for r in found] == [
        ("too_short", "This machine is rented for 2 days or more."),
        ("taken", "Some of these days are taken."),
        ("other", "The yard is flooded."),
    ]


def test_free_days_that_odoo_would_refuse_are_not_bookable():
    quote = Quote(7, days(1), True, bookable=False, reasons=(Reason(ReasonCode.CLOSED_START, "Closed."),))
    assert codes(rules().check(machine(), days(1), quote)) == ["closed_start"]


def test_days_to_change_are_errors_of_their_fields_and_the_rest_is_not_rentable():
    with pytest.raises(InvalidInput) as invalid:
        rules(lead_days=2, closed={THURSDAY + DAY * 2: ""}).require(machine(minimum_days=2), days(1))
    assert {name: len(found) for name, found in invalid.value.fields.items()} == {"date_from": 1, "date_to": 2}
    with pytest.raises(NotRentable) as sold:
        rules().require(in_status(Status.SOLD), days(1))
    assert (sold.value.code, sold.value.message) == ("not_for_rent", "This machine is sold.")
    rules().require(machine(), days(1))


def test_an_offer_is_the_shortest_rental_that_ends_on_an_open_day():
    offer = rules(weekdays=WEEKDAYS_ONLY).offer_from
    assert offer(machine(), THURSDAY) == days(0, 1)
    assert offer(machine(), THURSDAY + DAY) == days(1, 3)
    assert offer(machine(), THURSDAY + DAY * 2) is None
    assert offer(machine(maximum_days=2, minimum_days=1), THURSDAY + DAY) is None
    assert offer(machine(minimum_days=4), THURSDAY + DAY) == days(1, 4)


def test_machines_come_back_when_the_business_opens_or_at_the_time_that_is_set():
    assert rules().return_by(days(1)) is None
    assert rules(weekdays=WEEKDAYS_ONLY).return_by(days(0)) == time(7)
    assert rules(weekdays=WEEKDAYS_ONLY).return_by(days(1)) is None
    assert rules(weekdays=WEEKDAYS_ONLY, return_time=time(6, 30)).return_by(days(1)) == time(6, 30)


def test_settings_restrict_the_calendar_of_odoo_and_never_allow_more():
    odoo = BusinessCalendar(weekdays=WEEKDAYS_ONLY, lead_days=2, horizon_days=90, closed={THURSDAY: "Party"})
    assert CalendarSettings().applied_to(odoo) == odoo
    early = (OpeningHours(time(6), time(12)),) * 7
    mixed = CalendarSettings(early, {THURSDAY + DAY: ""}, time(15), 1, 100, time(7)).applied_to(odoo)
    assert (mixed.lead_days, mixed.horizon_days, mixed.cut_off, mixed.return_time) == (2, 90, time(15), time(7))
    assert mixed.closed == {THURSDAY: "Party", THURSDAY + DAY: ""}
    assert mixed.weekdays == (early[0],) * 5 + (None, None)


def test_settings_alone_decide_where_odoo_says_nothing():
    mixed = CalendarSettings(WEEKDAYS_ONLY, None, None, 1, 700).applied_to(BusinessCalendar())
    assert (mixed.lead_days, mixed.horizon_days, mixed.weekdays) == (1, 700, WEEKDAYS_ONLY)
