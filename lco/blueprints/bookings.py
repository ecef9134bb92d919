"""Booking by form, and the customer's own page behind a secret link."""

import re

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from lco import clock, metrics
from lco.availability.schemas import days_chosen, days_or_none
from lco.blueprints import booking_requests as attempts
from lco.blueprints.equipment import render_vehicle
from lco.bookings.errors import NotBooked
from lco.bookings.ical import calendar_entry
from lco.bookings.schemas import BookingForm, new_key
from lco.db.errors import StoreAway
from lco.domain.booking import Booking
from lco.domain.date_range import Days
from lco.domain.vehicle import Vehicle
from lco.errors import DatesTaken, InvalidInput, KeyReused, LcoError, OdooAway, TooManyRequests
from lco.web import htmx
from lco.web.error_handlers import seconds
from lco.web.extensions import shop

blueprint = Blueprint("bookings", __name__, url_prefix="/bookings")
blueprint.after_request(attempts.tell_limit)

TRAP_SENTENCE = "One field has to stay empty. Please clear the field named website, and send the form again."
NO_OTHER_DATES = "Choose one of the dates offered, or other dates."

SAME_KEY = (OdooAway, StoreAway, TooManyRequests)
"""Nothing was booked and nothing kept: the next attempt is the same one."""
NEW_KEY = (InvalidInput, DatesTaken, KeyReused, NotBooked)
"""The key may be spent: the next attempt is another one."""

PRIVATE = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


@blueprint.post("")
def create() -> AnyResponse:
    """Book and go to the booking's page. What stands in the way is told on the form; everything typed is kept."""
    key = request.form.get("idempotency_key", "").strip() or new_key()
    try:
        with attempts.refusals_counted():
            _refuse_robots()
            booking = attempts.placed(attempts.asked_for(request.form.to_dict()), key)
    except SAME_KEY as error:
        return _shown_again(error, key)
    except NEW_KEY as error:
        return _shown_again(error, new_key())
    page = url_for("bookings.show", token=booking.token)
    return htmx.redirected(page) if htmx.wants_fragment() else redirect(page, 303)


@blueprint.post("/dates")
def dates() -> Response:
    """The form once more, for other dates that were offered; everything typed is kept."""
    offered = days_or_none(request.form.get("use_dates", ""))
    vehicle_id = _vehicle_id()
    if offered is None or vehicle_id is None:
        raise InvalidInput({}, NO_OTHER_DATES)
    typed = {"date_from": offered.start.isoformat(), "date_to": offered.end.isoformat()}
    days = days_chosen(typed, clock.today(shop().settings.timezone))
    return render_vehicle(vehicle_id, days, BookingForm(values=request.form.to_dict()))


@blueprint.get("/<token>")
def show(token: str) -> Response:
    booking = shop().bookings.by_token(token)
    page = render_template("pages/booking.html", booking=booking, vehicle=_vehicle(booking))
    return make_response(page, PRIVATE)


@blueprint.get("/<token>.ics")
def entry(token: str) -> Response:
    booking = shop().bookings.by_token(token)
    settings = shop().settings
    name = re.sub(r"[^A-Za-z0-9-]+", "-", booking.reference or "booking")
    response = make_response(calendar_entry(booking, settings.business(), settings.site_url), PRIVATE)
    response.content_type = "text/calendar; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.ics"'
    return response


def _refuse_robots() -> None:
    """Raises InvalidInput when the field that people cannot see is filled."""
    if request.form.get("website"):
        metrics.refused.labels("honeypot").inc()
        raise InvalidInput({}, TRAP_SENTENCE)


def _shown_again(error: LcoError, key: str) -> Response:
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


def _days_sent() -> Days | None:
    """The days of the form; None for days nobody can rent, so that other dates have to be chosen first."""
    try:
        return days_chosen(request.form, clock.today(shop().settings.timezone))
    except InvalidInput:
        return None


def _vehicle(booking: Booking) -> Vehicle | None:
    """The vehicle, when the catalogue still has it and can be read: the page is useful without."""
    try:
        return shop().catalogue.find(booking.request.vehicle_id)
    except LcoError:
        return None
