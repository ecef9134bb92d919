"""The webhooks of Odoo: each is checked, stored, applied, and answered at once.

Source: docs/odoo-contract.md, section 2.
"""

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from lco import clock, metrics
from lco.errors import LcoError, TooLarge
from lco.web.extensions import current_services
from lco.webhooks import schemas, signature
from lco.webhooks.inbox import Outcome

blueprint = Blueprint("webhooks", __name__)

LARGEST_BODY = 64 * 1024


@blueprint.post("/api/webhook/booking")
def booking() -> Response:
    """`POST /api/webhook/booking`: a signed event about a booking (docs/odoo-contract.md, section 2).

    200 once it is stored; 400, 401, 413, 503; not cached.
    """
    return _receive("booking")


@blueprint.post("/api/webhook/inventory")
def inventory() -> Response:
    """`POST /api/webhook/inventory`: a signed event about a vehicle (docs/odoo-contract.md, section 2).

    200 once it is stored; 400, 401, 413, 503; not cached.
    """
    return _receive("inventory")


def _receive(endpoint: str) -> Response:
    try:
        outcome = str(_taken(endpoint))
    except LcoError as error:
        metrics.webhooks.labels(endpoint, error.code).inc()
        raise
    metrics.webhooks.labels(endpoint, outcome).inc()
    return jsonify(success=True, received=True)


def _taken(endpoint: str) -> Outcome:
    body = _body()
    settings = current_services().settings
    delivery_id = signature.verify(
        settings.odoo_webhook_secret,
        dict(request.headers),
        body,
        clock.now(),
        plain_form=settings.accepts_plain_webhooks(),
    )
    return current_services().inbox.receive(schemas.parse_event(endpoint, body), delivery_id)


def _body() -> bytes:
    """The raw bytes, which alone are signed. Raises TooLarge."""
    # A body without a length is cut at the limit without an error, so one byte more is let in.
    request.max_content_length = LARGEST_BODY + 1
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise TooLarge from error
    if len(body) > LARGEST_BODY:
        raise TooLarge
    return body
