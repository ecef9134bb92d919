"""The two event streams: `/live` keeps pages right, `/api/events` tells programs (contract section 3)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, request
from werkzeug.http import http_date

from lco import clock
from lco.changes.log import ChangeId
from lco.errors import BadRequest
from lco.live import sse as wire
from lco.live.hub import Hub
from lco.live.queue_connection import Pipe
from lco.web.cors import check_origins
from lco.web.extensions import shop
from lco.web.regions import Region, region

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from lco.live.socket_connection import Line, Lines

blueprint = Blueprint("live", __name__)
check_origins(blueprint)

MOST_REGIONS = 80
MOST_QUESTIONS = 8
"""Calendars and quotes on one stream: each may cost several questions to Odoo. A page shows one of each."""


@blueprint.get("/live")
def page() -> Response:
    """HTML for the regions `r`, whenever one changes, starting after the change `since`."""
    regions = _regions()
    seen = _seen()
    sink = _sink("live", wire.PAGE_HEARTBEAT, wire.connected(seen))
    _hub().show(sink, regions, seen, resumed="Last-Event-ID" in request.headers)
    return _stream(sink)


@blueprint.get("/api/events")
def events() -> Response:
    """Every public event as JSON, starting after the change `since`, or now."""
    head = shop().changes.head()
    seen = _seen() or head
    sink = _sink("events", wire.PROGRAM_HEARTBEAT, wire.notice("connected", head, seen))
    _hub().tell(sink, seen)
    return _stream(sink)


def _regions() -> list[Region]:
    names = list(dict.fromkeys(request.args.getlist("r")))
    if not 0 < len(names) <= MOST_REGIONS:
        raise BadRequest(f"Name 1 to {MOST_REGIONS} regions.")
    regions = [region(name) for name in names]
    if sum(r.kind in {"calendar", "quote"} for r in regions) > MOST_QUESTIONS:
        raise BadRequest(f"At most {MOST_QUESTIONS} calendars and quotes can be live at once.")
    return regions


def _seen() -> ChangeId | None:
    """The last change that the client knows of; what its stream told it counts more than what its page did."""
    return ChangeId.parse(request.headers.get("Last-Event-ID") or request.args.get("since", ""))


def _sink(kind: str, heartbeat: bytes, greeting: bytes) -> "Line | Pipe":
    """The way to this client, holding a place among all streams until it ends. Raises TooBusy."""
    hub = _hub()
    give_up = hub.places.take(request.remote_addr or "", kind)

    def ended(sink: "Line | Pipe") -> None:
        give_up()
        hub.leave(sink)

    lines: Lines | None = current_app.extensions.get("lco.lines")
    if lines and request.method == "GET" and lines.can_take(request.environ):
        return lines.line(heartbeat, greeting, ended)
    return Pipe(heartbeat, greeting, ended)


def _hub() -> Hub:
    hub: Hub = current_app.extensions["lco.hub"]
    return hub


def _stream(sink: "Line | Pipe") -> Response:
    # The server closes a pipe with the response, however the response ends, even before its first byte.
    response = Response(sink) if isinstance(sink, Pipe) else _OverLine(sink)
    response.content_type = "text/event-stream"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


class _OverLine(Response):
    """An answer that the line sends itself, head and all, over the connection it takes from the server."""

    def __init__(self, line: "Line") -> None:
        super().__init__(iter(()))
        self._line = line

    def __call__(self, environ: "WSGIEnvironment", _start_response: "StartResponse") -> Iterable[bytes]:
        headers = self.get_wsgi_headers(environ)
        # Without a length the answer ends with its connection (RFC 9112, 6.3), so nothing has to be framed.
        headers.update({"Connection": "close", "Date": http_date(clock.now())})
        rows = [f"HTTP/1.1 {self.status}", *(f"{name}: {value}" for name, value in headers)]
        return self._line.open(environ["gunicorn.socket"], "\r\n".join([*rows, "", ""]).encode("latin-1"))
