"""Tell me when it is free: asked on taken days, confirmed and ended behind the secret link of each mail."""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from marshmallow import EXCLUDE, Schema, ValidationError
from werkzeug.wrappers import Response as AnyResponse

from lco.availability.schemas import parse_date_range
from lco.bookings.schemas import NO_DATES, NO_EMAIL, Email
from lco.domain.date_range import DateRange
from lco.errors import InvalidInput, LcoError, NotFound, TooManyRequests, sentences
from lco.web.clients import client_address
from lco.web.error_handlers import seconds
from lco.web.extensions import current_services
from lco.web.rate_limits import WISHES
from lco.web.responses import PRIVATE

blueprint = Blueprint("wishes", __name__, url_prefix="/wishes")


class WishSchema(Schema):
    """The fields of the form beside the machine and the days."""

    class Meta:
        """Marshmallow's options."""

        unknown = EXCLUDE

    email = Email(required=True, error_messages={"required": NO_EMAIL, "invalid": NO_EMAIL})


@blueprint.get("/new")
def form() -> Response:
    """`GET /wishes/new?vehicle_id&date_from&date_to`: the form; 200, 404, 410, 422; not cached.

    With `sent` the page says what happens next.
    """
    return _form()


@blueprint.post("")
def ask() -> AnyResponse:
    """`POST /wishes` with `vehicle_id`, `date_from`, `date_to`, `email`: 303; 404, 410, 422, 429; not cached."""
    try:
        email = WishSchema().load({name: text.strip() for name, text in request.form.items()})["email"]
        days = _days()
        WISHES.hit(client_address())
        current_services().wishes.ask(_vehicle_id(), days, email)
    except ValidationError as error:
        return _form(InvalidInput(sentences(error)))
    except (InvalidInput, TooManyRequests) as error:
        return _form(error)
    chosen = {"date_from": days.start.isoformat(), "date_to": days.end.isoformat()}
    return redirect(url_for("wishes.form", vehicle_id=_vehicle_id(), sent="yes", **chosen), 303)  # type: ignore[arg-type]  # url_for's own names are others


@blueprint.get("/<token>")
def show(token: str) -> Response:
    """`GET /wishes/<token>`: the wish, with buttons that confirm and end it; 200, 404; not cached."""
    wish = current_services().wishes.by_token(token)
    return make_response(render_template("pages/wish.html", wish=wish), PRIVATE)


@blueprint.post("/<token>/confirm")
def confirm(token: str) -> AnyResponse:
    """`POST /wishes/<token>/confirm`: 303 to the wish, which waits from now on; 404; not cached."""
    current_services().wishes.confirm(token)
    return redirect(url_for("wishes.show", token=token), 303)


@blueprint.post("/<token>/stop")
def stop(token: str) -> AnyResponse:
    """`POST /wishes/<token>/stop`: 303 to the wish, which has ended; 404; not cached.

    200 for mail programs, which send `List-Unsubscribe=One-Click` (RFC 8058).
    """
    wish = current_services().wishes.stop(token)
    if request.form.get("List-Unsubscribe") == "One-Click":
        return make_response(render_template("pages/wish.html", wish=wish), PRIVATE)
    return redirect(url_for("wishes.show", token=token), 303)


def _form(error: LcoError | None = None) -> Response:
    vehicle = current_services().catalogue.find(_vehicle_id())
    errors = error.fields if isinstance(error, InvalidInput) else {}
    page = render_template(
        "pages/wish_new.html",
        vehicle=vehicle,
        days=_days(),
        error=error,
        errors=errors,
        is_sent=error is None and "sent" in request.args,
    )
    response = make_response(page, error.status if error else 200, PRIVATE)
    if error and error.retry_after:
        response.headers["Retry-After"] = seconds(error.retry_after)
    return response


def _vehicle_id() -> int:
    vehicle_id = request.values.get("vehicle_id", type=int)
    if vehicle_id is None:
        raise NotFound
    return vehicle_id


def _days() -> DateRange:
    days = parse_date_range(request.values)
    if days is None:
        raise InvalidInput(NO_DATES)
    return days
