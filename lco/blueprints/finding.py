"""Find my booking: its number and mail address bring a mail with the link."""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lco.bookings.schemas import NO_EMAIL, Email
from lco.errors import InvalidInput, TooManyRequests, sentences
from lco.web.clients import client_address
from lco.web.error_handlers import seconds
from lco.web.extensions import current_services
from lco.web.rate_limits import FINDS
from lco.web.responses import PRIVATE

blueprint = Blueprint("finding", __name__, url_prefix="/booking/find")

NO_NUMBER = "Enter the booking number from your email, like BK-20260115-A1B2C3D4."


class FindSchema(Schema):
    """The fields of the form."""

    class Meta:
        """Marshmallow's options."""

        unknown = EXCLUDE

    number = fields.String(required=True, validate=validate.Length(4, 100, error=NO_NUMBER))
    email = Email(required=True, error_messages={"required": NO_EMAIL, "invalid": NO_EMAIL})


@blueprint.get("")
def ask() -> Response:
    """`GET /booking/find`: the form; 200; not cached.

    With `sent` it says that a mail is on its way if there is such a booking.
    """
    return _form(is_sent="sent" in request.args)


@blueprint.post("")
def send() -> AnyResponse:
    """`POST /booking/find` with `number` and `email`; 303, 422, 429; not cached.

    The answer is the same whether they match a booking or not.
    """
    try:
        typed = FindSchema().load({name: text.strip() for name, text in request.form.items()})
        FINDS.hit(client_address())
    except ValidationError as error:
        return _form(InvalidInput(sentences(error)))
    except TooManyRequests as error:
        return _form(error)
    current_services().bookings.finder.mail_link(typed["number"], typed["email"])
    return redirect(url_for("finding.ask", sent="yes"), 303)


def _form(error: InvalidInput | TooManyRequests | None = None, *, is_sent: bool = False) -> Response:
    wrong = error.fields if isinstance(error, InvalidInput) else {}
    page = render_template("pages/find.html", error=error, errors=wrong, is_sent=is_sent)
    response = make_response(page, error.status if error else 200, PRIVATE)
    if error and error.retry_after:
        response.headers["Retry-After"] = seconds(error.retry_after)
    return response
