"""The list of equipment, a vehicle's own page, its calendar and its pictures."""

import json
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import date

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from lco.availability.date_grid import MONTHS, Selection
from lco.availability.month import MONTHS_AHEAD, first_of, may_show
from lco.availability.schemas import parse_date_range
from lco.bookings.schemas import BookingForm
from lco.bookings.states import ENDED
from lco.catalogue.schemas import PARAMETERS, parse_query
from lco.catalogue.search import SORTS, search
from lco.catalogue.search_terms import synonyms
from lco.db.errors import DatabaseUnavailable
from lco.domain.booking import Booking
from lco.domain.date_range import DateRange
from lco.domain.vehicle import Details, Vehicle
from lco.errors import BadRequest, InvalidInput, NotFound, OdooError
from lco.web import htmx, page_cache
from lco.web.date_picker import shop_calendar
from lco.web.extensions import current_services
from lco.web.filters import format_money
from lco.web.regions import region
from lco.web.structured_data import product_json
from lco.web.urls import list_url, picture_url, query_url, slugify, vehicle_url

blueprint = Blueprint("equipment", __name__)

MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
A_DAY, A_YEAR = 86_400, 31_536_000
NO_DAYS = {"date_from": None, "date_to": None}
OWN_BOOKINGS = "lco_booked"
"""The cookie with the secrets of the bookings that a browser has made in the last day, joined by dots."""
CACHED = {
    "/equipment": (*PARAMETERS, "month", "typed", "turned"),
    "/equipment/[0-9]+-[^/]+": ("month", "date_from", "date_to"),
}
"""The paths here whose pages may be kept, and every parameter that can change what they show."""


@blueprint.get("/equipment")
def index() -> Response:
    """`GET /equipment`: the list, or its results for htmx; 200; page cache without mistakes in the query."""
    catalogue = current_services().catalogue
    today = current_services().rules.today
    query, errors = parse_query(request.args, current_services().rules.require_days)
    chosen = chosen_selection()
    if chosen.is_half and "date_to" not in request.args:
        errors.pop("date_to", None)  # the day of return is chosen next, which is no mistake yet
    if not errors:
        page_cache.mark_cacheable()
    shown = shown_month() if request.args.get("month") else first_of(chosen.start or today)
    snapshot = catalogue.vehicles()
    free = _free(query.days)
    results = search(snapshot, query, free, synonyms(current_services().settings.search_synonyms))
    page = {
        "query": query,
        "results": results,
        "errors": errors,
        "sorts": SORTS,
        "dates_unknown": query.days is not None and free is None,
        "url": lambda **changes: query_url(query, **changes),
        "canonical": list_url(category=query.category if results.total else "", page=results.page),
        "chosen": chosen,
        "calendar": shop_calendar(current_services(), query, shown, chosen),
    }
    if htmx.wants_fragment():
        response = make_response(render_template("partials/results.html", fragment=True, **page))
        if not errors:
            # The browser would push what the form sent, with every empty field in it. Typing makes no new entry.
            header = "HX-Replace-Url" if "typed" in request.args else "HX-Push-Url"
            response.headers[header] = query_url(query, page=query.page)
        response.headers["HX-Retarget"] = "#results"  # days of the calendar would replace the calendar
        return response
    return make_response(render_template("pages/equipment.html", **page))


@blueprint.get("/equipment/<int:vehicle_id>-<name>")
def show(vehicle_id: int, name: str) -> AnyResponse:
    """`GET /equipment/<id>-<name>`: one vehicle; 200, 301 for another name, 404, 410.

    `date_from`, `date_to`: the days to be booked; `month` (YYYY-MM): the month in front. Page cache; not cached
    with days; revalidated with mistakes in the days.
    """
    vehicle = current_services().catalogue.find(vehicle_id)
    if name != slugify(vehicle):
        return redirect(vehicle_url(vehicle, None, **request.args.to_dict()), 301)
    try:
        days = parse_date_range(request.args)
        if days:
            current_services().rules.require_dates(current_services().catalogue.with_limits(vehicle_id), days)
    except InvalidInput as error:
        return render_vehicle(vehicle_id, None, date_errors=error.fields)
    return render_vehicle(vehicle_id, days)


@blueprint.get("/equipment/<int:vehicle_id>")
def short(vehicle_id: int) -> AnyResponse:
    """`GET /equipment/<id>`: 301 to the address with the name; 404, 410; revalidated."""
    return redirect(
        vehicle_url(current_services().catalogue.find(vehicle_id), None, **request.args.to_dict()), 301
    )


@blueprint.get("/equipment/<int:vehicle_id>/calendar")
def calendar(vehicle_id: int) -> AnyResponse:
    """`GET /equipment/<id>/calendar` with `month` and the days chosen so far: that part for htmx; revalidated.

    200; 302 to the page that has it for others; 404, 410.
    """
    vehicle = current_services().catalogue.find(vehicle_id)
    month, selection = shown_month(), chosen_selection()
    if htmx.wants_fragment():
        return htmx.unpushed(region(_calendar_region(vehicle_id, month, selection)).html())
    return redirect(vehicle_url(vehicle, month=f"{month:%Y-%m}", **_chosen()) + f"#calendar-{vehicle_id}", 302)


@blueprint.get("/equipment/dates")
def dates() -> AnyResponse:
    """`GET /equipment/dates`: the calendar of the list for htmx; revalidated.

    It takes the parameters of the list, `month` (YYYY-MM), the days chosen so far, and `leaves` where a choice
    leads to another page. 200; 302 to the list for others; 400, 404 for a month that is not shown.
    """
    query, _ = parse_query(request.args, current_services().rules.require_days)
    month, selection = shown_month(), chosen_selection()
    if htmx.wants_fragment():
        leaves = "leaves" in request.args
        return htmx.unpushed(shop_calendar(current_services(), query, month, selection, leaves=leaves))
    return redirect(query_url(query, month=f"{month:%Y-%m}", **{**NO_DAYS, **_chosen()}), 302)


@blueprint.get("/pictures/<size>/<path:path>")
def picture(size: str, path: str) -> AnyResponse:
    """`GET /pictures/480x360/fleet.vehicle/7/image_1920?v=1f2e`: a picture that the shop shows, scaled.

    `v` is its version, `vehicle` the vehicle whose gallery it belongs to. 302 leads to the present version, whose
    address may be cached for a year; without a version it is a day. 404 for what the shop does not show.
    """
    services, vehicle_id = current_services(), request.args.get("vehicle", type=int)
    found = services.pictures.find(path, size, vehicle_id)
    address = picture_url(found, size, services.catalogue.find(vehicle_id) if vehicle_id else None)
    if request.full_path.rstrip("?") != address:
        return redirect(address, 302)
    stored = services.pictures.read(found, size)
    response = current_app.response_class(stored.content, mimetype=stored.content_type.partition(";")[0])
    caching = f"max-age={A_YEAR}, immutable" if found.version else f"max-age={A_DAY}"
    response.headers["Cache-Control"] = f"public, {caching}"
    # A drawing may hold scripts: opened by itself, it may do nothing at all.
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


def render_vehicle(
    vehicle_id: int,
    days: DateRange | None,
    form: BookingForm | None = None,
    status: int = 200,
    date_errors: dict[str, list[str]] | None = None,
) -> Response:
    """A vehicle's page, or for htmx only its booking panel; with `days`, a quote and the booking form.

    Days that this browser has booked are shown as its own.
    """
    details = _details(vehicle_id)
    vehicle = current_services().catalogue.find(vehicle_id)
    today = current_services().rules.today
    if days and form is None:
        form = BookingForm.empty()
    is_wrong = _is_wrong(date_errors or {}, form)
    page = {
        "vehicle": vehicle,
        "title": f"{'Error: ' if is_wrong else ''}{vehicle.name} for rent",
        "is_wrong": is_wrong,
        "days": days,
        "form": form,
        "date_errors": date_errors or {},
        "own": _own_booking(vehicle_id, days) if days else None,
        "quote_region": f"quote:{vehicle_id}:{days.start}:{days.end}" if days else None,
        "send_region": f"send:{vehicle_id}:{days.start}:{days.end}" if days else None,
        "details": details,
        "agreement": current_services().agreement(details) if details else None,
        "description": _description(vehicle),
        "pictures": (details and details.pictures) or ([vehicle.picture] if vehicle.picture else []),
    }
    chosen = Selection(days.start, days.end) if days else chosen_selection()
    shown = shown_month() if request.args.get("month") else first_of(max(chosen.start or today, today))
    page["calendar_region"] = _calendar_region(vehicle_id, shown, chosen)
    if htmx.wants_fragment():
        html = render_template("partials/booking_panel.html", fragment=True, **page)
    else:
        product = product_json(vehicle, current_services().settings.site_url, current_services().business.known)
        json_ld = json.dumps(product).replace("<", "\\u003c")
        html = render_template("pages/vehicle.html", json_ld=json_ld, **page)
    response = make_response(html, status)
    if htmx.wants_fragment():
        response.headers["HX-Retarget"] = "#booking-panel"  # days of the calendar would replace the calendar
    if days or form:
        response.headers["Cache-Control"] = "private, no-store"
    elif not date_errors:
        page_cache.mark_cacheable()
    return response


def _is_wrong(date_errors: Mapping[str, list[str]], form: BookingForm | None) -> bool:
    """Whether something has to be put right; that only the first day is chosen yet is no mistake."""
    sent = request.args
    is_halfway = sent.get("date_from") and "date_to" not in sent and "date_from" not in date_errors
    has_mistakes = form is not None and bool(form.errors or form.message or form.conflict)
    return has_mistakes or bool(date_errors and not is_halfway)


def _description(vehicle: Vehicle) -> str:
    """Return one sentence for search engines: Odoo's summary, else name and price."""
    price = f", {format_money(vehicle.rates.daily)} a day" if vehicle.rates.daily else ""
    return vehicle.summary or f"{vehicle.name} for rent{price}. See when it is available."


def _own_booking(vehicle_id: int, days: DateRange) -> Booking | None:
    """A booking of these days by this browser, whose cookie holds the secret of each. Returns None without one."""
    for token in request.cookies.get(OWN_BOOKINGS, "").split("."):
        with suppress(NotFound, DatabaseUnavailable):
            booking = current_services().bookings.service.by_token(token)
            is_here = booking.request.vehicle_id == vehicle_id and booking.request.days.overlaps(days)
            if is_here and booking.state not in ENDED:
                return booking
    return None


def _details(vehicle_id: int) -> Details | None:
    """Everything about the vehicle. Returns None while Odoo gives no answer: the page is useful without."""
    try:
        return current_services().catalogue.details(vehicle_id)
    except OdooError:
        return None


def _free(days: DateRange | None) -> Collection[int] | None:
    """The ids free in `days`. Returns None without days, or when Odoo gives no answer."""
    try:
        return current_services().catalogue.free(days) if days else None
    except OdooError:
        return None


def _calendar_region(vehicle_id: int, month: date, selection: Selection) -> str:
    ends = [day.isoformat() for day in (selection.start, selection.end) if day]
    return ":".join(("calendar", str(vehicle_id), f"{month:%Y-%m}", *ends))


def chosen_selection() -> Selection:
    """The days in the query as a calendar shows them; nothing where they cannot be meant."""
    today = current_services().rules.today
    start, end = (_day(request.args.get(name, "")) for name in NO_DAYS)
    if start is None or not today <= start <= first_of(today, MONTHS_AHEAD + MONTHS):
        return Selection()
    return Selection(start, end if end and start < end <= first_of(start, MONTHS_AHEAD) else None)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _chosen() -> dict[str, str]:
    """The days in the query, as they were sent."""
    return {name: request.args[name] for name in ("date_from", "date_to") if request.args.get(name)}


def shown_month() -> date:
    """The month in the query, this month when there is none. Raises BadRequest, NotFound."""
    today = current_services().rules.today
    text = request.args.get("month") or f"{today:%Y-%m}"
    found = MONTH.fullmatch(text)
    if not found:
        raise BadRequest("A month is written like 2026-12.")
    first = date(int(found[1]), int(found[2]), 1)
    if not may_show(first, today):
        raise NotFound
    return first
