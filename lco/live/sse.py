"""Server-sent events (HTML Standard, 9.2) and fragments of a page as bytes."""

import json
import random
from collections.abc import Iterable, Mapping
from datetime import timedelta

from markupsafe import escape

from lco import clock
from lco.changes.log import Change, ChangeId

HEARTBEAT_EVERY = timedelta(seconds=15)
RETRY = timedelta(seconds=1)
SPREAD = timedelta(seconds=5)
"""Clients of a server that stops come back within this time, so that they do not all come at once."""

# A named event, because a script in a browser sees no comments, and its watchdog needs to see heartbeats.
PAGE_HEARTBEAT = b"event: heartbeat\ndata: 1\n\n"
# A comment, because the onmessage of an API client must see nothing but events.
FEED_HEARTBEAT = b": heartbeat\n\n"


def data_lines(text: str) -> bytes:
    """Return the data lines that a reader joins to `text` again. Every kind of line end becomes a newline.

    Only these three end a line here (9.2.5); str.splitlines would cut at others too.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\ndata: ")
    return f"data: {lines}\n".encode("utf-8", "replace")


def message(lines: Iterable[bytes], change_id: ChangeId | None = None) -> bytes:
    """Return one unnamed message of `lines` (from `data_lines`); empty when there is neither a line nor an id.

    With an id, a client that loses its stream comes back for what follows it. An id alone is a message, too.
    """
    identity = b"" if change_id is None else b"id: %s\n" % str(change_id).encode()
    block = identity + b"".join(lines)
    return block and block + b"\n"


def connected(seen: ChangeId | None) -> bytes:
    """Return the first message to a page: the stream starts after `seen`; reconnect after RETRY."""
    identity = "" if seen is None else f"id: {seen}\n"
    return f"event: connected\n{identity}retry: {milliseconds(RETRY)}\ndata: {{}}\n\n".encode()


def closing() -> bytes:
    """Return the last message before the server ends a stream: reconnect after a random pause.

    It has data, because htmx uses a `retry` only in a message with data.
    """
    pause = RETRY + SPREAD * random.random()
    return f"event: closing\nretry: {milliseconds(pause)}\ndata: 1\n\n".encode()


def partial(element_id: str, html: str) -> bytes:
    """Return the data lines that make htmx morph the element with this id into `html`."""
    return data_lines(f'<hx-partial id="{escape(element_id)}" hx-swap="outerMorph">{html}</hx-partial>')


def announcement(sentence: str) -> bytes:
    """Return the data lines that put `sentence` into the page's status line (WCAG 2.2, 4.1.3)."""
    return data_lines(f'<hx-partial id="announcement" hx-swap="textContent">{escape(sentence)}</hx-partial>')


def event(change: Change) -> bytes:
    """Return the message about `change` to an API client (docs/odoo-contract.md, section 3)."""
    facts = {"type": change.kind, "id": str(change.id), "timestamp": change.at.isoformat()}
    return message([_json({**facts, **change.data, **facts})], change.id)


def notice(kind: str, head: ChangeId, resume_from: ChangeId) -> bytes:
    """Return a message to an API client about the stream: `connected` or `resync`. `head` is the newest change."""
    return message([_json({"type": kind, "id": str(head), "timestamp": clock.now().isoformat()})], resume_from)


def _json(facts: Mapping[str, object]) -> bytes:
    return data_lines(json.dumps(facts, ensure_ascii=False, separators=(",", ":"), default=str))


def milliseconds(length: timedelta) -> int:
    """Return `length` in milliseconds, as event streams and sockets need it."""
    return length // timedelta(milliseconds=1)
