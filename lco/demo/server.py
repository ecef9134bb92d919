"""The demo's HTTP server: a thread for each connection, and connections that stay open (HTTP/1.1).

Werkzeug's own server closes the connection after every answer, which would hide what a client's connection pool
does. This is the standard library's WSGI server with the loop over requests put back.
"""

import io
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import IO, Any, cast
from wsgiref.handlers import SimpleHandler
from wsgiref.headers import Headers
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import WSGIApplication, WSGIEnvironment

from lco.demo.faulty_api import DROP

LONGEST_LINE = 65536
IDLE_FOR = 75  # seconds


class Answer(SimpleHandler):
    """One answer of the application."""

    http_version = "1.1"
    status: str
    headers: Headers

    def cleanup_headers(self) -> None:
        """Leave out the length of an answer that has no body."""
        super().cleanup_headers()
        if self.status.startswith("304"):
            del self.headers["Content-Length"]  # wsgiref says 0, but it has to be that of the full answer, or none


class KeepAliveHandler(WSGIRequestHandler):
    """Answers the requests of one connection, one after the other."""

    server: "DemoServer"
    protocol_version = "HTTP/1.1"
    timeout = IDLE_FOR
    wbufsize = -1
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Answer requests until the connection ends."""
        self.close_connection = False
        try:
            while not self.close_connection:
                self._handle_one()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _handle_one(self) -> None:
        self.raw_requestline = self.rfile.readline(LONGEST_LINE + 1)
        if not self.raw_requestline:
            self.close_connection = True
        elif self.parse_request():
            self._answer()
        self.wfile.flush()

    def _answer(self) -> None:
        # The body is read whole, so that the next request line is what comes next on the connection.
        body = io.BytesIO(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        Answer(body, cast("IO[bytes]", self.wfile), self.get_stderr(), self.get_environ()).run(self.server.app)

    def get_environ(self) -> WSGIEnvironment:
        """The environment, with the way to drop the connection."""
        return {**super().get_environ(), DROP: self._drop}

    def _drop(self) -> None:
        """Drop the connection: with a linger time of 0, closing it sends RST instead of FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Log nothing: the page shows the calls."""


class DemoServer(ThreadingMixIn, WSGIServer):
    """Waits for connections; its threads end with the process."""

    daemon_threads = True
    request_queue_size = 256

    @property
    def app(self) -> WSGIApplication:
        """The application."""
        app = self.get_app()
        assert app is not None  # noqa: S101 - `listening` never leaves a server without an application
        return app

    def shutdown_request(self, request: Any) -> None:
        """Close the connection at once."""
        self.close_request(request)  # An orderly shutdown first would send FIN where RST is wanted.


def listening(app: WSGIApplication, host: str, port: int) -> DemoServer:
    """A server bound to the address, not yet serving; port 0 takes a free one. Raises OSError when it is taken."""
    return make_server(host, port, app, server_class=DemoServer, handler_class=KeepAliveHandler)


@contextmanager
def running(app: WSGIApplication, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve the application from a thread of its own within the block; gives the server's address."""
    with listening(app, host, port) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://{host}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
