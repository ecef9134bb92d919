"""The WSGI layer in front of this Odoo that obeys the fault in force."""

from collections.abc import Callable, Iterable
from typing import NoReturn
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wrappers import Response

from lco.demo.faults import FaultSwitch

DROP = "lco.demo.drop"  # the server's way to reset the connection, in the WSGI environment

ERROR = '{"success": false, "error": "Internal Server Error"}'
HTML = "<!DOCTYPE html><html><head><title>Odoo</title></head><body><h1>Database selector</h1></body></html>"
NONSENSE = '{"success": true, "data": [{"id": 1, "name": "Profess'
UNAVAILABLE = "<html><body><h1>503 Service Unavailable</h1>No server is available.</body></html>"
LIMITED = '{"success": false, "error": "too_many_requests", "message": "Too many requests."}'
RETRY_AFTER = {"Retry-After": "2"}


class FaultyApi:
    """The application as seen through the fault in force."""

    def __init__(self, app: WSGIApplication, switch: FaultSwitch) -> None:
        self._app = app
        self._switch = switch

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the fault in force has it."""
        fault = self._switch.fault
        if not fault.touches(environ["PATH_INFO"]) or _is_spared(fault.mode, environ):
            return self._app(environ, start_response)
        if fault.mode in CANNED:
            return CANNED[fault.mode]()(environ, start_response)
        if fault.mode in ("slow", "hang"):
            self._switch.wait(fault)
        if fault.mode in ("lost", "dies"):  # The call is carried out, and its answer is lost on the way back.
            Response.from_app(self._app, environ, buffered=True)
        if fault.mode == "dies":
            self._switch.set("reset", path=fault.path)
        if fault.mode != "slow":
            _drop(environ)
        return self._app(environ, start_response)


def _is_spared(mode: str, environ: WSGIEnvironment) -> bool:
    """Some faults are of writing calls only."""
    return mode == "off" or (mode in ("dies", "limited") and not _writes(environ))


def _writes(environ: WSGIEnvironment) -> bool:
    reads = environ["PATH_INFO"].endswith(("/availability", "/quote"))
    return environ["REQUEST_METHOD"] == "POST" and not reads


def _drop(environ: WSGIEnvironment) -> NoReturn:
    """Reset the connection: raise ConnectionResetError, on which the server gives up without an answer."""
    if DROP in environ:
        environ[DROP]()
    raise ConnectionResetError("The demo's fault switch is set to drop connections.")


CANNED: dict[str, Callable[[], Response]] = {
    "errors": lambda: Response(ERROR, status=500, mimetype="application/json"),
    "html": lambda: Response(HTML, mimetype="text/html"),
    "nonsense": lambda: Response(NONSENSE, mimetype="application/json"),
    "down": lambda: Response(UNAVAILABLE, status=503, mimetype="text/html"),
    "limited": lambda: Response(LIMITED, status=429, headers=RETRY_AFTER, mimetype="application/json"),
}
