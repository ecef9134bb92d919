"""The two event streams: `/live` keeps pages right, `/api/events` tells programs.

Source: docs/odoo-contract.md, section 3.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, request
from werkzeug.http import http_date

from lco import clock
from lco.changes.log import ChangeId
from lco.errors import BadRequest
from lco.live import sse
from lco.live.hub import Hub
from lco.live.queue_connection import QueueConnection
from lco.odoo.budget import Payer
from lco.web.clients import client_address
from lco.web.cors import check_origins
from lco.web.extensions import current_services
from lco.web.regions import Region, region

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from lco.live.socket_connection import SocketConnection, SocketPool

blueprint = Blueprint("live", __name__)
check_origins(blueprint)

MAX_REGIONS = 80
MAX_QUERIES = 4
"""What one stream may have asked of Odoo: calendars, quotes, ranges of days of cards. A page shows one of each."""


@blueprint.get("/live")
def page() -> Response:
    """`GET /live`: HTML for the regions `r`, whenever one changes, starting after the change `since`.

    200 with an event stream; 400 for other regions than pages show, 404, 429, 503 when too many are open.
    """
    regions = _regions()
    seen = _seen()
    connection = _connection("live", sse.PAGE_HEARTBEAT, sse.connected(seen))
    payer = Payer(current_services().call_budget, client_address())
    _hub().subscribe_page(connection, regions, seen, resumed="Last-Event-ID" in request.headers, payer=payer)
    return _stream(connection)


@blueprint.get("/api/events")
def events() -> Response:
    """`GET /api/events`: every public event as JSON, starting after the change `since`, or now.

    200 with an event stream; 503 when too many are open.
    """
    head = current_services().changes.head()
    seen = _seen() or head
    connection = _connection("events", sse.FEED_HEARTBEAT, sse.notice("connected", head, seen))
    _hub().subscribe_feed(connection, seen)
    return _stream(connection)


def _regions() -> list[Region]:
    names = list(dict.fromkeys(request.args.getlist("r")))
    if not 0 < len(names) <= MAX_REGIONS:
        raise BadRequest(f"Name 1 to {MAX_REGIONS} regions.")
    regions = [region(name) for name in names]
    today = clock.today(current_services().settings.timezone)
    if not all(region.may_be_live(today) for region in regions):
        raise BadRequest("No page shows these days.")
    if len({r.query for r in regions if r.query}) > MAX_QUERIES:
        raise BadRequest(f"At most {MAX_QUERIES} calendars, quotes and ranges of days can be live at once.")
    return regions


def _seen() -> ChangeId | None:
    """The last change that the client knows of; what its stream told it counts more than what its page did."""
    return ChangeId.parse(request.headers.get("Last-Event-ID") or request.args.get("since", ""))


def _connection(kind: str, heartbeat: bytes, greeting: bytes) -> "SocketConnection | QueueConnection":
    """The way to this client, holding a place among all streams until it ends. Raises TooBusy."""
    hub = _hub()
    release = hub.limiter.acquire(client_address(), kind)

    def ended(connection: "SocketConnection | QueueConnection") -> None:
        release()
        hub.unsubscribe(connection)

    pool: SocketPool | None = current_app.extensions.get("lco.sockets")
    if pool and request.method == "GET" and pool.can_take(request.environ):
        return pool.open(heartbeat, greeting, ended)
    return QueueConnection(heartbeat, greeting, ended)


def _hub() -> Hub:
    hub: Hub = current_app.extensions["lco.hub"]
    return hub


def _stream(connection: "SocketConnection | QueueConnection") -> Response:
    # The server closes a pipe with the response, however the response ends, even before its first byte.
    response = Response(connection) if isinstance(connection, QueueConnection) else HijackedResponse(connection)
    response.content_type = "text/event-stream"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


class HijackedResponse(Response):
    """A response that takes the socket from the server and sends everything itself, status line included."""

    def __init__(self, connection: "SocketConnection") -> None:
        super().__init__(iter(()))
        self._connection = connection

    def __call__(self, environ: "WSGIEnvironment", _start_response: "StartResponse") -> Iterable[bytes]:
        """Send the head of the response, then hand the socket over."""
        headers = self.get_wsgi_headers(environ)
        # Without a length the answer ends with its connection (RFC 9112, 6.3), so nothing has to be framed.
        headers.update({"Connection": "close", "Date": http_date(clock.now())})
        rows = [f"HTTP/1.1 {self.status}", *(f"{name}: {value}" for name, value in headers)]
        return self._connection.open(environ["gunicorn.socket"], "\r\n".join([*rows, "", ""]).encode("latin-1"))
