"""Booking by form, and the customer's own page behind a secret link."""

import re
from functools import partial

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from lco import metrics
from lco.availability.schemas import parse_date_range, parse_iso_interval
from lco.blueprints import booking_requests
from lco.blueprints.equipment import OWN_BOOKINGS, render_vehicle
from lco.bookings.errors import AlreadyRequested, NotBooked
from lco.bookings.ical import calendar_entry
from lco.bookings.schemas import BookingForm, new_key
from lco.db.errors import DatabaseUnavailable
from lco.domain.booking import Booking
from lco.domain.date_range import DateRange
from lco.errors import (
    DatesTaken,
    InvalidInput,
    KeyReused,
    LcoError,
    NotRentable,
    OdooUnavailable,
    TooManyRequests,
)
from lco.web import htmx
from lco.web.error_handlers import seconds
from lco.web.extensions import current_services
from lco.web.responses import PRIVATE
from lco.web.urls import vehicle_url

blueprint = Blueprint("bookings", __name__, url_prefix="/bookings")
blueprint.after_request(booking_requests.add_limit_headers)

HONEYPOT = "keep_empty"
"""A field that people do not see, with a name that no program fills by itself."""
HONEYPOT_SENTENCE = "A hidden field was filled in. It is empty again: please send the form once more."
OTHER_DAYS = "The dates have changed. Here is the price for them: nothing is booked yet."
REMEMBERED_FOR = 86_400
"""Seconds."""
MOST_REMEMBERED = 5
DONE = {
    "changed": "Done: your booking is changed. We have emailed you the new dates for your calendar.",
    "cancelled": "Done: your booking is canceled. We have emailed you.",
}
NO_OTHER_DATES = "Choose one of the dates offered, or other dates."

SAME_KEY = (OdooUnavailable, DatabaseUnavailable, TooManyRequests)
"""Nothing was booked and nothing kept: the next attempt is the same one."""
NEW_KEY = (InvalidInput, DatesTaken, NotRentable, KeyReused, NotBooked, AlreadyRequested)
"""The key may be spent: the next attempt is another one."""


@blueprint.get("")
def index() -> AnyResponse:
    """`GET /bookings`: 302 to the form that finds a booking, for an address that was cut short; revalidated."""
    return redirect(url_for("finding.ask"), 302)


@blueprint.post("")
def create() -> AnyResponse:
    """`POST /bookings`: book what the form shows, and lead to the booking's page; not cached.

    303; for our script 201 with JSON, since a body that is cut short is noticed and a header is not. 409 with the
    price when the days are not those whose price was shown, 409 and 422 with the form as it was typed.
    """
    key = request.form.get("idempotency_key", "").strip() or new_key()
    try:
        with booking_requests.count_refusals():
            _check_honeypot()
            wanted = booking_requests.parse_request(request.form.to_dict())
            if not _is_quoted(wanted.days):
                return _render_price(wanted.days)
            booking = booking_requests.place(
                wanted, key, partial(booking_requests.ticked_terms, wanted.vehicle_id)
            )
    except SAME_KEY as error:
        return _render_again(error, key)
    except NEW_KEY as error:
        return _render_again(error, new_key())
    page = url_for("bookings.show", token=booking.token)
    return _remember(_lead_to(page), booking)


@blueprint.post("/dates")
def dates() -> Response:
    """`POST /bookings/dates`: the form with the price of other days, offered or typed; everything typed is kept.

    200, or 422 with sentences about the days; not cached. `HX-Push-Url` names the new days.
    """
    vehicle_id = _vehicle_id()
    offered = parse_iso_interval(request.form.get("use_dates", ""))
    if vehicle_id is None or (offered is None and "use_dates" in request.form):
        raise InvalidInput({}, NO_OTHER_DATES)
    values = _typed() | ({"date_from": str(offered.start), "date_to": str(offered.end)} if offered else {})
    try:
        days = parse_date_range(values)
        if days:
            current_services().rules.require_dates(current_services().catalogue.with_limits(vehicle_id), days)
    except InvalidInput as error:
        return render_vehicle(vehicle_id, None, BookingForm(values), error.status, date_errors=error.fields)
    response = render_vehicle(vehicle_id, days, BookingForm(values))
    if days:
        response.headers["HX-Push-Url"] = vehicle_url(current_services().catalogue.find(vehicle_id), days)
    return response


@blueprint.get("/<token>")
def show(token: str) -> Response:
    """`GET /bookings/<token>`: the customer's page; 200, 404; not cached.

    `done` says what the customer has just done: `changed` or `cancelled`.
    """
    booking = booking_requests.booking_of(token)
    done = DONE.get(request.args.get("done", ""))
    services = current_services()
    terms = {
        "agreement": services.bookings.service.agreement(booking),
        "is_unticked": services.has_unticked_terms(booking),
    }
    return make_response(render_template("pages/booking.html", booking=booking, done=done, **terms), PRIVATE)


@blueprint.get("/<token>.ics")
def entry(token: str) -> Response:
    """`GET /bookings/<token>.ics`: the booking for a calendar (RFC 5545); 200, 404; not cached."""
    booking = booking_requests.booking_of(token)
    services = current_services()
    business, return_by = services.business.known, services.return_time(booking)
    name = re.sub(r"[^A-Za-z0-9-]+", "-", booking.reference or "booking")
    response = make_response(calendar_entry(booking, business, services.settings.site_url, return_by), PRIVATE)
    response.content_type = "text/calendar; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.ics"'
    return response


def _check_honeypot() -> None:
    """Raises InvalidInput when the field that people cannot see is filled. The form comes back with it empty."""
    if request.form.get(HONEYPOT):
        metrics.refused.labels("honeypot").inc()
        raise InvalidInput({}, HONEYPOT_SENTENCE)


def _is_quoted(days: DateRange) -> bool:
    """Whether `days` are those whose price the form shows; a form that names none was not made by this site."""
    quoted = request.form.get("quoted")
    return quoted is None or parse_iso_interval(quoted) == days


def _render_price(days: DateRange) -> Response:
    """The form with the price of `days`, which are other days than those shown with a price before.

    Raises InvalidInput for days that have to be changed.
    """
    services, vehicle_id = current_services(), int(request.form["vehicle_id"])
    services.rules.require_dates(services.catalogue.with_limits(vehicle_id), days)
    form = BookingForm(_typed(), message=OTHER_DAYS)
    return render_vehicle(vehicle_id, days, form, 409)


def _lead_to(page: str) -> AnyResponse:
    """The response that leads our script, htmx or a browser without scripts to `page`."""
    if request.accept_mimetypes.best == "application/json":
        return make_response(jsonify(page=page), 201)
    return htmx.redirected(page) if htmx.wants_fragment() else redirect(page, 303)


def _own_tokens() -> list[str]:
    return [token for token in request.cookies.get(OWN_BOOKINGS, "").split(".") if token]


def _remember(response: AnyResponse, booking: Booking) -> AnyResponse:
    """Let this browser know its own booking for a day, so that its days are shown as its own."""
    known = [token for token in _own_tokens() if token != booking.token]
    response.set_cookie(
        OWN_BOOKINGS,
        ".".join([booking.token, *known][:MOST_REMEMBERED]),
        max_age=REMEMBERED_FOR,
        path="/",
        secure=current_services().settings.site_url.startswith("https:"),
        httponly=True,
        samesite="Lax",
    )
    return response


def _render_again(error: LcoError, key: str) -> Response:
    """The vehicle's page, the form as it was sent, and `error` on it. Raises `error` when no vehicle is named."""
    vehicle_id = _vehicle_id()
    if vehicle_id is None:
        raise error
    errors = error.fields if isinstance(error, InvalidInput) else {}
    conflict = isinstance(error, DatesTaken)
    message = "" if errors or conflict else error.message
    form = BookingForm(_typed(), errors, key, conflict, message)
    response = render_vehicle(vehicle_id, _days_sent(), form, error.status)
    if error.retry_after:
        response.headers["Retry-After"] = seconds(error.retry_after)
    return response


def _typed() -> dict[str, str]:
    """The fields that the customer typed, without the hidden one that only robots fill."""
    return {name: text for name, text in request.form.items() if name != HONEYPOT}


def _vehicle_id() -> int | None:
    return request.form.get("vehicle_id", type=int)


def _days_sent() -> DateRange | None:
    """The days of the form. Returns None for days that cannot be rented: other days have to be chosen first."""
    try:
        days = parse_date_range(request.form)
        vehicle_id = _vehicle_id()
        if days and vehicle_id:
            current_services().rules.require_dates(current_services().catalogue.with_limits(vehicle_id), days)
    except InvalidInput:
        return None
    return days
