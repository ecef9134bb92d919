"""What can go wrong with an Odoo, on demand: a switch, and the WSGI layer that obeys it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Condition
from typing import NoReturn
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wrappers import Response

DROP = "lco.demo.drop"  # the server's way to reset the connection, in the WSGI environment
SLOW_FOR = 2.0
HANG_FOR = 60.0

ERROR = '{"success": false, "error": "Internal Server Error"}'
HTML = "<!DOCTYPE html><html><head><title>Odoo</title></head><body><h1>Database selector</h1></body></html>"
NONSENSE = '{"success": true, "data": [{"id": 1, "name": "Profess'
UNAVAILABLE = "<html><body><h1>503 Service Unavailable</h1>No server is available.</body></html>"


@dataclass(frozen=True, eq=False)
class Fault:
    """A mode, for calls whose path begins with `path`; `seconds` is how long slow and hang take."""

    mode: str = "off"
    seconds: float = 0.0
    path: str = "/api/"

    def touches(self, path: str) -> bool:
        """Whether a call of this path shows the fault; when Odoo is down, its images are gone too."""
        return path.startswith(self.path) or (self.mode == "down" and path.startswith("/web/image/"))


class FaultSwitch:
    """The one fault in force. Switching it ends every wait for the one before."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._fault = Fault()

    @property
    def fault(self) -> Fault:
        return self._fault

    def set(self, mode: str, seconds: float | None = None, path: str = "/api/") -> Fault:
        """The new fault; without `seconds`, slow takes 2 and hang 60."""
        if seconds is None:
            seconds = {"slow": SLOW_FOR, "hang": HANG_FOR}.get(mode, 0.0)
        with self._changed:
            self._fault = Fault(mode, seconds, path)
            self._changed.notify_all()
            return self._fault

    def wait(self, fault: Fault) -> None:
        """Returns after the fault's seconds, or as soon as another one is in force."""
        with self._changed:
            self._changed.wait_for(lambda: self._fault is not fault, timeout=fault.seconds)


class FaultyApi:
    """The application as seen through the fault in force."""

    def __init__(self, app: WSGIApplication, switch: FaultSwitch) -> None:
        self._app = app
        self._switch = switch

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        fault = self._switch.fault
        if fault.mode == "off" or not fault.touches(environ["PATH_INFO"]):
            return self._app(environ, start_response)
        if fault.mode in CANNED:
            return CANNED[fault.mode]()(environ, start_response)
        if fault.mode in ("slow", "hang"):
            self._switch.wait(fault)
        if fault.mode == "lost":  # It does what was asked, and loses the answer on the way back.
            Response.from_app(self._app, environ, buffered=True)
        if fault.mode != "slow":
            _drop(environ)
        return self._app(environ, start_response)


def _drop(environ: WSGIEnvironment) -> NoReturn:
    """Resets the connection; raises ConnectionResetError, on which the server gives up without an answer."""
    if DROP in environ:
        environ[DROP]()
    raise ConnectionResetError("The demo's fault switch is set to drop connections.")


CANNED: dict[str, Callable[[], Response]] = {
    "errors": lambda: Response(ERROR, status=500, mimetype="application/json"),
    "html": lambda: Response(HTML, mimetype="text/html"),
    "nonsense": lambda: Response(NONSENSE, mimetype="application/json"),
    "down": lambda: Response(UNAVAILABLE, status=503, mimetype="text/html"),
}
MODES = ("off", "slow", "hang", "reset", "lost", *CANNED)
