"""Convert entries of the change log to and from the form in a Redis Stream: one field of JSON."""

import json
import logging
from datetime import datetime

from lco import metrics
from lco.changes.log import Change, ChangeId

log = logging.getLogger(__name__)

FIELD = b"entry"

Row = tuple[bytes, dict[bytes, bytes]]


def dumps(change: Change, origin: str) -> str:
    """Return the entry as JSON. `origin` is the process that appends it."""
    entry = {"origin": origin, "at": change.at.isoformat(), "topic": change.topic, "kind": change.kind}
    return json.dumps({**entry, "data": change.data, "known": change.replica}, ensure_ascii=False, default=str)


def loads(row: Row) -> tuple[Change | None, str]:
    """Return the entry and its origin. Returns None for one that this version of the site cannot read."""
    raw_id, fields = row
    try:
        entry = json.loads(fields[FIELD])
        at = datetime.fromisoformat(entry["at"])
        texts = (str(entry["topic"]), str(entry["kind"]))
        return Change(change_id(raw_id), at, *texts, dict(entry["data"]), entry["known"]), str(entry["origin"])
    except (KeyError, TypeError, ValueError):
        metrics.redis_failures.labels("entry").inc()
        log.exception("an entry of the change log cannot be read")
        return None, ""


def change_id(text: bytes) -> ChangeId:
    """Return the id that Redis writes as `text`. Raises ValueError."""
    parsed = ChangeId.parse(text.decode())
    if parsed is None:
        raise ValueError(text)
    return parsed
