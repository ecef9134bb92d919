"""The server of the site: gevent workers, thousands of open streams, no wait longer than platforms allow."""

import gc
import os
import resource
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import gevent
import gevent.socket
from dotenv import load_dotenv
from gunicorn.glogging import Logger
from gunicorn.workers.ggevent import GeventWorker

load_dotenv(".env")  # what the environment itself says wins

# After .env, like everything that reads settings.
from lco.live.admission import AdmissionQueue  # noqa: E402
from lco.web import stream_head  # noqa: E402
from lco.web.logs import configuration  # noqa: E402

PORT = os.environ.get("PORT", "8000")

bind = f"[::]:{PORT}" if socket.has_dualstack_ipv6() else f"0.0.0.0:{PORT}"
worker_connections = 12_000
wanted = os.environ.get("WEB_CONCURRENCY", "1")
# Without a Redis, a second process would not know what the first one knows.
has_redis = any(os.environ.get(name) for name in ("REDIS_URL", "REDIS_URL_FILE"))
workers = int(wanted) if has_redis and wanted.isdecimal() and wanted != "0" else 1
timeout = 30
graceful_timeout = 8  # with a second to notice the end and one to force it, a stop takes at most 10 s
keepalive = 95  # above the 90 s for which a router in front may keep a connection
logconfig_dict = configuration(os.environ.get("LOG_LEVEL", "INFO").upper(), os.environ.get("LOG_FORMAT", ""))
# gunicorn itself takes no client's word for anything: what the proxies say is read as TRUSTED_PROXIES counts them.
forwarded_allow_ips = "*"
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
accesslog = None  # a booking's address is a secret link, so addresses are not written down

SECONDS_TO_ASK_AT_THE_END = 1.0


class Worker(GeventWorker):  # type: ignore[misc]  # gunicorn ships no types
    """A gevent worker that lets visitors pass a crowd of streams, and closes idle connections when it has to stop.

    gunicorn counts those that wait for a next request as busy, and would wait for them until `graceful_timeout`.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._idle: set[socket.socket] = set()
        self._admission = AdmissionQueue()

    def handle(self, listener: Any, client: socket.socket, addr: Any) -> None:
        """Serve one connection. One that begins by asking for a page's stream waits until it is its turn."""
        head = _head_so_far(client)
        if head.startswith(stream_head.START):
            self._admission.wait()
            if self._opens_stream(client, addr, head):
                return
        gevent.getcurrent().client = client
        super().handle(listener, client, addr)

    def _opens_stream(self, client: socket.socket, addr: Any, head: bytes) -> bool:
        """Open the stream that the request asks for. False when gunicorn has to read the request."""
        try:
            return bool(self.wsgi.extensions["lco.streams"].open_ahead(client, addr[0], head))
        except OSError:
            return False  # gunicorn finds the same error, and logs it

    @contextmanager
    def timeout_ctx(self) -> Iterator[None]:
        """The time in which a connection waits for its next request."""
        client = gevent.getcurrent().client
        self._idle.add(client)
        try:
            with gevent.Timeout(self.cfg.keepalive if self.alive else SECONDS_TO_ASK_AT_THE_END, False):
                yield
        finally:
            self._idle.discard(client)

    def close_idle(self) -> None:
        """End the waiting of every idle connection; a request that has come in already is still read."""
        for client in tuple(self._idle):
            with suppress(OSError):  # its client was faster
                client.shutdown(socket.SHUT_RD)


def _head_so_far(client: socket.socket) -> bytes:
    """The first bytes that the client has sent, left to be read. Does not wait for them. Empty with TLS."""
    if type(client) is not gevent.socket.socket:
        return b""
    client.setblocking(False)
    try:
        return client.recv(stream_head.MAX_BYTES, socket.MSG_PEEK)
    except OSError:
        return b""  # nothing has come yet, or the client has left


worker_class = Worker


class Log(Logger):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's log, with lines about requests only when a file for them is named."""

    @property
    def access_log_enabled(self) -> bool:
        """Whether requests are logged. With `logconfig_dict`, gunicorn would make lines that no handler takes."""
        return bool(self.cfg.accesslog)


logger_class = Log

STREAMS = ("/live", "/api/events")
LAST_WORDS = timedelta(seconds=5)
COUNTS = "PROMETHEUS_MULTIPROC_DIR"
OUR_FOLDER = "lco-metrics-"


def on_starting(server: Any) -> None:
    """Refuse unusable settings in one line, before a worker starts: each worker would print a traceback.

    Allow as many open files as the system does, since each stream is one. Log the findings about the settings.
    """
    from lco.doctor import Level, configuration
    from lco.settings import Settings, SettingsError

    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        sys.exit(f"The site cannot start. {error}")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    _refuse_what_cannot_work(server)
    for finding in configuration.examine(settings, os.environ):
        if finding.level is not Level.OK:
            server.log.warning("%s", finding)
    if workers > 1:
        _count_together()


def _refuse_what_cannot_work(server: Any) -> None:
    """Refuse command-line options that get past the settings: several processes without Redis, and --preload."""
    if server.cfg.workers > 1 and not has_redis:
        sys.exit(f"The site cannot start. {server.cfg.workers} processes need REDIS_URL, to share what they know")
    if server.cfg.preload_app:
        sys.exit("The site cannot start with --preload: its threads would run in the parent process only")


def _count_together() -> None:
    """Give all processes of this server one folder for their counts (lco/metrics.py), empty at each start."""
    from lco.locks import temporary_folder

    os.environ[COUNTS] = str(temporary_folder(OUR_FOLDER))


def on_exit(_server: Any) -> None:
    """Remove the folder of counts. Runs only in the process that started the others."""
    folder = Path(os.environ.get(COUNTS, ""))
    if folder.name.startswith(OUR_FOLDER):  # the operator may have named another folder
        shutil.rmtree(folder, ignore_errors=True)


def child_exit(_server: Any, worker: Any) -> None:
    """Drop the gauges of a process that has ended; its counters stay."""
    if COUNTS in os.environ:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call] # the library's


def post_worker_init(worker: Any) -> None:
    """Start the scheduler before the first request, and close all streams and idle connections on SIGTERM.

    They do not end by themselves, so a stop would otherwise take the whole graceful time-out.
    """
    from gunicorn.workers.base_async import ALREADY_HANDLED

    from lco.live.socket_connection import SocketPool

    _read_settings_once(worker.cfg)
    extensions = worker.wsgi.extensions
    if isinstance(worker, GeventWorker):
        extensions["lco.sockets"] = SocketPool(ALREADY_HANDLED)
    extensions["lco.scheduler"].start()
    stop = signal.getsignal(signal.SIGTERM)

    def close_streams(number: int, frame: FrameType | None) -> None:
        extensions["lco.hub"].close()
        if callable(stop):
            stop(number, frame)
        if isinstance(worker, Worker):
            worker.close_idle()

    signal.signal(signal.SIGTERM, close_streams)
    _collect_seldom()


def _read_settings_once(cfg: Any) -> None:
    """Keep gunicorn's settings as plain attributes: it looks each of them up twenty times for a request."""
    vars(cfg).update({name: setting.get() for name, setting in cfg.settings.items()})


def _collect_seldom() -> None:
    """Exclude present objects from garbage collection, and collect less often.

    A request makes thousands of objects and hardly ever a cycle of them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


def pre_request(_worker: Any, request: Any) -> None:
    """Close the connection after a stream: no other request follows on it."""
    if request.path in STREAMS:
        request.force_close()


def worker_exit(_server: Any, worker: Any) -> None:
    """Close all streams, unless SIGTERM has, and end the periodic work: a mail under way, the database."""
    if application := getattr(worker, "wsgi", None):  # there is none if it did not load
        extensions = application.extensions
        extensions["lco.hub"].close()
        extensions["lco.hub"].wait_until_closed(LAST_WORDS)
        extensions["lco.scheduler"].close()
