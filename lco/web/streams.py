"""The streams of pages: what one may ask for, and a short way to open one.

After a restart thousands of pages come back within seconds. `StreamMiddleware` opens their streams with the WSGI
environment alone, which takes less time than a request through Flask; `open_ahead` does so for a request that the
server has not even read. An unusual request takes the long way, where errors are answered as everywhere.
"""

import logging
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qsl

from flask import Flask, Response
from werkzeug.http import http_date

from lco import clock
from lco.changes.log import ChangeId
from lco.errors import BadRequest, LcoError
from lco.live import sse
from lco.live.hub import Hub
from lco.live.queue_connection import QueueConnection
from lco.odoo.budget import Payer
from lco.settings import Settings
from lco.web import request_log, security, stream_head
from lco.web.clients import client_of
from lco.web.extensions import current_services
from lco.web.regions import Region, region

if TYPE_CHECKING:
    import gevent.socket
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from lco.live.socket_connection import SocketConnection, SocketPool

MAX_REGIONS = 80
MAX_QUERIES = 4
"""The queries to Odoo for one stream: calendars, quotes, ranges of days of cards. A page shows one of each."""
PATH = stream_head.PATH
MAX_KNOWN = 200
"""Sets of regions that are kept by their names: most pages show the same ones."""
ON_HEAD = "lco.stream_head"
"""The key in the WSGI environment under which the middleware leaves a function that gets the head of a stream."""

Headers = Sequence[tuple[str, str]]


def regions_of(names: Iterable[str]) -> Sequence[Region]:
    """The regions that a page asks for. Raises BadRequest for those that no page shows together."""
    regions = [region(name) for name in dict.fromkeys(names)]
    if not 0 < len(regions) <= MAX_REGIONS:
        raise BadRequest(f"Name 1 to {MAX_REGIONS} regions.")
    if any(region.day for region in regions):
        today = clock.today(current_services().settings.timezone)
        if not all(region.may_be_live(today) for region in regions):
            raise BadRequest("No page shows these days.")
    if len({r.query for r in regions if r.query}) > MAX_QUERIES:
        raise BadRequest(f"At most {MAX_QUERIES} calendars, quotes and ranges of days can be live at once.")
    return regions


class Streams:
    """The streams of one application. Opens more of them; needs no application context for that."""

    def __init__(self, app: Flask) -> None:
        self._extensions = app.extensions

    def connect(
        self, kind: str, client: str, environ: "WSGIEnvironment", heartbeat: bytes, greeting: bytes
    ) -> "SocketConnection | QueueConnection":
        """The way to this client, holding a slot among all streams until it ends. Raises TooBusy."""
        hub: Hub = self._extensions["lco.hub"]
        release = hub.limiter.acquire(client, kind)

        def ended(connection: "SocketConnection | QueueConnection") -> None:
            release()
            hub.unsubscribe(connection)

        pool: SocketPool | None = self._extensions.get("lco.sockets")
        if pool and environ["REQUEST_METHOD"] == "GET" and pool.can_take(environ):
            return pool.open(heartbeat, greeting, ended)
        return QueueConnection(heartbeat, greeting, ended)

    def connect_page(
        self,
        regions: Sequence[Region],
        seen: ChangeId | None,
        *,
        resumed: bool,
        client: str,
        environ: "WSGIEnvironment",
    ) -> "SocketConnection | QueueConnection":
        """A stream that keeps `regions` right, starting after the change `seen`. Raises TooBusy."""
        connection = self.connect("live", client, environ, sse.PAGE_HEARTBEAT, sse.connected(seen))
        payer = Payer(self._extensions["lco"].call_budget, client)
        hub: Hub = self._extensions["lco.hub"]
        hub.subscribe_page(connection, regions, seen, resumed=resumed, payer=payer)
        return connection


class HijackedResponse(Response):
    """A response that takes the socket from the server and sends everything itself, status line included."""

    def __init__(self, connection: "SocketConnection") -> None:
        super().__init__(iter(()))
        self._connection = connection

    def __call__(self, environ: "WSGIEnvironment", _start_response: "StartResponse") -> Iterable[bytes]:
        """Send the head of the response, then hand the socket over."""
        headers = self.get_wsgi_headers(environ)
        # Without a length the answer ends with its connection (RFC 9112, 6.3), so nothing has to be framed.
        headers["Connection"] = "close"
        rows = headers.to_wsgi_list()
        if learn := environ.get(ON_HEAD):
            learn(rows)
        return self._connection.open(environ["gunicorn.socket"], _head(rows))


def response_over(connection: "SocketConnection | QueueConnection") -> Response:
    """The response that sends what `connection` is given."""
    # The server closes a queue connection with the response, however it ends, even before its first byte.
    return Response(connection) if isinstance(connection, QueueConnection) else HijackedResponse(connection)


def _head(headers: Headers) -> bytes:
    return _head_at(tuple(headers), int(clock.now().timestamp()))


@lru_cache(maxsize=2)
def _head_at(headers: Headers, second: int) -> bytes:
    rows = [f"{name}: {value}" for name, value in (*headers, ("Date", http_date(second)))]
    return "\r\n".join(["HTTP/1.1 200 OK", *rows, "", ""]).encode("latin-1")


@lru_cache(maxsize=500)
def _asked(query: str) -> tuple[Sequence[str], str]:
    """The names of regions in a query, and the last change that the page knows of."""
    asked = parse_qsl(query, keep_blank_values=True, errors="replace")
    return tuple(value for name, value in asked if name == "r"), dict(asked[::-1]).get("since", "")


class StreamMiddleware:
    """Opens the streams of pages in front of Flask, once Flask has opened one and its head is known."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._streams = Streams(app)
        self._next: WSGIApplication = app.wsgi_app
        self._open_trusting = security.trust_proxies(lambda environ, _: self._open(environ) or (), settings)
        self._wants_https = settings.site_url.startswith("https:")
        self._headers: Headers | None = None
        self._known: dict[Sequence[str], Sequence[Region]] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Open the stream, or have the application answer."""
        return self._open(environ) or self._next(environ, start_response)

    def open_ahead(self, client: "gevent.socket.socket", address: str, head: bytes) -> bool:
        """Open the stream that the request with this head asks for, before the server has read it.

        Returns False when the server has to answer. Raises OSError when the connection has ended.
        """
        environ = stream_head.parse_head(head, client, address)
        if environ is None or not self._open_trusting(environ, _no_start):
            return False
        client.recv(len(head))
        return True

    def _open(self, environ: "WSGIEnvironment") -> Iterable[bytes] | None:
        """Open the stream. Returns None, and changes nothing, when the application has to answer."""
        if not self._is_ordinary(environ):
            return None
        if self._headers is None:
            environ[ON_HEAD] = self._learn
            return None
        began = clock.seconds()
        try:
            connection = self._connect(environ)
        except LcoError:
            return None
        answer = connection.open(environ["gunicorn.socket"], _head(self._headers))
        seconds = clock.seconds() - began
        logged = request_log.LoggedResponse("GET", PATH, 200, seconds, environ.get("REMOTE_ADDR"))
        request_log.write(logged, {}, logging.DEBUG)
        return answer

    def _is_ordinary(self, environ: "WSGIEnvironment") -> bool:
        """Whether a page of this site asks, over a socket that can be taken over, as pages do."""
        if environ["PATH_INFO"] != PATH or environ["REQUEST_METHOD"] != "GET" or "HTTP_ORIGIN" in environ:
            return False
        pool: SocketPool | None = self._app.extensions.get("lco.sockets")
        is_secure = not self._wants_https or environ["wsgi.url_scheme"] == "https"
        return bool(pool and is_secure and pool.can_take(environ))

    def _learn(self, headers: Headers) -> None:
        self._headers = headers

    def _connect(self, environ: "WSGIEnvironment") -> "SocketConnection":
        names, since = _asked(environ.get("QUERY_STRING", ""))
        resumed_from = environ.get("HTTP_LAST_EVENT_ID")
        connection = self._streams.connect_page(
            self._known.get(names) or self._keep_regions(names),
            ChangeId.parse(resumed_from or since),
            resumed=resumed_from is not None,
            client=client_of(environ.get("REMOTE_ADDR") or ""),
            environ=environ,
        )
        assert not isinstance(connection, QueueConnection)  # noqa: S101 - `_is_ordinary` has seen to it
        return connection

    def _keep_regions(self, names: Sequence[str]) -> Sequence[Region]:
        """The regions, kept by their names unless they have to be looked up, or compared with today, each time."""
        with self._app.app_context():
            found = regions_of(names)
        if not any(region.day or region.kind == "booking" for region in found):
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[names] = found
        return found


def _no_start(*_: object) -> NoReturn:
    raise AssertionError("a stream sends its head itself")


def register(app: Flask, settings: Settings) -> None:
    """Open the streams of pages in front of Flask. Call before what looks at the address of the client."""
    middleware = StreamMiddleware(app, settings)
    app.extensions["lco.streams"] = middleware
    app.wsgi_app = middleware  # type: ignore[method-assign]  # as Flask documents for middleware
