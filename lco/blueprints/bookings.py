"""Booking by form, and the customer's own page behind a secret link."""

import re

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from lco import metrics
from lco.availability.schemas import parse_date_range, parse_iso_interval
from lco.blueprints import booking_requests
from lco.blueprints.equipment import render_vehicle
from lco.bookings.errors import NotBooked
from lco.bookings.ical import calendar_entry
from lco.bookings.schemas import BookingForm, new_key
from lco.db.errors import DatabaseUnavailable
from lco.domain.booking import Booking
from lco.domain.date_range import DateRange
from lco.domain.vehicle import Vehicle
from lco.errors import DatesTaken, InvalidInput, KeyReused, LcoError, NotRentable, OdooUnavailable, TooManyRequests
from lco.web import htmx
from lco.web.error_handlers import seconds
from lco.web.extensions import current_services

blueprint = Blueprint("bookings", __name__, url_prefix="/bookings")
blueprint.after_request(booking_requests.add_limit_headers)

HONEYPOT_SENTENCE = "One field has to stay empty. Please clear the field named website, and send the form again."
NO_OTHER_DATES = "Choose one of the dates offered, or other dates."

SAME_KEY = (OdooUnavailable, DatabaseUnavailable, TooManyRequests)
"""Nothing was booked and nothing kept: the next attempt is the same one."""
NEW_KEY = (InvalidInput, DatesTaken, NotRentable, KeyReused, NotBooked)
"""The key may be spent: the next attempt is another one."""

PRIVATE = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


@blueprint.post("")
def create() -> AnyResponse:
    """Book and go to the booking's page. What stands in the way is told on the form; everything typed is kept."""
    key = request.form.get("idempotency_key", "").strip() or new_key()
    try:
        with booking_requests.count_refusals():
            _check_honeypot()
            booking = booking_requests.place(booking_requests.parse_request(request.form.to_dict()), key)
    except SAME_KEY as error:
        return _render_again(error, key)
    except NEW_KEY as error:
        return _render_again(error, new_key())
    page = url_for("bookings.show", token=booking.token)
    return htmx.redirected(page) if htmx.wants_fragment() else redirect(page, 303)


@blueprint.post("/dates")
def dates() -> Response:
    """The form once more, for other dates that were offered; everything typed is kept."""
    offered = parse_iso_interval(request.form.get("use_dates", ""))
    vehicle_id = _vehicle_id()
    if offered is None or vehicle_id is None:
        raise InvalidInput({}, NO_OTHER_DATES)
    typed = {"date_from": offered.start.isoformat(), "date_to": offered.end.isoformat()}
    days = parse_date_range(typed)
    current_services().rules.require_dates(current_services().catalogue.with_limits(vehicle_id), offered)
    return render_vehicle(vehicle_id, days, BookingForm(values=request.form.to_dict()))


@blueprint.get("/<token>")
def show(token: str) -> Response:
    booking = current_services().bookings.service.by_token(token)
    page = render_template("pages/booking.html", booking=booking, vehicle=_vehicle(booking))
    return make_response(page, PRIVATE)


@blueprint.get("/<token>.ics")
def entry(token: str) -> Response:
    booking = current_services().bookings.service.by_token(token)
    settings = current_services().settings
    name = re.sub(r"[^A-Za-z0-9-]+", "-", booking.reference or "booking")
    response = make_response(calendar_entry(booking, settings.business(), settings.site_url), PRIVATE)
    response.content_type = "text/calendar; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.ics"'
    return response


def _check_honeypot() -> None:
    """Raises InvalidInput when the field that people cannot see is filled."""
    if request.form.get("website"):
        metrics.refused.labels("honeypot").inc()
        raise InvalidInput({}, HONEYPOT_SENTENCE)


def _render_again(error: LcoError, key: str) -> Response:
    """The vehicle's page, the form as it was sent, and `error` on it. Raises `error` when no vehicle is named."""
    vehicle_id = _vehicle_id()
    if vehicle_id is None:
        raise error
    errors = error.fields if isinstance(error, InvalidInput) else {}
    conflict = isinstance(error, DatesTaken)
    message = "" if errors or conflict else error.message
    form = BookingForm(request.form.to_dict(), errors, key, conflict, message)
    days = _days_sent()
    shown = form if days else None
    response = render_vehicle(vehicle_id, days, shown, error.status, date_errors={} if days else errors)
    if error.retry_after:
        response.headers["Retry-After"] = seconds(error.retry_after)
    return response


def _vehicle_id() -> int | None:
    return request.form.get("vehicle_id", type=int)


def _days_sent() -> DateRange | None:
    """The days of the form; None for days nobody can rent, so that other dates have to be chosen first."""
    try:
        days = parse_date_range(request.form)
        vehicle_id = _vehicle_id()
        if days and vehicle_id:
            current_services().rules.require_dates(current_services().catalogue.with_limits(vehicle_id), days)
    except InvalidInput:
        return None
    return days


def _vehicle(booking: Booking) -> Vehicle | None:
    """The vehicle, when the catalogue still has it and can be read: the page is useful without."""
    try:
        return current_services().catalogue.find(booking.request.vehicle_id)
    except LcoError:
        return None
