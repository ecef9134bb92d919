"""The form of log lines: text on a terminal, JSON elsewhere; a lasting failure is one line a minute."""

import logging
import logging.config
import sys
import threading
from contextvars import ContextVar
from typing import Any

from lco import clock
from lco.errors import LcoError, OdooError, OdooUnavailable

TEXT = "%(asctime)s %(levelname)-7s %(name)s [%(request_id)s] %(message)s"
JSON = ["asctime", "levelname", "name", "process", "request_id", "message"]
JSON_NAMES = {"asctime": "time", "levelname": "level", "name": "logger"}
FOLDED_FOR = 60.0
"""Seconds. Within them a failure of one kind is written once."""

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""The id of the request that this thread answers; `-` outside of one."""


class AddRequestId(logging.Filter):
    """Give each record the id of the request during which it was written."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True when the record is to be written."""
        record.request_id = request_id.get()
        return True


class FoldFailures(logging.Filter):
    """Let one record of each kind of failure pass in FOLDED_FOR seconds, with how many were left out.

    The kind of a record is the code of the expected error that it carries (LcoError), or its message. An expected
    error loses its traceback, as the message names it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._seen: dict[tuple[object, ...], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True when the record is to be written."""
        if record.levelno < logging.WARNING:
            return True
        error = record.exc_info[1] if record.exc_info else None
        left_out = self._left_out(_kind(record, error))
        if left_out is None:
            return False
        if isinstance(error, LcoError):
            record.msg, record.args, record.exc_info = f"{record.getMessage()}: {_reason(error)}", (), None
        if left_out:
            record.msg, record.args = f"{record.getMessage()} ({left_out} more of this kind since)", ()
        return True

    def admits(self, record: logging.LogRecord | None, error: BaseException | None) -> bool:
        """Whether no failure of this kind was seen for FOLDED_FOR seconds; all expected errors are one kind."""
        kind = ("expected",) if isinstance(error, LcoError) else _kind(record, error)
        return self._left_out(kind) is not None

    def _left_out(self, kind: tuple[object, ...]) -> int | None:
        """The number of lines left out since the last one that passed. Returns None to leave this one out, too."""
        now = clock.seconds()
        with self._lock:
            since, count = self._seen.get(kind, (now - FOLDED_FOR, 0))
            if now - since < FOLDED_FOR:
                self._seen[kind] = (since, count + 1)
                return None
            self._seen = {k: seen for k, seen in self._seen.items() if now - seen[0] < FOLDED_FOR}
            self._seen[kind] = (now, 0)
            return count


def configure(level: str, form: str) -> None:
    """Write log lines of `level` and above to stderr; see `configuration`."""
    logging.config.dictConfig(configuration(level, form))


def configuration(level: str, form: str) -> dict[str, Any]:
    """The logging configuration (`logging.config.dictConfig`) of the site and of its server.

    `level` is a level's name. `form` is `text`, `json`, or empty: text on a terminal, JSON elsewhere.
    """
    chosen = form or ("text" if sys.stderr.isatty() else "json")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": AddRequestId}, "fold": {"()": FoldFailures}},
        "formatters": {
            "text": {"format": TEXT},
            "json": {"()": "pythonjsonlogger.json.JsonFormatter", "fmt": JSON, "rename_fields": JSON_NAMES},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": chosen,
                "filters": ["request_id", "fold"],
            },
        },
        "loggers": {"lco": {"level": level}, "gunicorn.error": {"level": level, "propagate": True}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
    }


def _kind(record: logging.LogRecord | None, error: BaseException | None) -> tuple[object, ...]:
    code = getattr(record, "error", "") or (error.code if isinstance(error, LcoError) else _named(record))
    if code:
        return ("error", code)
    return ("message", record and record.name, record and record.msg, type(error))


def _named(record: logging.LogRecord | None) -> str:
    """The code at the end of a line about a part that got no data because Odoo did not answer."""
    values = record.args if record and isinstance(record.args, tuple) else ()
    return str(values[-1]) if values and values[-1] in {OdooError.code, OdooUnavailable.code} else ""


def _reason(error: LcoError) -> str:
    """The error's code, and what caused it: `database_unavailable (OperationalError)`."""
    cause = error.__cause__
    return error.code if cause is None else f"{error.code} ({type(cause).__name__})"
