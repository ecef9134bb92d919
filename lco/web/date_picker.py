"""The contents of a grid of days: the states of its days, the choice, and where its links lead."""

from collections.abc import Collection
from datetime import date
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from flask import render_template
from markupsafe import Markup, escape

from lco.availability.date_grid import MONTHS, DateGrid, Selection, shop_states
from lco.availability.month import DayState, first_of, may_show
from lco.catalogue.search import Query
from lco.domain.booking import Booking
from lco.domain.date_range import DateRange
from lco.domain.vehicle import Vehicle
from lco.web.date_links import DateLinks, change_links, list_links, vehicle_links

if TYPE_CHECKING:
    from lco.services import Services

MAX_KEPT = 32
"""The number of cached calendars without a choice; each has some 12 kB. There is one for each month shown."""


def vehicle_grid(services: "Services", vehicle_id: int, first: date, selection: Selection) -> dict[str, Any]:
    """The values for the template of a vehicle's calendar, from the month `first` on. Raises NotFound, Gone."""
    vehicle = services.catalogue.with_limits(vehicle_id)
    rules = services.rules.frozen()
    check = partial(rules.check, vehicle)
    grid = DateGrid(first, _states(services, vehicle, first, selection), selection, check, rules.today)
    return {
        "vehicle": vehicle,
        "grid": grid,
        "links": vehicle_links(vehicle, first, selection),
        **adjacent_months(grid),
    }


def change_grid(
    services: "Services", booking: Booking, first: date, selection: Selection, page: str
) -> dict[str, Any]:
    """The values for the calendar on `page`, in which other days for `booking` are chosen.

    Raises NotFound, Gone.
    """
    vehicle, days = services.catalogue.with_limits(booking.request.vehicle_id), booking.request.days
    rules = services.rules.frozen()
    check = partial(rules.check_change, vehicle, days)
    own = services.availability.own_days(vehicle, days, partial(services.bookings.changes.is_free, booking))
    states = _states(services, vehicle, first, selection, own)
    grid = DateGrid(first, states, selection, check, rules.today)
    return {
        "vehicle": vehicle,
        "grid": grid,
        "links": change_links(page, first, selection),
        **adjacent_months(grid),
    }


def shop_calendar(
    services: "Services", query: Query, first: date, selection: Selection, *, leaves: bool = False
) -> Markup:
    """Render the calendar of the list's dates: every day on which some machine may be had."""
    rules = services.rules.frozen()
    states = shop_states(first, rules.start_state)
    links = list_links(query, first, selection, leaves=leaves)
    if selection == Selection():
        plain = list_links(Query(), first, selection)
        kept = _without_choice(first, tuple(states.values()), rules.today)
        return kept.replace(escape(plain.prefix), escape(links.prefix))
    return _calendar(DateGrid(first, states, selection, rules.check_days, rules.today), links)


@lru_cache(maxsize=MAX_KEPT)
def _without_choice(first: date, states: tuple[DayState, ...], today: date) -> Markup:
    """The calendar in which nothing is chosen and nothing filtered; other filters change only its links."""
    days = DateRange(first, first_of(first, MONTHS))
    grid = DateGrid(first, dict(zip(days, states, strict=True)), Selection(), lambda _: (), today)
    return _calendar(grid, list_links(Query(), first, Selection()))


def _calendar(grid: DateGrid, links: DateLinks) -> Markup:
    html = render_template("partials/date_picker.html", grid=grid, links=links, **adjacent_months(grid))
    return Markup(html)  # noqa: S704 - rendered by an autoescaping template


def adjacent_months(grid: DateGrid) -> dict[str, date | None]:
    """The months before and after those of the grid, None where the calendar ends."""
    previous, following = first_of(grid.first, -1), first_of(grid.first, 1)
    return {
        "previous": previous if may_show(previous, grid.today) else None,
        "following": following if may_show(following, grid.today) else None,
    }


def _states(
    services: "Services", vehicle: Vehicle, first: date, selection: Selection, own: Collection[date] = ()
) -> dict[date, DayState]:
    states: dict[date, DayState] = {}
    for month in _months(first, selection):
        states |= services.availability.month(vehicle, month, own).states
    return states


def _months(first: date, selection: Selection) -> list[date]:
    """The months shown, and those between the first day and them, so that nothing in between is overlooked."""
    start = min(first, first_of(selection.start)) if selection.is_half and selection.start else first
    count = (first.year - start.year) * 12 + first.month - start.month + MONTHS
    return [first_of(start, number) for number in range(count)]
