"""Every state of what pages show, as made-up examples: for the page /dev/states of a shop in front of the demo."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from typing import NamedTuple

from flask import current_app
from markupsafe import Markup

from lco import clock
from lco.availability.date_grid import MONTHS, DateGrid, Selection
from lco.availability.month import DayState, first_of
from lco.availability.price_breakdown import estimate, explain
from lco.availability.price_cliffs import Cliffs, find_cliffs
from lco.availability.rules import NOT_FOR_RENT, TAKEN
from lco.bookings.life import Stage
from lco.bookings.schemas import BookingForm
from lco.domain.booking import Booking, BookingRequest, State
from lco.domain.date_range import DAY, DateRange
from lco.domain.money import Money
from lco.domain.quote import Quote
from lco.domain.rental import Reason, ReasonCode
from lco.domain.vehicle import Rates, Status, Vehicle
from lco.web.booking_status import booking_status
from lco.web.date_links import vehicle_links

REFERENCE = re.compile(r' (id|for|form|aria-labelledby|aria-describedby|href)="(#?)([^"/:]+)"')
"""An attribute that names an element of the same page."""
LONG_NAME = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz 3000"
PRICED = Rates(*(Money(Decimal(amount), "USD") for amount in (110, 420, 1260)))


class Example(NamedTuple):
    """One state: what it is called, and how it looks."""

    words: str
    html: Markup


def sections(vehicle: Vehicle, days: DateRange) -> Iterator[tuple[str, list[Example]]]:
    """Return the examples by the part of a page that they belong to; `vehicle` lends its picture."""
    parts = {
        "Cards": _cards(replace(vehicle, rates=PRICED, back_on=None), days),
        "Machine": _statuses(replace(vehicle, rates=PRICED, back_on=days.start)),
        "Calendars": _calendars(vehicle, days),
        "Quotes": _quotes(replace(vehicle, rates=PRICED), days),
        "Bookings": _bookings(vehicle, days),
        "Notices": _notices(),
        "Form": _forms(),
    }
    number = 0
    for title, examples in parts.items():
        shown = []
        for words, html in examples:
            number += 1
            shown.append(Example(words, _numbered(html, number)))
        yield title, shown


def _cards(vehicle: Vehicle, days: DateRange) -> Iterator[tuple[str, str]]:
    def card(shown: Vehicle, wanted: DateRange | None = days, **more: object) -> str:
        known = {"free": None, "next_free": None, "price": estimate(shown.rates, len(days)), **more}
        return _region("card", vehicle_id=1, vehicle=shown, days=wanted, **known)

    for status in Status:
        yield status.value, card(replace(vehicle, status=status), None)
    yield "the chosen dates cannot be checked", card(vehicle)
    yield "available on the chosen dates", card(vehicle, free=True)
    yield "price not certain", card(replace(vehicle, rates=Rates(PRICED.daily)), free=True)
    yield "taken, next free dates known", card(vehicle, free=False, next_free=days.shift(DAY * 6))
    yield "taken, next free dates not known", card(vehicle, free=False)
    yield "no price", card(replace(vehicle, rates=Rates()))
    yield "no picture", card(replace(vehicle, picture=None))
    yield "long name", card(replace(vehicle, name=LONG_NAME))
    yield "gone", _region("card", vehicle=None, vehicle_id=1)


def _statuses(vehicle: Vehicle) -> Iterator[tuple[str, str]]:
    for status in Status:
        yield status.value, _region("status", vehicle=replace(vehicle, status=status), vehicle_id=1)
    yield "gone", _region("status", vehicle=None, vehicle_id=1)
    yield "rates", _region("rates", vehicle=vehicle, vehicle_id=1)
    yield "no rates", _region("rates", vehicle=replace(vehicle, rates=Rates()), vehicle_id=1)


def _calendars(vehicle: Vehicle, days: DateRange) -> Iterator[tuple[str, str]]:
    first, today = days.start.replace(day=1), days.start.replace(day=2)
    states = dict.fromkeys(DateRange(first, first_of(first, MONTHS)), DayState.FREE)
    states |= {first + DAY * (15 + number): state for number, state in enumerate(DayState)}

    def calendar(selection: Selection, known: dict[date, DayState]) -> str:
        grid = DateGrid(first, known, selection, lambda _: (), today)
        months = {"previous": None, "following": first_of(first, 1)}
        links = vehicle_links(vehicle, first, selection)
        return _region("calendar", vehicle=vehicle, grid=grid, links=links, **months)

    chosen = DateRange(first + DAY * 8, first + DAY * 12)
    yield "nothing chosen", calendar(Selection(), states)
    yield "the first day chosen", calendar(Selection(chosen.start), states)
    yield "both days chosen", calendar(Selection(chosen.start, chosen.end), states)
    yield "nothing known", calendar(Selection(), dict.fromkeys(states, DayState.UNKNOWN))


def _quotes(vehicle: Vehicle, days: DateRange) -> Iterator[tuple[str, str]]:
    def quote(found: Quote | None, *reasons: Reason, alternatives: tuple[DateRange, ...] = ()) -> str:
        own = found.days if found else days
        return _region(
            "quote",
            vehicle=vehicle,
            days=own,
            quote=found,
            reasons=reasons,
            alternatives=alternatives,
            return_by=time(7),
            line=explain(PRICED, len(own), found.total) if found and found.total else None,
            cliffs=find_cliffs(PRICED, found, lambda _: True) if found else Cliffs(),
        )

    def priced(length: int) -> Quote:
        known = estimate(PRICED, length)
        return Quote(
            1, DateRange(days.start, days.start + DAY * length), available=True, total=known and known.total
        )

    yield "available", quote(priced(3))
    yield "beside a week", quote(priced(8))
    yield "no price", quote(Quote(1, days, available=True))
    yield "taken", quote(None, TAKEN, alternatives=(days.shift(DAY * 4), days.shift(DAY * 9)))
    yield "nothing else free", quote(None, TAKEN)
    yield "in maintenance", quote(None, Reason(ReasonCode.IN_MAINTENANCE, "This machine is in maintenance."))
    yield "sold", quote(None, NOT_FOR_RENT)
    yield "not known", quote(None)
    yield "removed meanwhile", _region("gone", kind="quote", element_id="quote")


def _bookings(vehicle: Vehicle, days: DateRange) -> Iterator[tuple[str, str]]:
    request = BookingRequest(1, days, "Ann Larsen", "ann@example.com", "(218) 555-0143")
    now, total = clock.now(), Money(Decimal(330), "USD")
    held = Booking(1, "t" * 32, State.BOOKED, request, vehicle.name, "BK-1", 1, "", total, "", now, now, 0)

    def booking(shown: Booking, stage: Stage | None = None, later: DateRange | None = None) -> str:
        return _region(
            "booking",
            booking=shown,
            vehicle=vehicle,
            stage=stage,
            status=booking_status(shown, stage, time(7)),
            return_by=time(7),
            pending=None,
            is_changeable=False,
            longer=None,
            about=estimate(PRICED, len(days)),
            opens=time(7),
            next_free=later,
        )

    for state in (State.REQUESTED, State.PLACING, State.CHECKING):
        yield state.value, booking(replace(held, state=state, reference=None, total=None))
    yield "booked", booking(held, Stage.AHEAD)
    confirmed = replace(held, state=State.CONFIRMED)
    for stage in (Stage.AHEAD, Stage.READY, Stage.OVER):
        yield f"confirmed, {stage.value}", booking(confirmed, stage)
    out = replace(confirmed, picked_up_on=days.start)
    for stage in (Stage.OUT, Stage.OVERDUE):
        yield stage.value, booking(out, stage)
    yield "returned", booking(replace(out, returned_on=days.end), Stage.RETURNED)
    for state in (State.DECLINED, State.EXPIRED, State.CANCELLED):
        yield state.value, booking(replace(held, state=state, reference=None), later=days.shift(DAY * 6))


def _notices() -> Iterator[tuple[str, str]]:
    yield "the booking system is away", _region("stale_notice", stale_since=clock.now(), late=False)
    yield "updates late", _region("stale_notice", stale_since=None, late=True)
    yield "a machine was added", _region("new_vehicles", count=1)


def _forms() -> Iterator[tuple[str, str]]:
    for words, form in (
        ("empty", BookingForm()),
        ("with mistakes", BookingForm({"customer_name": "Ann"}, {"customer_email": ["Enter an email address."]})),
        ("the days were taken", BookingForm({"customer_name": "Ann"}, conflict=True)),
        ("refused", BookingForm({"customer_name": "Ann"}, message="We could not book this.")),
    ):
        yield (
            words,
            _rendered(
                "partials/booking_form.html",
                vehicle=Vehicle(1, "", "", Status.AVAILABLE, PRICED),
                days=None,
                form=form,
                agreement=None,
                send_region=None,
            ),
        )


def _region(file: str, **data: object) -> str:
    return _rendered(f"partials/regions/{file}.html", name=file, **data)


def _rendered(template: str, **data: object) -> str:
    return current_app.jinja_env.get_template(template).render(data)


def _numbered(html: str, number: int) -> Markup:
    """The example with ids of its own, since many stand on one page."""

    def named(found: re.Match[str]) -> str:
        attribute, mark, name = found.groups()
        is_link = attribute == "href"
        return (
            found[0]
            if is_link and not mark
            else f' {attribute}="{mark}{name.replace(" ", f"-{number} ")}-{number}"'
        )

    return Markup(REFERENCE.sub(named, html))  # noqa: S704 - rendered by autoescaping templates
