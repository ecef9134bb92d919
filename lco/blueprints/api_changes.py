"""A booking as JSON behind its secret: read, quoted, changed, cancelled (docs/odoo-contract.md, section 4.4)."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, jsonify
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from lco.availability.schemas import parse_date_range
from lco.blueprints import api, booking_requests, change_requests
from lco.bookings.errors import ChangeTooLate
from lco.bookings.schemas import NO_DATES
from lco.domain.booking import Booking
from lco.domain.change import ChangeState, WantedChange
from lco.domain.date_range import DateRange
from lco.domain.money import Money, to_number
from lco.errors import InvalidInput, sentences
from lco.web import cors, error_handlers
from lco.web.extensions import current_services
from lco.web.json_body import json_object
from lco.web.responses import PRIVATE

blueprint = Blueprint("api_changes", __name__, url_prefix="/api/booking/<token>")
blueprint.after_request(booking_requests.add_limit_headers)
cors.check_origins(blueprint)

NOT_KNOWN_YET = "Our booking system did not confirm in time. We find out; please do not send this again."
LARGEST_VERSION = 2**63 - 1


class DayFields(Schema):
    """Two days: the first one, and the one on which the machine is brought back."""

    date_from = fields.Date(required=True)
    date_to = fields.Date(required=True)


class VersionSchema(Schema):
    """The version of the booking that the change is meant for."""

    class Meta:
        """Marshmallow's options."""

        unknown = EXCLUDE

    version = fields.Integer(required=True, strict=True, validate=validate.Range(1, LARGEST_VERSION))


class ChangeSchema(VersionSchema, DayFields):
    """The body of `POST …/change`."""


class CancelSchema(VersionSchema):
    """The body of `POST …/cancel`."""

    reason = fields.String(load_default="", validate=validate.Length(max=500))


@blueprint.get("")
def show(token: str) -> Response:
    """`GET /api/booking/<token>`: the booking as the site has it; 200, 404; not cached."""
    return _answer(booking_requests.booking_of(token))


@blueprint.post("/quote")
def quote(token: str) -> Response:
    """`POST …/quote` with `date_from`, `date_to`: both prices and what is in the way; not cached.

    200 with the `version` that a change has to name; 400, 403 `too_late`, 404, 409, 503.
    """
    try:
        with booking_requests.count_refusals():
            days = _days(json_object())
            booking = current_services().bookings.changes.current(booking_requests.booking_of(token))
            quoted = change_requests.quote(booking, days)
    except InvalidInput as error:
        return api.bad(error)
    except ChangeTooLate as error:
        return _too_late(error)
    reasons = change_requests.obstacles(booking, quoted)
    return _private(
        jsonify(
            success=True,
            version=booking.version,
            price_now=to_number(quoted.now),
            price_then=to_number(quoted.then.total),
            difference=to_number(quoted.difference),
            currency=_currency(quoted.then.total or quoted.now),
            bookable=not reasons,
            reasons=[{"code": one.code, "message": one.sentence, "limit": one.limit} for one in reasons],
            until=quoted.until and quoted.until.isoformat(),
        )
    )


@blueprint.post("/change")
def change(token: str) -> Response:
    """`POST …/change` with `date_from`, `date_to`, `version`, and an Idempotency-Key; not cached.

    200 with the booking; 202 while the outcome is not known; 400, 403 `too_late`, 404, 409 with the reason in
    `error`, such as `taken` or `version`, 413, 415, 422, 429, 503.
    """

    def wanted(body: Mapping[str, object]) -> WantedChange:
        return WantedChange(_days(body), _loaded(ChangeSchema(), body)["version"])

    return _changed(token, wanted)


@blueprint.post("/cancel")
def cancel(token: str) -> Response:
    """`POST …/cancel` with `version`, perhaps a `reason`, and an Idempotency-Key; not cached.

    200 with the booking; 202 while the outcome is not known; 400, 403 `too_late`, 404, 409 with the reason in
    `error`, such as `version`, 413, 415, 422, 429, 503.
    """

    def wanted(body: Mapping[str, object]) -> WantedChange:
        asked = _loaded(CancelSchema(), body)
        return WantedChange(None, asked["version"], " ".join(asked["reason"].split()))

    return _changed(token, wanted)


def _changed(token: str, wanted: Callable[[Mapping[str, object]], WantedChange]) -> Response:
    try:
        with booking_requests.count_refusals():
            key, asked = api.key(), wanted(json_object())
            booking = booking_requests.booking_of(token)
            made = change_requests.change(booking, asked, key, change_requests.ANY_PRICE)
    except InvalidInput as error:
        return api.bad(error)
    except ChangeTooLate as error:
        return _too_late(error)
    if made.state is ChangeState.SENDING:
        response = _private(jsonify(success=True, state=str(made.state), message=NOT_KNOWN_YET))
        response.status_code = HTTPStatus.ACCEPTED
        return response
    return _answer(booking_requests.booking_of(token))


def _too_late(error: ChangeTooLate) -> Response:
    """403, with the instant until which the booking could be changed."""
    return api.extended(error_handlers.respond(error), until=error.until and error.until.isoformat())


def _answer(booking: Booking) -> Response:
    """The booking without anything that names the customer: links are passed on."""
    services, days = current_services(), booking.request.days
    agreement = services.bookings.service.agreement(booking)
    return _private(
        jsonify(
            success=True,
            data={
                "booking_ref": booking.reference,
                "state": str(booking.state),
                "version": booking.version,
                "vehicle_id": booking.request.vehicle_id,
                "vehicle_name": booking.vehicle_name,
                "date_from": days.start.isoformat(),
                "date_to": days.end.isoformat(),
                "total_amount": to_number(booking.total),
                "currency": _currency(booking.total),
                "picked_up_on": booking.picked_up_on and booking.picked_up_on.isoformat(),
                "returned_on": booking.returned_on and booking.returned_on.isoformat(),
                "terms_digest": agreement and agreement.digest,
                "changeable": services.bookings.changes.is_possible(booking),
                "change_under_way": services.bookings.changes.pending(booking) is not None,
            },
        )
    )


def _days(body: Mapping[str, object]) -> DateRange:
    typed = {name: body.get(name) or "" for name in ("date_from", "date_to")}
    days = parse_date_range({name: text if isinstance(text, str) else "?" for name, text in typed.items()})
    if days is None:
        raise InvalidInput(NO_DATES)
    return days


def _loaded(schema: Schema, body: Mapping[str, object]) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(body)
    except ValidationError as error:
        raise InvalidInput(sentences(error)) from error
    return loaded


def _private(response: Response) -> Response:
    response.headers.update(PRIVATE)
    return response


def _currency(money: Money | None) -> str | None:
    return money.currency if money else None
