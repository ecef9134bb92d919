"""The regions of pages that can change while a page is open. Pages and streams render them from here."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from flask import current_app

from lco import metrics
from lco.availability.date_grid import Selection
from lco.availability.presets import presets
from lco.availability.price_breakdown import estimate, explain
from lco.availability.price_cliffs import Cliffs
from lco.availability.schemas import LONGEST
from lco.bookings.life import stage
from lco.changes.log import ChangeId
from lco.changes.topics import BUSINESS_DAY, CATALOGUE, LIVE, ODOO, booking_topic, vehicle_topic
from lco.domain.booking import Booking
from lco.domain.date_range import DAY, DateRange
from lco.domain.date_text import format_weekday, format_weekday_date
from lco.domain.quote import Quote
from lco.domain.vehicle import Vehicle
from lco.errors import BadRequest, Gone, LcoError, OdooError
from lco.live.rendering import mark_stale, stale_marks
from lco.version import version
from lco.web.booking_status import booking_status
from lco.web.date_picker import vehicle_grid

if TYPE_CHECKING:
    from lco.services import Services

NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
RELEASE = re.compile(r"[0-9a-f]{12}", re.ASCII)
YEARS = range(2000, 2200)
FARTHEST_MONTH = timedelta(days=548)
"""The farthest month of a calendar."""
OLDEST_PAGE = timedelta(days=60)
"""The time for which a page may stay open whose month or days have become past."""

TEMPLATES = {"news": "new_vehicles", "odoo": "stale_notice"}
"""Files with another name than their kind, which is part of addresses."""

OLD = ":old"
"""The end of a region's name in a page that shows old or missing data there: its stream sends it first."""

Data = Mapping[str, object]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Region:
    """One region. `slow`: rendering may have to wait for its data, so it must not delay other regions.

    `query` names what may have to be asked from Odoo for it; regions with the same one share the answer. `day` is
    the first day that it is about, if it is about days.
    """

    name: str
    element_id: str
    topics: frozenset[str]
    data: Callable[[], Data]
    slow: bool = False
    query: str = ""
    day: date | None = None

    @property
    def kind(self) -> str:
        """The kind of region: the part of the name before the first colon."""
        return self.name.partition(":")[0]

    @property
    def is_old(self) -> bool:
        """Whether the page shows something old here, or is of another release: its stream begins with it."""
        return self.name.endswith(OLD) or (self.kind == "release" and version() not in self.name)

    def may_be_live(self, today: date) -> bool:
        """Whether pages show such days on `today`, or did so not long ago."""
        if self.day is None:
            return True
        last = max(_services().calendar.known().last_start(today), today + FARTHEST_MONTH)
        return today - OLDEST_PAGE <= self.day <= last

    def html(self) -> str:
        """Return the region as it is now. Needs an application context; a machine that is gone is said to be gone.

        Raises LcoError without its data.
        """
        return self._rendered(self.name, *self._content())

    def html_in_page(self) -> str:
        """Return the region for a page. Its name ends with OLD when its data are old or missing."""
        with stale_marks() as marks:
            content = self._content()
        return self._rendered(f"{self.name}{OLD}" if marks else self.name, *content)

    def _content(self) -> tuple[str, Data]:
        """The template and its data."""
        try:
            return TEMPLATES.get(self.kind, self.kind), self.data()
        except Gone:
            return "gone", {"kind": self.kind, "element_id": self.element_id}

    def _rendered(self, name: str, file: str, data: Data) -> str:
        # Flask's render_template would add what belongs to a page (request, g, since), which no region needs.
        template = current_app.jinja_env.get_template(f"partials/regions/{file}.html")
        return template.render(name=name, **data)


def region(name: str) -> Region:
    """Return the region with this name. Raises BadRequest for an invalid name, NotFound for an unknown booking."""
    kind, *parts = name.removesuffix(OLD).split(":")
    try:
        return KINDS.get(kind, _unknown)(name, parts)
    except ValueError as error:
        raise BadRequest("There is no such live region.") from error


def _status(name: str, parts: list[str]) -> Region:
    vehicle_id = _number(*_exactly(1, parts))
    return _about_vehicle(name, vehicle_id, lambda: _vehicle_data(vehicle_id))


def _card(name: str, parts: list[str]) -> Region:
    number, *ends = parts
    vehicle_id = _number(number)
    days = _days(*_exactly(2, ends)) if ends else None

    def data() -> Data:
        vehicle = _services().catalogue.vehicles().by_id.get(vehicle_id)
        free = _is_free(vehicle_id, days) if days else None
        return {
            "vehicle": vehicle,
            "vehicle_id": vehicle_id,
            "days": days,
            "free": free,
            "price": estimate(vehicle.rates, len(days)) if vehicle and days else None,
            "next_free": _services().availability.next_free(vehicle, days)
            if vehicle and days and free is False
            else None,
        }

    # Whether it is free on some days is known only after asking Odoo.
    if days is None:
        return _about_vehicle(name, vehicle_id, data)
    return _about_vehicle(name, vehicle_id, data, query=f"free:{days.start}:{days.end}", day=days.start)


def _calendar(name: str, parts: list[str]) -> Region:
    number, month, *chosen = parts
    vehicle_id, first = _number(number), _day(f"{month}-01")
    selection = _selection(chosen)

    def data() -> Data:
        shown = vehicle_grid(_services(), vehicle_id, first, selection)
        if not shown["grid"].complete:
            mark_stale()
        return shown

    return _about_vehicle(name, vehicle_id, data, query=name, day=first)


def _quote(name: str, parts: list[str]) -> Region:
    number, start, end = _exactly(3, parts)
    vehicle_id, days = _number(number), _days(start, end)

    def data() -> Data:
        services = _services()
        vehicle = services.catalogue.with_limits(vehicle_id)
        quote = None if services.rules.check_days(days) else _quote_if_known(vehicle_id, days)
        reasons = services.rules.check(vehicle, days, quote)
        return {
            "vehicle": vehicle,
            "days": days,
            "quote": quote,
            "reasons": reasons,
            "alternatives": services.availability.alternatives(vehicle, days) if reasons else (),
            "return_by": services.rules.return_by(days),
            "cliffs": services.availability.cliffs(vehicle, quote) if quote and not reasons else Cliffs(),
            "line": explain(vehicle.rates, len(days), quote.total) if quote and quote.total else None,
        }

    topics = frozenset({vehicle_topic(vehicle_id), BUSINESS_DAY})
    return Region(name, "quote", topics, data, slow=True, query=name, day=days.start)


def _choices(name: str, parts: list[str]) -> Region:
    vehicle_id = _number(*_exactly(1, parts))

    def data() -> Data:
        services = _services()
        vehicle = services.catalogue.with_limits(vehicle_id)
        if vehicle.minimum_days is None:  # a choice might be refused
            mark_stale()
            return {"vehicle": vehicle, "choices": ()}
        return {"vehicle": vehicle, "choices": presets(vehicle, services.rules.frozen())}

    # Only limits that are not known yet are asked from Odoo, so it does not count as a query.
    topics = frozenset({vehicle_topic(vehicle_id), BUSINESS_DAY})
    return Region(name, f"choices-{vehicle_id}", topics, data, slow=True)


def _send(name: str, parts: list[str]) -> Region:
    number, start, end = _exactly(3, parts)
    vehicle_id, days = _number(number), _days(start, end)

    def data() -> Data:
        return {"days": days, "quote": _quote_if_known(vehicle_id, days)}

    return Region(name, "order", frozenset({vehicle_topic(vehicle_id)}), data, slow=True)


def _news(name: str, parts: list[str]) -> Region:
    seen = _change_id(*_exactly(1, parts))
    return Region(name, "news", frozenset({CATALOGUE}), lambda: {"count": _services().catalogue.added_since(seen)})


def _odoo(name: str, parts: list[str]) -> Region:
    _exactly(0, parts)

    def data() -> Data:
        return {"stale_since": _services().catalogue.stale_since(), "late": not _services().changes.is_available}

    return Region(name, "odoo", frozenset({ODOO, LIVE}), data)


def _release(name: str, parts: list[str]) -> Region:
    release, *posted = parts
    if not RELEASE.fullmatch(release) or posted not in ([], ["posted"]):
        raise ValueError(name)
    data = {"is_earlier": release != version(), "is_posted": bool(posted)}
    return Region(name, "release", frozenset({LIVE}), lambda: data)


def _booking(name: str, parts: list[str]) -> Region:
    (token,) = _exactly(1, parts)
    known = _services().bookings.service.by_token(token)

    def data() -> Data:
        services = _services()
        booking = services.bookings.service.by_token(token)
        is_changeable = services.bookings.changes.is_possible(booking)
        vehicle, days = _vehicle_if_known(booking.request.vehicle_id), booking.request.days
        reached = stage(booking, services.rules.now, services.rules.return_by(days))
        return_by = services.return_time(booking)
        status = booking_status(booking, reached, return_by)
        hours = services.rules.calendar.hours(days.start)
        return {
            "booking": booking,
            "vehicle": vehicle,
            "about": estimate(vehicle.rates, len(days)) if vehicle else None,
            "opens": hours and hours.opens,
            "next_free": services.availability.next_free(vehicle, days) if vehicle and status.has_ended else None,
            "stage": reached,
            "status": status,
            "return_by": return_by,
            "pending": services.bookings.changes.pending(booking) if booking.reference else None,
            "is_changeable": is_changeable,
            "longer": _longer(booking) if is_changeable and booking.picked_up_on else None,
        }

    # Slow, because a database that hangs must not hold up the regions of other pages.
    topics = frozenset({booking_topic(known.id), vehicle_topic(known.request.vehicle_id), BUSINESS_DAY})
    return Region(name, "booking", topics, data, slow=True)


def _longer(booking: Booking) -> Data | None:
    """The next day on which a machine that is out can be brought back instead, and Odoo's price for it.

    Returns None when there is no such day, or Odoo does not offer it or cannot be asked.
    """
    services, own = _services(), booking.request.days
    end = services.rules.next_return(max(own.end, services.rules.today))
    if end is None:
        return None
    days = DateRange(own.start, end)
    try:
        quote = services.bookings.changes.quote(booking, days)
        vehicle = services.catalogue.with_limits(booking.request.vehicle_id)
        if services.rules.check_change(vehicle, own, days, quote.then):
            return None
    except LcoError as error:
        log.warning("a booking is shown without the offer to keep the machine: %s", error.code)
        return None
    is_near = end - services.rules.today < timedelta(days=7)
    until = format_weekday(end) if is_near else format_weekday_date(end)
    return {"days": days, "quote": quote, "until": until, "return_by": services.rules.return_by(days)}


KINDS: Mapping[str, Callable[[str, list[str]], Region]] = {
    "card": _card,
    "status": _status,
    "rates": _status,
    "calendar": _calendar,
    "quote": _quote,
    "choices": _choices,
    "send": _send,
    "news": _news,
    "odoo": _odoo,
    "release": _release,
    "booking": _booking,
}


def _unknown(name: str, _: list[str]) -> Region:
    raise ValueError(name)


def _about_vehicle(
    name: str, vehicle_id: int, data: Callable[[], Data], *, query: str = "", day: date | None = None
) -> Region:
    element_id = f"{name.partition(':')[0]}-{vehicle_id}"
    # What a machine's status and days read depends on the day as well.
    topics = frozenset({vehicle_topic(vehicle_id), BUSINESS_DAY})
    return Region(name, element_id, topics, data, bool(query), query, day)


def _vehicle_data(vehicle_id: int) -> Data:
    return {"vehicle": _services().catalogue.vehicles().by_id.get(vehicle_id), "vehicle_id": vehicle_id}


def _is_free(vehicle_id: int, days: DateRange) -> bool | None:
    """Return whether Odoo lists the vehicle as free in all of `days`. Returns None when that is not known."""
    try:
        return _services().catalogue.is_free(vehicle_id, days)
    except OdooError as error:
        mark_stale()
        metrics.stale_answers.labels("free").inc()
        log.warning("a card does not say whether it is free: %s", error.code)
        return None


def _quote_if_known(vehicle_id: int, days: DateRange) -> Quote | None:
    """Return Odoo's answer. Returns None when there is none: the page says so, and the rest of it stays useful."""
    try:
        return _services().availability.quote(vehicle_id, days)
    except OdooError as error:
        mark_stale()
        metrics.stale_answers.labels("quote").inc()
        log.warning("a page is shown without its quote: %s", error.code)
        return None


def _vehicle_if_known(vehicle_id: int) -> Vehicle | None:
    """Return the vehicle. Returns None also when the catalogue is not known, as a booking is shown without it."""
    try:
        return _services().catalogue.vehicles().by_id.get(vehicle_id)
    except OdooError as error:
        metrics.stale_answers.labels("vehicle").inc()
        log.warning("a booking is shown without its vehicle: %s", error.code)
        return None


def _services() -> "Services":
    services: Services = current_app.extensions["lco"]
    return services


def _exactly(count: int, parts: list[str]) -> list[str]:
    if len(parts) != count:
        raise ValueError(parts)
    return parts


def _number(text: str) -> int:
    if not NUMBER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _day(text: str) -> date:
    """Return the day that `text` writes as YYYY-MM-DD, the only form, so that a region has one name only."""
    day = date.fromisoformat(text)
    if day.isoformat() != text or day.year not in YEARS:
        raise ValueError(text)
    return day


def _days(start: str, end: str) -> DateRange:
    days = DateRange(_day(start), _day(end))
    if DAY * len(days) > LONGEST:
        raise ValueError(len(days))
    return days


def _selection(chosen: list[str]) -> Selection:
    """The first day alone, or first day and day of return; nothing when nothing is chosen."""
    if len(chosen) == 2:  # noqa: PLR2004 - the two ends of a range
        days = _days(*chosen)
        return Selection(days.start, days.end)
    return Selection(_day(*_exactly(1, chosen))) if chosen else Selection()


def _change_id(text: str) -> ChangeId:
    change_id = ChangeId.parse(text)
    if change_id is None:
        raise ValueError(text)
    return change_id
