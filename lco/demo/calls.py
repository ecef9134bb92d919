"""The number of calls of each path of the API, faulty answers included."""

import re
from collections import Counter
from collections.abc import Iterable
from threading import Lock
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class CallCount:
    """A WSGI layer that counts each call under /api/ on its arrival."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._lock = Lock()
        self._calls: Counter[str] = Counter()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Count the call, then have the application answer it."""
        path = environ["PATH_INFO"]
        if path.startswith("/api/"):
            with self._lock:
                self._calls[f"{environ['REQUEST_METHOD']} {re.sub('/[0-9]+(?=/|$)', '/{id}', path)}"] += 1
        return self._app(environ, start_response)

    def counts(self) -> dict[str, int]:
        """Calls since the last reset, as in {"GET /api/fleet/vehicle/{id}": 2}."""
        with self._lock:
            return dict(self._calls)

    def reset(self) -> None:
        """Forget all counts."""
        with self._lock:
            self._calls.clear()
