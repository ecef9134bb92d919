"""An entry of the change log as a Redis Stream holds it: one field of JSON under the id."""

import json
import logging
from datetime import datetime

from lco import metrics
from lco.changes.log import Change, ChangeId

log = logging.getLogger(__name__)

FIELD = b"entry"

Row = tuple[bytes, dict[bytes, bytes]]


def dumps(change: Change, origin: str) -> str:
    """The entry as JSON. `origin` is the process that appends it."""
    entry = {"origin": origin, "at": change.at.isoformat(), "topic": change.topic, "kind": change.kind}
    return json.dumps({**entry, "data": change.data, "known": change.replica}, ensure_ascii=False, default=str)


def loads(row: Row) -> tuple[Change | None, str]:
    """The entry and its origin; None for one that this version cannot read."""
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
    """The id that Redis writes as `text`. Raises ValueError."""
    parsed = ChangeId.parse(text.decode())
    if parsed is None:
        raise ValueError(text)
    return parsed
