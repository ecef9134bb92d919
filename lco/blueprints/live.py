"""The two event streams: `/live` keeps pages up to date, `/api/events` sends events to API clients.

Source: docs/odoo-contract.md, section 3.
"""

from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, request

from lco.changes.log import ChangeId
from lco.live import sse
from lco.web import streams
from lco.web.clients import client_address
from lco.web.cors import check_origins
from lco.web.extensions import current_services

if TYPE_CHECKING:
    from lco.live.queue_connection import QueueConnection
    from lco.live.socket_connection import SocketConnection

blueprint = Blueprint("live", __name__)
check_origins(blueprint)


@blueprint.get(streams.PATH)
def page() -> Response:
    """`GET /live`: HTML for the regions `r`, whenever one changes, starting after the change `since`.

    200 with an event stream; 400 for other regions than pages show, 404, 429, 503 when too many are open. Not
    cached.
    """
    connection = streams.Streams(current_app).connect_page(
        streams.regions_of(request.args.getlist("r")),
        _seen(),
        resumed="Last-Event-ID" in request.headers,
        client=client_address(),
        environ=request.environ,
    )
    return _stream(connection)


@blueprint.get("/api/events")
def events() -> Response:
    """`GET /api/events`: every public event as JSON, starting after the change `since`, or now.

    200 with an event stream; 503 when too many are open; not cached.
    """
    head = current_services().changes.head()
    seen = _seen() or head
    greeting = sse.notice("connected", head, seen)
    opening = streams.Streams(current_app)
    connection = opening.connect("events", client_address(), request.environ, sse.FEED_HEARTBEAT, greeting)
    current_app.extensions["lco.hub"].subscribe_feed(connection, seen)
    return _stream(connection)


def _seen() -> ChangeId | None:
    """The last change that the client knows of. The id from its stream counts before the one from its page."""
    return ChangeId.parse(request.headers.get("Last-Event-ID") or request.args.get("since", ""))


def _stream(connection: "SocketConnection | QueueConnection") -> Response:
    response = streams.response_over(connection)
    response.content_type = "text/event-stream"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response
