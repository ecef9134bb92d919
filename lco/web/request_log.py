"""One log line for each request: its route, never its address, since a booking's address is a secret link."""

import logging
import re
from collections.abc import Iterable, Mapping
from random import getrandbits
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Flask, Response, g, request

from lco import clock, metrics
from lco.domain.booking import Booking
from lco.web.logs import request_id

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
SERVER_ERROR = 500
HEADER = "X-Request-Id"
QUIET = {"status.alive", "status.ready", "status.counts", "static"}
"""Endpoints that machines ask all the time: written only at level DEBUG."""


class LoggedResponse(NamedTuple):
    """A request that has been answered: its route, never its address, and the client's address."""

    method: str
    route: str
    status: int
    seconds: float
    client: str | None


class RequestIdMiddleware:
    """Give each request an id, the client's own where it has sent a usable one, and send it back."""

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer the request with its id as a header."""
        given = environ.get("HTTP_X_REQUEST_ID", "")
        identity = given if GIVEN_ID.fullmatch(given) else f"{getrandbits(64):016x}"
        token = request_id.set(identity)

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, (HEADER, identity)], *rest)

        try:
            return self._application(environ, start)
        finally:
            request_id.reset(token)


def register(app: Flask) -> None:
    """Write a line for each request that reaches the application; cached pages are answered before it."""
    app.before_request(_begin)
    app.after_request(_write)
    app.wsgi_app = RequestIdMiddleware(app.wsgi_app)  # type: ignore[method-assign]  # as Flask documents for middleware


def note(**facts: object) -> None:
    """Add `facts` to the line of the present request, such as a booking's number or why it was refused."""
    g.setdefault("log_facts", {}).update(facts)


def note_booking(booking: Booking) -> Booking:
    """Add the numbers of a booking to the line of the present request, and return the booking.

    The reference is the one that the customer knows; there is none before Odoo has made the booking.
    """
    note(booking=booking.reference or "-", booking_id=booking.id)
    return booking


def _begin() -> None:
    g.began = clock.seconds()


def _write(response: Response) -> Response:
    facts: dict[str, object] = g.get("log_facts", {})
    now = clock.seconds()
    route = request.url_rule.rule if request.url_rule else "-"
    level = _level(response.status_code, facts)
    seconds = now - g.get("began", now)
    write(LoggedResponse(request.method, route, response.status_code, seconds, request.remote_addr), facts, level)
    return response


def write(response: "LoggedResponse", facts: Mapping[str, object], level: int = logging.INFO) -> None:
    """Write the line of a request, and count it."""
    metrics.request_seconds.labels(response.route, f"{response.status // 100}xx").observe(response.seconds)
    if log.isEnabledFor(level):
        line = {
            "method": response.method,
            "route": response.route,
            "status": response.status,
            "ms": round(response.seconds * 1000),
            "client": response.client,
            **facts,
        }
        log.log(level, "request %s", " ".join(f"{name}={value}" for name, value in line.items()), extra=line)


def _level(status: int, facts: dict[str, object]) -> int:
    """A request that failed for a known reason is a warning, which is folded while the failure lasts."""
    if request.endpoint in QUIET:
        return logging.DEBUG
    return logging.WARNING if status >= SERVER_ERROR and "error" in facts else logging.INFO
