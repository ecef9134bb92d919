"""Read the body of a request before the application starts, within a limited time."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from socket import SHUT_RD
from typing import TYPE_CHECKING, Any

from flask import Flask, request

from lco.errors import BadRequest, LcoError, RequestTimeout

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_SECONDS = 10
"""The longest time for a body. A connection whose body does not come would be held until the client ends it."""
MAX_BYTES = 64 * 1024 + 1
"""The bytes that are read: one more than any route accepts, so that a longer body is refused as too large."""
FAILURE = "lco.body_failure"
"""Under this name the environment carries the error that the application has to answer with."""


def register(app: Flask) -> None:
    """Read bodies in front of `app`: on every route a late one becomes 408, a malformed or short one 400."""
    app.wsgi_app = RequestBodyMiddleware(app.wsgi_app)  # type: ignore[method-assign]  # as Flask documents for middleware
    app.before_request(_raise_failure)


def _raise_failure() -> None:
    if failure := request.environ.get(FAILURE):
        raise failure


class RequestBodyMiddleware:
    """Replaces `wsgi.input` with the bytes of the body."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Call the application with the body read, or with an empty one and the failure."""
        if _has_body(environ):
            body = b""
            try:
                body = _read(environ)
            except LcoError as failure:
                environ[FAILURE] = failure
                _end_connection(environ)
            environ["wsgi.input"] = BytesIO(body)
        return self._app(environ, start_response)


def _has_body(environ: "WSGIEnvironment") -> bool:
    return environ.get("CONTENT_LENGTH", "0") not in {"", "0"} or "HTTP_TRANSFER_ENCODING" in environ


def _read(environ: "WSGIEnvironment") -> bytes:
    """Return the body. Raises RequestTimeout for a late one, BadRequest for a malformed or short one."""
    from gunicorn.http.errors import NoMoreData, ParseException  # other servers have no use for it

    length = environ.get("CONTENT_LENGTH", "")
    # Not every server ends its input where the body ends, so no more than the body is asked for.
    amount = min(int(length), MAX_BYTES) if length.isdecimal() else MAX_BYTES
    try:
        with _time_limit(environ.get("gunicorn.socket")):
            body: bytes = environ["wsgi.input"].read(amount)
    except TimeoutError as error:
        raise RequestTimeout from error
    except (ParseException, NoMoreData, OSError) as error:
        raise BadRequest from error
    if length.isdecimal() and len(body) < amount:
        raise BadRequest
    return body


@contextmanager
def _time_limit(socket: Any) -> Iterator[None]:
    """Raise TimeoutError after MAX_SECONDS. Only gevent's workers, which production uses, can be interrupted."""
    if not type(socket).__module__.startswith("gevent"):
        yield
        return
    from gevent import Timeout

    with Timeout(MAX_SECONDS, TimeoutError):
        yield


def _end_connection(environ: "WSGIEnvironment") -> None:
    """Let the server close the connection after the answer: what still comes would be read as another request."""
    if socket := environ.get("gunicorn.socket"):
        with suppress(OSError):
            socket.shutdown(SHUT_RD)
