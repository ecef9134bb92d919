"""The links in a grid of days: pages that work without scripts, parts of them for htmx."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from lco.availability.date_grid import Selection
from lco.catalogue.search import Query
from lco.domain.date_range import DateRange
from lco.domain.vehicle import Vehicle
from lco.web.urls import query_url, vehicle_url, with_query


@dataclass(frozen=True)
class DateLinks:
    """The links of one grid. `part` is the address that answers with the grid alone, or leads to its page.

    `leaves` says whether both days lead to another page than the grid is on.
    """

    part: str
    month: date
    selection: Selection = field(default_factory=Selection)
    more: Mapping[str, str] = field(default_factory=dict)
    leaves: bool = False

    def to_month(self, month: date) -> str:
        """The same choice with another month in front."""
        return self._part(month, self.selection)

    def pick(self, choice: Selection) -> str:
        """The address of a choice: the grid while the day of return is missing, then the page with both days."""
        if choice.start and choice.end:
            return self.page(DateRange(choice.start, choice.end))
        return self._part(self.month, choice)

    def page(self, days: DateRange) -> str:
        """The page that shows prices for `days`."""
        raise NotImplementedError

    @cached_property
    def prefix(self) -> str:
        """The common beginning of the links to parts; sixty of them are in one grid."""
        return with_query(self.part, self.more) + ("&" if self.more else "?")

    def _part(self, month: date, choice: Selection) -> str:
        days = {"date_from": choice.start, "date_to": choice.end}
        texts = [f"&{name}={day.isoformat()}" for name, day in days.items() if day]
        return f"{self.prefix}month={month:%Y-%m}{''.join(texts)}"


@dataclass(frozen=True)
class VehicleLinks(DateLinks):
    """Of the calendar on a vehicle's page."""

    vehicle: Vehicle | None = None

    def page(self, days: DateRange) -> str:
        """The vehicle's page with a quote."""
        return vehicle_url(self.vehicle, days) if self.vehicle else ""


@dataclass(frozen=True)
class ChangeLinks(DateLinks):
    """Of the calendar in which other days for a booking are chosen: one page has all of it."""

    def page(self, days: DateRange) -> str:
        """The same page with the price of `days`."""
        return with_query(self.part, {"date_from": days.start.isoformat(), "date_to": days.end.isoformat()})


@dataclass(frozen=True)
class ListLinks(DateLinks):
    """Of the dates among the filters of the list."""

    query: Query = field(default_factory=Query)

    def page(self, days: DateRange) -> str:
        """The list, its other filters kept."""
        return query_url(self.query, date_from=days.start, date_to=days.end)


def vehicle_links(vehicle: Vehicle, month: date, selection: Selection) -> VehicleLinks:
    """The links of a vehicle's calendar."""
    return VehicleLinks(f"/equipment/{vehicle.id}/calendar", month, selection, vehicle=vehicle)


def change_links(part: str, month: date, selection: Selection) -> ChangeLinks:
    """The links of the calendar on the page `part`, on which a booking is changed."""
    return ChangeLinks(part, month, selection)


def list_links(query: Query, month: date, selection: Selection, *, leaves: bool = False) -> ListLinks:
    """The links of the calendar of the list, or with `leaves` of another page's that leads to the list."""
    more = {**_filters(query), **({"leaves": "1"} if leaves else {})}
    return ListLinks("/equipment/dates", month, selection, more, leaves, query=query)


def _filters(query: Query) -> dict[str, str]:
    """The filters of `query` that say something, without its days."""
    names = ("q", "category", "brand", "fuel_type", "min_price", "max_price", "sort")
    values = {name: getattr(query, name) for name in names}
    return {name: str(value) for name, value in values.items() if value not in {None, "", "featured"}}
