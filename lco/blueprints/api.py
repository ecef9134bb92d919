"""Booking as JSON, for API clients and for pages of the sites in CORS_ORIGINS.

Source: docs/odoo-contract.md, sections 1 and 3.
"""

import re
from functools import partial
from http import HTTPStatus

from flask import Blueprint, Response, current_app, jsonify, request, url_for

from lco.blueprints import booking_requests
from lco.bookings import states
from lco.bookings.schemas import new_key
from lco.domain.booking import Booking, BookingRequest, State
from lco.domain.money import to_number
from lco.errors import BadRequest, DatesTaken, InvalidInput
from lco.web import cors, error_handlers
from lco.web.extensions import current_services
from lco.web.json_body import json_object

blueprint = Blueprint("api", __name__, url_prefix="/api")
blueprint.after_request(booking_requests.add_limit_headers)
cors.check_origins(blueprint)

QUOTED_KEY = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
PLAIN_KEY = re.compile(r"[\x21\x23-\x7e][\x21-\x7e]*")
LONGEST_KEY = 255
MADE = "Your booking has been made."
"""Said in Odoo's place when its answer was lost and a webhook told of the booking."""
PLACED_LATER = (
    "Our booking system is not answering right now. We keep your request and place it as soon as it answers; "
    "please do not send it again."
)
NOT_KNOWN_YET = "Our booking system did not confirm in time. We are checking; please do not book again."


@blueprint.post("/booking")
def create() -> Response:
    """`POST /api/booking`: book; with an Idempotency-Key the same body gets the same answer, for ever.

    `terms_digest`, where it is sent, is the digest of the machine's rental terms, which the customer agrees to.
    201, or 202 while the outcome is not known; 400, 404, 409, 410, 413, 415, 422, 429, 503; not cached.
    """
    try:
        with booking_requests.count_refusals():
            attempt, body = key(), json_object()
            wanted = booking_requests.parse_request(body)
            terms = partial(booking_requests.named_terms, wanted.vehicle_id, body.get("terms_digest"))
            try:
                booking = booking_requests.place(wanted, attempt, terms)
            except DatesTaken as error:
                return _taken(error, wanted)
    except InvalidInput as error:
        return bad(error)
    return _kept(booking) if booking.state in states.OPEN else _made(booking)


def _made(booking: Booking) -> Response:
    """Odoo's own answer (docs/odoo-contract.md, section 1), and where the customer's page is."""
    response = jsonify(
        success=True,
        booking_ref=booking.reference,
        booking_id=booking.odoo_id,
        message=booking.odoo_message or MADE,
        estimated_price=to_number(booking.total),
        currency=booking.total.currency if booking.total else None,
    )
    response.status_code = HTTPStatus.CREATED
    response.headers["Location"] = _page(booking)
    response.headers["Cache-Control"] = "no-store"
    return response


def _kept(booking: Booking) -> Response:
    """The answer for a request that is kept: its page will show the outcome (RFC 9110, 15.3.3)."""
    response = jsonify(
        success=True,
        state=str(booking.state),
        message=PLACED_LATER if booking.state is State.REQUESTED else NOT_KNOWN_YET,
        booking_ref=None,
        booking_url=_page(booking),
    )
    response.status_code = HTTPStatus.ACCEPTED
    response.headers["Location"] = _page(booking)
    response.headers["Cache-Control"] = "no-store"
    return response


def _taken(error: DatesTaken, wanted: BookingRequest) -> Response:
    """409, with the nearest days that are free."""
    free = current_services().alternatives(wanted.vehicle_id, wanted.days)
    offers = [{"date_from": days.start.isoformat(), "date_to": days.end.isoformat()} for days in free]
    return extended(error_handlers.respond(error), alternatives=offers)


def bad(error: InvalidInput) -> Response:
    """400 instead of the form's 422: so the contract has it."""
    response = error_handlers.respond(error)
    response.status_code = HTTPStatus.BAD_REQUEST
    return response


def extended(response: Response, **more: object) -> Response:
    """The JSON of `response` with more fields."""
    response.set_data(current_app.json.dumps({**response.get_json(), **more}))
    return response


def _page(booking: Booking) -> str:
    return current_services().settings.site_url + url_for("bookings.show", token=booking.token)


def key() -> str:
    """The Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07), quoted or plain, or else a new one."""
    text = request.headers.get("Idempotency-Key")
    if text is None:
        return new_key()
    quoted = QUOTED_KEY.fullmatch(text.strip())
    plain = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else text.strip()
    if not (quoted or PLAIN_KEY.fullmatch(plain)) or not 0 < len(plain) <= LONGEST_KEY:
        raise BadRequest(f"Idempotency-Key: send 1 to {LONGEST_KEY} visible characters.")
    return plain
