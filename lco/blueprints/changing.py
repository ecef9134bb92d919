"""Other days for a booking, or its end, by its customer: pages behind the secret link."""

from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from lco.availability.date_grid import Selection
from lco.availability.month import first_of
from lco.availability.schemas import parse_date_range
from lco.blueprints import booking_requests, change_requests
from lco.blueprints.equipment import chosen_selection, shown_month
from lco.bookings.errors import ChangedMeanwhile, ChangeTooLate, NotChangeable
from lco.bookings.schemas import new_key
from lco.db.errors import DatabaseUnavailable
from lco.domain.booking import Booking
from lco.domain.change import ChangeState, WantedChange
from lco.domain.date_range import DateRange
from lco.domain.money import Money
from lco.errors import Gone, InvalidInput, LcoError, NotFound, OdooError, OdooUnavailable, TooManyRequests
from lco.web import htmx
from lco.web.date_picker import change_grid
from lco.web.error_handlers import seconds
from lco.web.extensions import current_services
from lco.web.responses import PRIVATE

blueprint = Blueprint("changing", __name__, url_prefix="/bookings/<token>")
blueprint.after_request(booking_requests.add_limit_headers)

SAME_KEY = (OdooUnavailable, DatabaseUnavailable, TooManyRequests)
"""Nothing was changed and nothing kept: the next attempt is the same one."""
LONGEST_REASON = 500


@blueprint.get("/change")
def choose(token: str) -> Response:
    """`GET /bookings/<token>/change`: other days and their price; for htmx that part; 200, 404, 409; not cached.

    `date_from`, `date_to`: the days whose price is asked; `month` (YYYY-MM): the month in front.
    """
    booking = booking_requests.booking_of(token)
    try:
        booking = current_services().bookings.changes.current(booking)
        days, errors = parse_date_range(_chosen(booking)), {}
    except InvalidInput as error:
        days, errors = None, _without_missing_end(error)
    except OdooError as error:
        return _render(booking, None, error=error)
    return _render(booking, days, date_errors=errors)


@blueprint.post("/change")
def change(token: str) -> AnyResponse:
    """`POST /bookings/<token>/change`: the days and the price that the page shows; 303 to the booking; not cached.

    403 too late, 409 taken or changed meanwhile, 422 other days needed, each with the page and what to do.
    """
    booking, key = booking_requests.booking_of(token), _key()
    days = None
    try:
        with booking_requests.count_refusals():
            days = parse_date_range(request.form)
            wanted = WantedChange(days, _version())
            if days is None:
                raise InvalidInput({"date_to": ["Choose the day you bring it back."]})
            made = change_requests.change(booking, wanted, key, _shown_price())
    except LcoError as error:
        return _render_again(token, days, error, key)
    return _to_booking(booking, made.state, "changed")


@blueprint.get("/cancel")
def confirm(token: str) -> Response:
    """`GET /bookings/<token>/cancel`: asks whether to cancel; 200, 404, 409; not cached."""
    booking = booking_requests.booking_of(token)
    try:
        booking = current_services().bookings.changes.current(booking)
    except OdooError as error:
        return _render_cancel(booking, error)
    return _render_cancel(booking, ChangeTooLate() if booking.picked_up_on else None)


@blueprint.post("/cancel")
def cancel(token: str) -> AnyResponse:
    """`POST /bookings/<token>/cancel`: 303 to the booking; 403 too late, 409 changed meanwhile; not cached."""
    booking, key = booking_requests.booking_of(token), _key()
    try:
        with booking_requests.count_refusals():
            reason = " ".join(request.form.get("reason", "").split())[:LONGEST_REASON]
            made = change_requests.change(booking, WantedChange(None, _version(), reason), key, None)
    except LcoError as error:
        return _render_cancel(_again(token, error), error, key if isinstance(error, SAME_KEY) else new_key())
    return _to_booking(booking, made.state, "cancelled")


def _render(
    booking: Booking,
    days: DateRange | None,
    *,
    error: LcoError | None = None,
    date_errors: dict[str, list[str]] | None = None,
    key: str = "",
) -> Response:
    """The page to change `booking`, or for htmx its changing part, with the price of `days`."""
    errors = dict(date_errors or {})
    quoted = None
    if days and not errors and not isinstance(error, OdooError):
        try:
            quoted = change_requests.quote(booking, days)
        except InvalidInput as wrong:
            errors |= wrong.fields
        except (OdooError, ChangeTooLate) as problem:
            error = error or problem
    values = {
        "booking": booking,
        "days": days,
        "quoted": quoted,
        "reasons": change_requests.obstacles(booking, quoted) if quoted else (),
        "error": error,
        "date_errors": errors,
        "key": key or new_key(),
        **_grid(booking, days),
    }
    template = "partials/change.html" if htmx.wants_fragment() else "pages/change.html"
    status = error.status if error else 422 if errors else 200
    return _private(render_template(template, **values), status, error)


def _grid(booking: Booking, days: DateRange | None) -> dict[str, Any]:
    """The calendar. Raises NotChangeable for a machine that is no longer for rent."""
    own, today = booking.request.days, current_services().rules.today
    selection = Selection(days.start, days.end) if days else Selection(own.start, own.end)
    if booking.picked_up_on:
        selection = Selection(own.start)
    elif days is None and "date_to" not in request.args and (typed := chosen_selection()).is_half:
        selection = typed
    last = max(own.start, current_services().rules.last_start)
    in_front = max(today, min(selection.start or today, last))
    month = shown_month() if request.args.get("month") else first_of(in_front)
    try:
        page = url_for("changing.choose", token=booking.token)
        return change_grid(current_services(), booking, month, selection, page)
    except (NotFound, Gone) as error:
        raise NotChangeable from error


def _render_again(token: str, days: DateRange | None, error: LcoError, key: str) -> Response:
    """The page with `error` on it. The next attempt has another key, unless nothing was kept of this one."""
    again = key if isinstance(error, SAME_KEY) else new_key()
    booking = _again(token, error)
    if not current_services().bookings.changes.is_possible(booking):
        raise error
    if isinstance(error, InvalidInput) and error.fields:
        return _render(booking, days, date_errors=error.fields, key=again)
    return _render(booking, days, error=error, key=again)


def _again(token: str, error: LcoError) -> Booking:
    """The booking as it is after `error`, read anew from Odoo when it was changed meanwhile."""
    booking = booking_requests.booking_of(token)
    if isinstance(error, ChangedMeanwhile):
        try:
            return current_services().bookings.changes.current(booking)
        except (OdooError, NotChangeable):
            return booking_requests.booking_of(token)
    return booking


def _render_cancel(booking: Booking, error: LcoError | None = None, key: str = "") -> Response:
    if error and not current_services().bookings.changes.is_possible(booking):
        raise error
    page = render_template("pages/cancel.html", booking=booking, error=error, key=key or new_key())
    return _private(page, error.status if error else 200, error)


def _private(page: str, status: int, error: LcoError | None) -> Response:
    response = make_response(page, status, PRIVATE)
    if error and error.retry_after:
        response.headers["Retry-After"] = seconds(error.retry_after)
    return response


def _to_booking(booking: Booking, state: ChangeState, done: str) -> AnyResponse:
    """303 to the booking, which says `done` once the outcome is known."""
    notice = done if state is ChangeState.DONE else None
    return redirect(url_for("bookings.show", token=booking.token, done=notice), 303)


def _chosen(booking: Booking) -> dict[str, str]:
    """The days in the query; the first day of a machine that is out stays."""
    chosen = {name: request.args[name] for name in ("date_from", "date_to") if request.args.get(name)}
    if booking.picked_up_on and "date_to" in chosen:
        chosen.setdefault("date_from", booking.request.days.start.isoformat())
    return chosen


def _without_missing_end(error: InvalidInput) -> dict[str, list[str]]:
    """The mistakes in the query. A first day alone is none: the other day is chosen next."""
    is_half = "date_to" not in request.args and "date_from" not in error.fields
    return {} if is_half else error.fields


def _key() -> str:
    return request.form.get("idempotency_key", "").strip() or new_key()


def _version() -> int:
    """The version that the page showed. Raises InvalidInput for what is none."""
    version = request.form.get("version", type=int)
    if version is None or not 0 < version < 2**63:
        raise InvalidInput({}, "Please reload the page and try again.")
    return version


def _shown_price() -> Money | str | None:
    """The price that the page showed, as `135.30 USD`. Returns None for no price."""
    amount, _, currency = request.form.get("price", change_requests.ANY_PRICE).partition(" ")
    if amount == change_requests.ANY_PRICE:
        return change_requests.ANY_PRICE
    try:
        return Money(Decimal(amount), currency) if currency else None
    except (InvalidOperation, ValueError, ArithmeticError) as error:
        raise InvalidInput({}, "Please reload the page and try again.") from error
