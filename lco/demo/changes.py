"""The changes feed: every change in the order of its commit, to be read with a cursor.

Source: docs/odoo-contract.md, section 4.3.
"""

import secrets
from collections import deque
from datetime import timedelta
from threading import Lock
from typing import Any, NamedTuple

from lco import clock
from lco.demo.events import Event, plain
from lco.demo.refusals import CursorExpired

KEPT = timedelta(days=30)


class Page(NamedTuple):
    """Some rows of the feed, the cursor after the last of them, and whether more are there."""

    rows: list[dict[str, Any]]
    next_cursor: str
    has_more: bool


class ChangesFeed:
    """Rows with whole numbers without gaps; a cursor is the epoch and the number of the last row that was read.

    Written with the inventory's lock held, so that the order of the rows is the order of the changes.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._last = 0
        self._rows: deque[tuple[int, Event]] = deque()
        self.begin_epoch()

    def begin_epoch(self) -> None:
        """From now on every earlier cursor has expired, as after a database was restored."""
        with self._lock:
            self._epoch = secrets.token_hex(4)
            self._rows.clear()

    def write(self, event: Event) -> None:
        """Add a row for `event`."""
        with self._lock:
            self._last += 1
            self._rows.append((self._last, event))

    def after(self, cursor: str | None, limit: int) -> Page:
        """At most `limit` rows after the cursor; without a cursor none, only the newest cursor.

        Raises CursorExpired for a cursor of another epoch, and for one from before the rows that are kept.
        """
        with self._lock:
            self._forget_old_rows()
            if cursor is None:
                return Page([], self._cursor(self._last), has_more=False)
            read = self._number(cursor)
            rows = [(number, event) for number, event in self._rows if number > read]
            page = rows[:limit]
            last = page[-1][0] if page else read
            return Page([self._row(*row) for row in page], self._cursor(last), len(rows) > limit)

    def _forget_old_rows(self) -> None:
        while self._rows and self._rows[0][1].at < clock.now() - KEPT:
            self._rows.popleft()

    def _number(self, cursor: str) -> int:
        epoch, _, number = cursor.partition(".")
        first = self._rows[0][0] if self._rows else self._last + 1
        known = epoch == self._epoch and number.isdecimal() and first - 1 <= int(number) <= self._last
        if not known:
            raise CursorExpired("This cursor has expired. Read everything again, and begin with a new cursor.")
        return int(number)

    def _cursor(self, number: int) -> str:
        return f"{self._epoch}.{number}"

    def _row(self, number: int, event: Event) -> dict[str, Any]:
        key = {"vehicle": "id", "booking": "booking_ref"}.get(event.kind)
        return {
            "cursor": self._cursor(number),
            "kind": event.kind,
            **({key: event.id} if key else {}),
            "version": event.version,
            "event_type": event.event_type,
            "at": plain(event.at),
            "deleted": event.deleted,
        }
