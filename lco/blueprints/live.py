"""The two event streams: `/live` keeps pages right, `/api/events` tells programs (contract section 3)."""

from flask import Blueprint, Response, current_app, request

from lco.blueprints import shop
from lco.blueprints.cors import check_origins
from lco.errors import BadRequest
from lco.live import wire
from lco.live.hub import Hub
from lco.live.log import ChangeId
from lco.live.pipe import Pipe
from lco.live.regions import Region, region

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
    pipe = _pipe("live", wire.PAGE_HEARTBEAT)
    pipe.put(wire.connected(seen))
    _hub().show(pipe, regions, seen, resumed="Last-Event-ID" in request.headers)
    return _stream(pipe)


@blueprint.get("/api/events")
def events() -> Response:
    """Every public event as JSON, starting after the change `since`, or now."""
    head = shop().changes.head()
    seen = _seen() or head
    pipe = _pipe("events", wire.PROGRAM_HEARTBEAT)
    pipe.put(wire.notice("connected", head, seen))
    _hub().tell(pipe, seen)
    return _stream(pipe)


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


def _pipe(kind: str, heartbeat: bytes) -> Pipe:
    """The way to this client, holding a place among all streams until it ends. Raises TooBusy."""
    hub = _hub()
    give_up = hub.places.take(request.remote_addr or "", kind)

    def ended(pipe: Pipe) -> None:
        give_up()
        hub.leave(pipe)

    return Pipe(heartbeat, ended)


def _hub() -> Hub:
    hub: Hub = current_app.extensions["lco.hub"]
    return hub


def _stream(pipe: Pipe) -> Response:
    # The server closes the pipe with the response, however the response ends, even before its first byte.
    response = Response(pipe, content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response
