"""How the site is served: one gevent worker, thousands of open streams, no wait longer than platforms allow."""

import os
import signal
import socket
from types import FrameType
from typing import Any

PORT = os.environ.get("PORT", "8000")

bind = f"[::]:{PORT}" if socket.has_dualstack_ipv6() else f"0.0.0.0:{PORT}"
worker_class = "gevent"
worker_connections = 12_000
# The change log and the limits live in the process: a second one would not know what the first one knows.
workers = 1
timeout = 30
graceful_timeout = 10
keepalive = 95  # above the 90 s for which a router in front may keep a connection
accesslog = None  # a booking's address is a secret link, so addresses are not written down


def on_starting(server: Any) -> None:
    wanted = os.environ.get("WEB_CONCURRENCY", "1")
    if wanted != "1":
        server.log.warning("WEB_CONCURRENCY is %s, but the site runs as one process; it serves thousands", wanted)


def post_worker_init(worker: Any) -> None:
    """Begin upkeep before the first request, and end the streams when the server is told to stop.

    Streams never end by themselves, so without this a stop would take the whole graceful time-out.
    """
    extensions = worker.wsgi.extensions
    extensions["lco.upkeep"].begin()
    stop = signal.getsignal(signal.SIGTERM)

    def close_streams(number: int, frame: FrameType | None) -> None:
        extensions["lco.hub"].close()
        if callable(stop):
            stop(number, frame)

    signal.signal(signal.SIGTERM, close_streams)
